"""Which words of a caption name which boxes: the deterministic form of the paper's extraction step (Figure A.7).

A format that ties words to boxes is believed. Elsewhere it is the noun phrase in front of the boxes
(`twist_scout.boxes.noun_phrase`), and beyond that:

=====================================================  ===========================================
the boxes of an enumeration stand at its end           ``a dog and a cat [[d; c]]``: one each;
                                                       ``two dogs and a cat [[d; d; c]]``
words of place stand between name and box              ``the cat is at [[c]]``, ``a dog (brown) [[d]]``
a pronoun or a part stands for what was named before   ``two dogs, one [[d]] asleep, the other [[d]] not``
boxes open the line, or follow a mere place            ``[[d]]: a dog``; ``on the left [[d]] a dog``
=====================================================  ===========================================

Names are only guessed where the text leaves no choice: an enumeration whose numbers do not add up to the boxes leaves
them all to its last part.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from twist_scout.boxes import words
from twist_scout.boxes.box import Box
from twist_scout.boxes.grounded import GroundedText, Phrase
from twist_scout.boxes.noun_phrase import noun_phrase_before
from twist_scout.data.kinds import may_be
from twist_scout.data.names import head_words
from twist_scout.data.nouns import singular
from twist_scout.data.tasks.naming import PAIRS

_PERSONS = frozenset("i me you he him she her we us himself herself someone somebody everyone".split())
_SINGLE = frozenset("it itself this that".split())
_SEVERAL = frozenset("they them themselves these those".split())
_PARTS = words.NUMBERS | frozenset("other others another both each all rest some many several few none ones".split())
_BESIDE = words.ADJECTIVES | frozenset("which that who one ones".split())
#: Words and signs that only say where something is, in front of its box.
_PLACING = re.compile(
    r"(?:[\s,:;(\-–—=]|\b(?:is|are|was|were|can|be|seen|visible|found|shown|marked|located|positioned|placed|situated|at"
    r"|in|by|with|within|the|its|their|a|bounding|box|boxes|bbox|coordinates?|position|location|region|area|here|which"
    r"|that|who)\b)++"
)
_JOINT = re.compile(r"(?:\s*+,\s*+(?:and|or)?|\s++(?:and|or|&))\s++\Z|\s*+,\s*+\Z")
_BOX_OF = re.compile(
    r"(?:the\s+)?(?:bounding\s+)?(?:box|location|position|region|area|coordinates?)\s+of\s+(?=\w)", re.I
)
_LINE_OPENS = re.compile(r"[ \t]*+(?:[-*•]|\(?[0-9]{1,3}[.):])?[ \t]*+")
_FOLLOWS = re.compile(r"[ \t]*+[:\-–—=>]*+[ \t]*+([^\n.,;:!?\[\](){}<>|]{1,80})")
_LOOK_BACK = 160  # characters: as far as names are looked for behind words of place
_MOST_PARTS = 12
_NUMERALS = (
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen "
    "nineteen twenty"
).split()
_COUNTS = {word: number for number, word in enumerate(_NUMERALS, start=1)} | {
    "a": 1,
    "an": 1,
    "another": 1,
    "both": 2,
    "couple": 2,
    "pair": 2,
    "dozen": 12,
}


_COUNTED_BY_NOUN = frozenset(("couple", "pair", "dozen"))


@dataclass(frozen=True, slots=True)
class Mention:
    """A name and the boxes it is given.

    Attributes:
        phrase: the words that name the boxes; empty where there are none.
        boxes: at least one, in fractions of the original image.
        start: index in the text where the words begin that the boxes belong to.
        end: index after them. The text there differs from ``phrase`` where a pronoun was resolved.
    """

    phrase: str
    boxes: tuple[Box, ...]
    start: int
    end: int


def extract_mentions(caption: GroundedText) -> list[Mention]:
    """The names and boxes of a caption, in the order of the text; takes time linear in its length.

    Args:
        caption: what a model wrote, read.
    """
    found: list[Mention] = []
    earliest = 0
    for phrase in caption.phrases:
        if phrase.item is not None:
            found.append(Mention(phrase.text, tuple(phrase.boxes), phrase.start, phrase.end))
            earliest = phrase.item[1]
            continue
        start, end = _named(caption.text, phrase, earliest)
        shares = _shares(caption.text, start, end, earliest, phrase.boxes)
        for part_start, part_end, boxes in shares:
            said = caption.text[part_start:part_end]
            meant = _meant(said, caption.text, part_start, found)
            found.append(Mention(meant, tuple(boxes), part_start, part_end))
        earliest = phrase.boxes_end
    return found


def _named(text: str, phrase: Phrase, earliest: int) -> tuple[int, int]:
    """Where the words are that name the boxes of a phrase."""
    behind = _name_behind(text, phrase)
    if behind is not None:
        return behind
    start, end = phrase.start, phrase.end
    limit = max(earliest, phrase.boxes_start - _LOOK_BACK)
    while not _is_name(text[start:end]):
        before = _without_placing(text, limit, start)
        if before <= limit:
            return phrase.start, phrase.end
        start, end = noun_phrase_before(text, limit, before)
        if start == end:
            return phrase.start, phrase.end
    prefix = _BOX_OF.match(text, start, end)
    return (prefix.end() if prefix else start), end


def _is_name(said: str) -> bool:
    spoken = _words(said)
    if _is_part(spoken):
        return True
    return bool(spoken) and not _BESIDE.issuperset(spoken) and not _PLACING.fullmatch(said)


def _is_part(spoken: Sequence[str]) -> bool:
    """Whether it is a name by reference: "one", "the other two"."""
    core = [word for word in spoken if word not in ("the", "of", "them")]
    return bool(core) and _PARTS.issuperset(core)


def _without_placing(text: str, limit: int, end: int) -> int:
    """Where the words of place begin that end at ``end``."""
    for match in _PLACING.finditer(text, limit, end):
        if match.end() == end:
            return match.start()
    return end


def _name_behind(text: str, phrase: Phrase) -> tuple[int, int] | None:
    """The words behind boxes that open a line or follow a mere place, up to a verb or a preposition."""
    only_place = _only_place(_words(phrase.text))
    if not only_place and not _opens_line(text, phrase.boxes_start):
        return None
    match = _FOLLOWS.match(text, phrase.boxes_end)
    if match is None:
        return None
    found = re.findall(r"\S+", match[1])
    if only_place and found[0].lower() not in words.DETERMINERS:
        return None
    start = end = match.start(1)
    for word in re.finditer(r"\S+", match[1]):
        lower = word[0].lower()
        if lower in words.FUNCTION_WORDS or lower in words.VERBS:
            break
        end = match.start(1) + word.end()
    return (start, end) if end > start else None


def _only_place(spoken: Sequence[str]) -> bool:
    """Whether it is nowhere in particular: "the left", "its right"."""
    core = [word for word in spoken if word not in words.DETERMINERS]
    return bool(core) and words.PLACES.issuperset(core)


def _opens_line(text: str, start: int) -> bool:
    """Whether nothing but a bullet or a number stands before ``start`` on its line."""
    line = text.rfind("\n", max(0, start - 12), start) + 1
    return (line > 0 or start <= 12) and _LINE_OPENS.fullmatch(text, line, start) is not None


def _shares(
    text: str, start: int, end: int, earliest: int, boxes: Sequence[Box]
) -> list[tuple[int, int, Sequence[Box]]]:
    """Deal the boxes out to the parts of an enumeration that ends in the phrase."""
    whole = [(start, end, boxes)]
    if len(boxes) < 2 or start == end:
        return whole
    parts = [(start, end)]
    while len(parts) < min(len(boxes), _MOST_PARTS):
        limit = max(earliest, parts[0][0] - _LOOK_BACK)
        joint = _JOINT.search(text, limit, parts[0][0])
        if joint is None or (len(parts) == 1 and joint[0].strip() == ","):
            break  # a comma alone joins the first parts, never the last two
        first, last = noun_phrase_before(text, limit, joint.start())
        if first == last or text[last : joint.start()].strip():
            break
        parts.insert(0, (first, last))
    counts = [_count(text[first:last]) for first, last in parts]
    sizes = _sizes(counts, len(boxes))
    if len(parts) < 2 or sizes is None:
        return whole
    dealt, done = [], 0
    for (first, last), size in zip(parts, sizes, strict=True):
        dealt.append((first, last, boxes[done : done + size]))
        done += size
    return dealt


def _sizes(counts: Sequence[int | None], boxes: int) -> list[int] | None:
    """How many boxes each part gets; None where that is not certain."""
    known = sum(count for count in counts if count is not None)
    unknown = [place for place, count in enumerate(counts) if count is None]
    if not unknown:
        return [count or 0 for count in counts] if known == boxes else None
    if len(unknown) > 1 or unknown[0] == len(counts) - 1 or boxes - known < 2:
        return None
    return [boxes - known if count is None else count for count in counts]


def _count(said: str) -> int | None:
    """How many things a noun phrase names; None where it does not say."""
    spoken = _words(said)
    if spoken[:1] == ["some"]:
        return None
    if spoken and spoken[-1] in PAIRS:  # a pair of skis is annotated as one thing
        spoken = [word for word in spoken if word not in ("pair", "pairs")]
    for word in spoken:
        if word in _COUNTS and not (word in ("a", "an") and not _COUNTED_BY_NOUN.isdisjoint(spoken)):
            return _COUNTS[word]
        if word.isascii() and word.isdigit():
            return int(word[:6])
    return 1 if not spoken or singular(spoken[-1]) == spoken[-1] else None


def _meant(said: str, text: str, start: int, before: Sequence[Mention]) -> str:
    """What a phrase stands for: itself, a person, or what was named before."""
    spoken = _words(said)
    if len(spoken) == 1 and spoken[0] in _PERSONS:
        return "person"
    if len(spoken) == 1 and spoken[0] in _SINGLE:
        things = (mention.phrase for mention in reversed(before) if not _is_person(mention.phrase))
        return next(things, said)
    if _is_part(spoken) or (len(spoken) == 1 and spoken[0] in _SEVERAL):
        return _last_plural(text[max(0, start - _LOOK_BACK) : start]) or (before[-1].phrase if before else said)
    return said


def _is_person(said: str) -> bool:
    heads = head_words(said)
    return bool(heads) and may_be(singular(heads[-1]), "person")


def _last_plural(stretch: str) -> str | None:
    """The last noun in the plural that a determiner or a number introduces: "two large dogs"."""
    spoken = _words(stretch)
    for place in range(len(spoken) - 1, 0, -1):
        word = spoken[place]
        if len(word) < 3 or not word.isalpha() or singular(word) == word or _is_small(word):
            continue
        first = place
        while first > 0 and not _is_small(spoken[first - 1]):
            first -= 1
        if first > 0 and spoken[first - 1] in words.DETERMINERS:
            return word
    return None


def _is_small(word: str) -> bool:
    return word in words.FUNCTION_WORDS or word in words.VERBS or word in words.DETERMINERS or word in words.PRONOUNS


def _words(said: str) -> list[str]:
    return re.findall(r"[\w'’-]+", said.lower())
