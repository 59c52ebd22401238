"""Whether an answer refuses, points, or does neither."""

from __future__ import annotations

import re
from typing import Literal

from twist_scout.boxes.grounded import GroundedText

Verdict = Literal["rejected", "pointed", "neither"]

# "No.", "No, there is none", but not "No. 5 is here" or "No parking sign".
_NO = re.compile(r"\W*+no[*_']*+(?:\s*+[,;:!—–-]|\s*+\.(?!\s*+[0-9])|\s*+$)", re.IGNORECASE)
_NO_THING = re.compile(r"\W*+no\s", re.IGNORECASE)


def rejects(answer: GroundedText) -> bool:
    """Whether an answer says that the question does not fit the picture.

    It does where it says so in words (`GroundedText.rejected`: "This question is invalid", "There is no dog in the image",
    ...), where it begins with a plain "No", and where it begins with "No dog" and points at nothing.
    """
    if answer.rejected:
        return True
    plain = answer.plain
    return _NO.match(plain) is not None or (_NO_THING.match(plain) is not None and not answer.boxes)


def verdict_of(answer: GroundedText) -> Verdict:
    """What an answer does; one that refuses may point at what is there instead (Figure A.2)."""
    if rejects(answer):
        return "rejected"
    return "pointed" if answer.boxes else "neither"
