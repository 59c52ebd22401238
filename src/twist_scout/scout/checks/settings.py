"""What can be chosen about the checks."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class CheckSettings(BaseModel):
    """Thresholds, and checks to leave out.

    Attributes:
        iou: overlap that a box needs with the annotation of its phrase (§4: 0.5).
        same_box: overlap that two boxes of one thing need.
        similar: share of common words from which two questions about a picture are near-duplicates.
        most_steps: more steps are rambling.
        longest: words in an answer; more are rambling.
        skip: names of checks that are not made.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    iou: float = Field(default=0.5, gt=0, le=1)
    same_box: float = Field(default=0.6, gt=0, le=1)
    similar: float = Field(default=0.8, gt=0, le=1)
    most_steps: int = Field(default=10, ge=1)
    longest: int = Field(default=200, ge=1)
    skip: frozenset[str] = frozenset()
