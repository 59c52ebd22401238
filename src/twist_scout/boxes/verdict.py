"""What an answer concludes: its final answer (paper, Figure A.1), or that the question is invalid
(Figure A.2).
"""

from __future__ import annotations

import re

# "So" in front changes nothing. The first letter is a class outside of (?i:...), so that the search skips to it.
_ANSWER = re.compile(r"[tT](?<!\w.)(?i:he\s++(?:final\s++)?answer\s++is)\b\s*+[:,]?+")

_IN_THE_IMAGE = r"\b(?:in|within)\s++(?:the|this)\s++(?:given\s++)?(?:image|picture|photo|photograph|scene)\b"

# Bounded gaps ("{0,80}") keep each search linear.
# Each pattern below needs one of these; most texts have none, and are done with one search.
_HINT = re.compile(r"\bno|n['’]t|\binvalid|\bi(?:rrelevant|ncorrect)", re.IGNORECASE)
_WORDS_OF_HINTS = ("no", "n't", "n’t", "invalid", "irrelevant", "incorrect")
_INVALID = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        # "This question is invalid", "The query is not valid."
        r"\b(?:question|query|request|premise)\s++is\s++(?:therefore\s++|thus\s++|hence\s++)?"
        r"(?:invalid|not\s++valid|irrelevant|incorrect)\b",
        r"\b(?:is|it's)\s++an\s++invalid\s++(?:question|query|request)\b",
        # "The dog is not in the image", "Cats are not visible in this picture."
        r"\b(?:(?:is|are)\s++not|isn['’]t|aren['’]t)\s++"
        r"(?:present\s++|visible\s++|shown\s++|found\s++|seen\s++|depicted\s++)?+" + _IN_THE_IMAGE,
        r"\b(?:does|do)(?:\s++not|n['’]t)\s++(?:appear|exist)\s++" + _IN_THE_IMAGE,
        # "There is no dog in the image."
        r"\bthere\s++(?:is|are)\s++(?:no|not\s++any)\b[^.!?]{0,80}?" + _IN_THE_IMAGE,
        # "There is a woman in the image, not a dog."
        _IN_THE_IMAGE + r"\s*+,?\s*+(?:and\s++|but\s++)?not\s++(?:a|an|the|any)\b",
    )
)


def extract_answer(plain: str) -> str:
    """What follows the last "So the answer is", less its final full stop; else the whole text."""
    ends = [match.end() for match in _ANSWER.finditer(plain)]
    if not ends:
        return plain
    return plain[ends[-1] :].strip().removesuffix(".").rstrip()


def says_question_is_invalid(plain: str) -> bool:
    """Whether a text without boxes says that the question does not fit the image."""
    lower = plain.lower()
    if not any(word in lower for word in _WORDS_OF_HINTS):
        return False
    return _HINT.search(plain) is not None and any(pattern.search(plain) for pattern in _INVALID)
