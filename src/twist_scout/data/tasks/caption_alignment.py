"""From a person's caption and a list of annotated things to a caption with boxes, by rules.

::

    A man riding a bicycle next to two dogs.        person: 1 box   bicycle: 1 box   dog: 2 boxes
    A man <box:0> riding a bicycle <box:1> next to two dogs <box:2,3>.

A noun gets boxes only where there is no doubt which: the number that it says is the number that is annotated, nothing else
in the caption may mean the same things, and every instance of the class is annotated. Any other noun stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from twist_scout.boxes.noun_phrase import noun_phrase_before
from twist_scout.boxes.words import FUNCTION_WORDS, NUMBERS, PRONOUNS, QUANTITIES, RELATIONS, VERBS
from twist_scout.data.kinds import kinds_of
from twist_scout.data.nouns import singular
from twist_scout.data.tasks.annotated import AnnotatedPicture, area, instances, reading_order
from twist_scout.data.tasks.naming import PAIRS

_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_DIGITS = re.compile(r"\d+")
#: What the usual short name of a class stands for, beside the table of kinds.
_SHORT = {
    "ball": "sports ball",
    "racket": "tennis racket",
    "racquet": "tennis racket",
    "bat": "baseball bat",
    "glove": "baseball glove",
    "mitt": "baseball glove",
    "hydrant": "fire hydrant",
    "plant": "potted plant",
    "table": "dining table",
    "dryer": "hair drier",
    "phone": "cell phone",
    "tv": "tv",
    "television": "tv",
    "microwave": "microwave",
}
#: A thing may be called by these whatever its class is, if its class is a kind of them.
_GENERAL = frozenset(("animal", "vehicle"))
#: Nouns that mean too many other things, or a place and not the thing in it.
_DOUBTFUL = frozenset(
    "bathroom restroom coach drink fruit group crowd couple pair team bunch family figure individual screen".split()
)
SEVERAL, UNCLEAR = 0, -1
_LONGEST = 3
_COUNTS = {word: number for number, word in enumerate("one two three four five six seven eight nine ten".split(), 1)}
_ONE = frozenset("a an one the this that his her its their my your our".split())
_SOME = frozenset("some several many few the these those his her their our my your all both".split())
_BEFORE_OF = frozenset("couple pair".split())


@dataclass(frozen=True, slots=True)
class _Mention:
    """A noun that may mean annotated things.

    Attributes:
        end: where it ends in the caption.
        noun: singular, in lower case.
        boxes: of everything that it may mean.
        number: how many it says there are, `SEVERAL`, or `UNCLEAR`.
    """

    end: int
    noun: str
    boxes: frozenset[int]
    number: int


def align_caption(caption: str, picture: AnnotatedPicture, *, dominance: float | None = None) -> str | None:
    """Give the nouns of a caption the boxes of what they mean.

    Args:
        caption: what a person wrote, without boxes.
        picture: with its names and boxes; only names that are annotated in full are used.
        dominance: where a noun means one thing and several are there, take the largest if it is so many times as large
            as the next; None: leave the noun as it is.

    Returns:
        The caption with references to ``picture.boxes``, or None where no noun could be given any.
    """
    caption = " ".join(caption.replace("<box:", "< box:").split())
    mentions = _settled(list(_mentions(caption, picture)), picture, dominance)
    if not mentions:
        return None
    pieces, done = [], 0
    for mention in mentions:
        numbers = ",".join(map(str, reading_order(picture, mention.boxes)))
        pieces += [caption[done : mention.end], f" <box:{numbers}>"]
        done = mention.end
    return "".join([*pieces, caption[done:]])


def _mentions(caption: str, picture: AnnotatedPicture) -> Iterable[_Mention]:
    things = instances(picture)
    known = frozenset(picture.complete)  # also what is not there: a hot dog is no dog
    words = list(_WORD.finditer(caption))
    earliest, at = 0, 0
    while at < len(words):
        for length in range(min(_LONGEST, len(words) - at), 0, -1):
            last = words[at + length - 1]
            text = caption[words[at].start() : last.end()].lower()
            names = _meant(text, known)
            if names and _is_head(caption, words, at + length - 1):
                start, _ = noun_phrase_before(caption, earliest, last.end())
                noun = _one(text)
                boxes = frozenset(index for name in names for index in things.get(name, ()))
                number = _number(caption[min(start, words[at].start()) : last.end()].lower(), noun != text)
                if set(names) <= PAIRS:
                    number = 1  # "skis", "a pair of scissors": one box
                elif number == SEVERAL and not all(noun.replace(" ", "_") in _kinds(name) for name in names):
                    number = UNCLEAR  # "children", where all that is known is people
                if boxes:
                    yield _Mention(last.end(), noun, boxes, number)
                earliest = last.end()
                at += length - 1
                break
        at += 1


@lru_cache(maxsize=65536)
def _meant(text: str, names: frozenset[str]) -> tuple[str, ...]:
    """The classes that a noun may mean."""
    if text in _DOUBTFUL:
        return ()
    noun = _one(text)
    if noun in _DOUBTFUL:
        return ()
    if noun in names or text in names:
        return (noun if noun in names else text,)
    if noun in _SHORT:
        return (_SHORT[noun],) if _SHORT[noun] in names else ()
    upwards = _kinds(noun)
    return tuple(
        sorted(
            name
            for name in names
            if name.replace(" ", "_") in upwards or (noun in _GENERAL and noun in _kinds(name) and name != "mouse")
        )
    )


def _one(text: str) -> str:
    """Singular by the last word; what is a word of its own, such as "glasses", stays."""
    if text == "people":
        return "person"
    if len(_kinds(text)) > 1:
        return text
    first, space, last = text.rpartition(" ")
    return f"{first}{space}{singular(last)}"


def _is_head(caption: str, words: Sequence[re.Match[str]], index: int) -> bool:
    """Whether a noun ends its phrase: "the dog." and "a dog on", but not "dog house", "a bowl of" or "horse-drawn"."""
    if index + 1 == len(words):
        return True
    here, after = words[index], words[index + 1]
    between = caption[here.end() : after.start()]
    if between.strip():
        return not _DIGITS.search(between) and "-" not in between
    word = after[0].lower()
    if word == "of":
        return False
    return word in _FOLLOWERS or word.endswith(("ing", "ed"))


_FOLLOWERS = FUNCTION_WORDS | VERBS | PRONOUNS | NUMBERS | frozenset(r[0] for r in RELATIONS) | _ONE | _SOME


def _number(phrase: str, many: bool) -> int:
    """How many a noun phrase speaks of; ``many``: its noun is a plural."""
    words = re.findall(r"[^\W_]+(?:['’-][^\W_]+)*", phrase)
    if "of" in words:
        place = len(words) - 1 - words[::-1].index("of")
        before, words = words[:place], words[place + 1 :]
        if before and before[-1] in _BEFORE_OF:
            return 2
        if "one" in before or "each" in before:
            return UNCLEAR
        if not words or words[0] not in QUANTITIES:
            return SEVERAL if many else 1
    first = words[0]
    if len(words) > 1 or first in QUANTITIES:
        if first in _COUNTS:
            return _COUNTS[first]
        if first.isdecimal():
            return int(first)
        if first in QUANTITIES and first not in (_SOME if many else _ONE):
            return UNCLEAR  # another, no, each, most, ...
    return SEVERAL if many else 1


def _kinds(name: str) -> frozenset[str]:
    return kinds_of(name.replace(" ", "_"))


def _settled(mentions: list[_Mention], picture: AnnotatedPicture, dominance: float | None) -> list[_Mention]:
    """The mentions whose boxes are beyond doubt."""
    kept = []
    for place, mention in enumerate(mentions):
        rivals = [other for other in mentions if other is not mention and other.boxes & mention.boxes]
        alike = all((other.noun, other.number) == (mention.noun, mention.number) for other in rivals)
        if rivals and not alike:
            # Two names for one thing: the first is its name, if there is but one thing.
            first = all(other not in mentions[:place] for other in rivals)
            single = all(other.boxes == mention.boxes and other.number == 1 for other in rivals)
            settled = first and single and mention.number == 1 == len(mention.boxes)
        else:
            settled = mention.number == len(mention.boxes) or (mention.number == SEVERAL and len(mention.boxes) > 1)
        if settled:
            kept.append(mention)
        elif mention.number == 1 and dominance is not None and not rivals:
            kept += _largest(mention, picture, dominance)
    return kept


def _largest(mention: _Mention, picture: AnnotatedPicture, dominance: float) -> list[_Mention]:
    """The mention of the largest thing, if the next is far smaller."""
    first, second, *_ = sorted(mention.boxes, key=lambda index: -area(picture.boxes[index]))
    if area(picture.boxes[first]) < dominance * area(picture.boxes[second]):
        return []
    return [_Mention(mention.end, mention.noun, frozenset((first,)), 1)]
