"""The noun phrase in front of a box, by a small deterministic rule (English).

The walk goes backwards from the box, over words, until something that cannot belong to the phrase:

    Check the dog that is near it, got the small red hat [[30,9,79,52]]
                                  |<------------------
                              "got" is a verb: stop

1. Nouns and adjectives are taken until a determiner or number, which closes the phrase ("the small
   red hat"), or until a boundary: sentence or clause punctuation, a line break, a verb, a
   preposition, a conjunction.
2. "of" is passed after a quantity: "a group of people", "one of the dogs".
3. A spatial relation is passed if a noun phrase stands before it: "the dog left of the tree". So is
   a place within the picture, "the man on the left", and a colour worn, "the woman in red".
4. So is what a *definite* thing is doing, "the man riding the horse": that is how one thing is told
   from others. "A man riding the horse" tells what happens, and its box is the horse's.

The rule reads what a grounding model writes, where each mentioned object is followed by its own
box, so the words between two boxes rarely hold more than one candidate. It is not a parser of
English.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from twist_scout.boxes import words

# Everything that is not white space or punctuation is a word, whatever the script; a full stop
# between digits is not punctuation. Quotes and Markdown marks separate words without ending a
# phrase.
_WORD = re.compile(r"""(?: [^\s.,;:!?…()\[\]{}<>"“”«»*`|=。，；：！？、] | (?<=[0-9])\.(?=[0-9]) )++""", re.VERBOSE)
_SOFT = re.compile(r"""[ \t\f\v\u00a0"“”«»*`]*+""")
_SOFT_OR_COMMA = re.compile(r"""[ \t\f\v\u00a0"“”«»*`]*+,[ \t\f\v\u00a0"“”«»*`]*+""")
_DEFINITE = frozenset({"the", "this", "that", "these", "those"})
_AFTER_PARTICIPLE = frozenset({"with", "on", "at", "in", "to", "for", "over", "into", "onto"})
_DASHES = frozenset("-–—•·&/")
_NUMERAL = re.compile(r"[0-9]+")
_RELATIONS_ENDING_IN = {
    last: tuple(relation for relation in words.RELATIONS if relation[-1] == last)
    for last in {relation[-1] for relation in words.RELATIONS}
}


class _Token(NamedTuple):
    word: str  # lower case
    start: int
    end: int
    joint: str  # what stands between the word before and this one: "soft", "comma" or "hard"


def noun_phrase_before(text: str, start: int, end: int) -> tuple[int, int]:
    """Find the noun phrase that ends at a box.

    Args:
        text: the whole text.
        start: where the phrase may begin at the earliest (after the box or step header before it).
        end: where the box begins.

    Returns:
        Start and end index of the phrase in ``text``; both are ``end`` if there is no phrase.
        Punctuation between the phrase and the box ("the glasses.[[..]]", "the dog: [[..]]") is
        skipped.
    """
    tokens = _tokens(text, start, end)
    if not tokens:
        return end, end
    if tokens[-1].word in words.PRONOUNS:
        return tokens[-1].start, tokens[-1].end
    first = len(tokens)
    head_end: int | None = len(tokens)
    while head_end is not None:
        begin = _walk(tokens, head_end)
        if begin == head_end:
            break
        first = begin
        head_end = _head_before(tokens, first, head_end)
    if first == len(tokens):
        return end, end
    return tokens[first].start, tokens[-1].end


def _tokens(text: str, start: int, end: int) -> list[_Token]:
    tokens: list[_Token] = []
    previous_end = start
    after_dash = False
    for match in _WORD.finditer(text, start, end):
        if after_dash:
            joint = "hard"
        elif text[previous_end : match.start()] == " " or _SOFT.fullmatch(text, previous_end, match.start()):
            joint = "soft"
        elif _SOFT_OR_COMMA.fullmatch(text, previous_end, match.start()):
            joint = "comma"
        else:
            joint = "hard"
        word = match[0].lower().replace("’", "'")
        after_dash = _DASHES.issuperset(word)  # a lone dash or bullet is punctuation
        if not after_dash:
            tokens.append(_Token(word, match.start(), match.end(), joint))
        previous_end = match.end()
    return tokens


def _walk(tokens: list[_Token], end: int) -> int:
    """Where the plain noun phrase that ends at token ``end`` begins; ``end`` if there is none."""
    first = end
    determined = False
    while first > 0:
        word = tokens[first - 1].word
        before = tokens[first - 2].word if first > 1 and tokens[first - 1].joint == "soft" else ""
        after = tokens[first] if first < end else None
        if after is not None and after.joint != "soft":
            # "a small, red hat": a comma between adjectives does not end the phrase.
            listing = after.joint == "comma" and word in words.ADJECTIVES and not determined
            if not listing:
                break
        if word == "of" and after is not None and _is_quantity(before):
            first -= 2
            determined = _is_determiner(before)
        elif after is not None and _is_determiner(word):
            first -= 1
            determined = True
        elif determined:
            break  # only determiners stand before determiners: "all the two ..."
        elif word in ("and", "or") and after is not None:
            if after.word not in words.ADJECTIVES or before not in words.ADJECTIVES:
                break
            first -= 2  # "a black and white dog"
        elif _ends_phrase(word, before):
            break
        else:
            first -= 1  # a noun or an adjective
    return first


def _head_before(tokens: list[_Token], first: int, end: int) -> int | None:
    """Where the head ends to which a relation ties ``tokens[first:end]``, if one does."""
    if first == 0 or tokens[first].joint != "soft":
        return None
    for relation in _RELATIONS_ENDING_IN.get(tokens[first - 1].word, ()):
        head_end = first - len(relation)
        if head_end > 0 and _matches(tokens, head_end, relation):
            return head_end if _may_be_head(tokens[head_end - 1].word) else None
    head_end = first - 1
    if head_end < 1 or tokens[head_end].joint != "soft":
        return None
    core = [token.word for token in tokens[first:end] if not _is_determiner(token.word)]
    preposition = tokens[head_end].word
    is_place = preposition in words.PLACE_PREPOSITIONS and words.PLACES.issuperset(core)
    is_color = preposition == "in" and words.COLORS.issuperset(core)
    if bool(core) and (is_place or is_color):
        return head_end if _may_be_head(tokens[head_end - 1].word) else None
    return _doer_before(tokens, first)


def _doer_before(tokens: list[_Token], first: int) -> int | None:
    """Where "the man" ends in "the man riding" or "the man playing with", if that is what stands before ``tokens[first]``."""
    participle = first - 1
    if tokens[participle].word in _AFTER_PARTICIPLE and tokens[participle].joint == "soft":
        participle -= 1
    word = tokens[participle].word
    if participle < 1 or tokens[participle].joint != "soft" or not word.endswith("ing") or word in words.NOUNS_IN_ING:
        return None
    begin = _walk(tokens, participle)
    return participle if begin < participle and tokens[begin].word in _DEFINITE else None


def _matches(tokens: list[_Token], start: int, relation: tuple[str, ...]) -> bool:
    window = tokens[start : start + len(relation)]
    return all(token.word == word for token, word in zip(window, relation, strict=True)) and all(
        token.joint == "soft" for token in window
    )


def _may_be_head(word: str) -> bool:
    if word in words.FUNCTION_WORDS or word in words.VERBS:
        return False
    return not (word.endswith("ing") and word not in words.NOUNS_IN_ING)


def _ends_phrase(word: str, before: str) -> bool:
    """Whether the phrase must begin after this word; ``before`` is the word in front of it."""
    if word in words.VERBS:
        return before not in words.ARTICLES  # "the watch", "a sitting dog"
    return word in words.FUNCTION_WORDS or word in words.PRONOUNS


def _is_determiner(word: str) -> bool:
    return word in words.DETERMINERS or _NUMERAL.fullmatch(word) is not None


def _is_quantity(word: str) -> bool:
    return word in words.QUANTITIES or _NUMERAL.fullmatch(word) is not None
