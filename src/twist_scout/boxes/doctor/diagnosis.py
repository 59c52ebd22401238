"""The diagnosis: which reading of the numbers fits the truth, and how it differs from the user's."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from twist_scout.boxes.dialects import Dialect, get_dialect
from twist_scout.boxes.doctor.declared import Remedy, dialect_ious, find_remedy, spelling_dialects
from twist_scout.boxes.doctor.readings import Reading, reading_of
from twist_scout.boxes.doctor.samples import FloatArray, Joined, choose, make_samples
from twist_scout.boxes.doctor.scoring import Score, noise
from twist_scout.boxes.doctor.search import ALIKE, Candidate, Search, search

FEWEST_BOXES = 5
"""Of fewer true boxes nothing is said."""

LEAST_LIFT = 0.1
"""A reading must beat boxes of other pictures by this much mean IoU, and by `STANDARD_ERRORS`."""

STANDARD_ERRORS = 5
"""More than the usual two: a thousand readings are tried, and the best of them is lucky."""

_WRONG_FROM = 0.02  # mean IoU: a reading that costs less is called right
_WEAK = 0.3  # mean IoU below which the model itself is in question


class Verdict(StrEnum):
    """What the doctor says.

    ``right``: the boxes are read as they are written. ``misread``: another reading fits better.
    ``nothing fits``: no reading is better than chance. ``too few``: too few boxes to tell.
    """

    right = "right"
    misread = "misread"
    nothing_fits = "nothing fits"
    too_few = "too few"


@dataclass(frozen=True)
class Diagnosis:
    """What is wrong with a model's boxes, if anything.

    Attributes:
        verdict: in one word.
        sentence: in words.
        dialect: the dialect that was tried on them first.
        frame: the frame that was tried with it; None is the dialect's own.
        declared: what that dialect and frame reach.
        best: the reading that fits best; None where there are no numbers.
        alike: other readings that fit these boxes as well.
        others: the next best readings that are not alike.
        remedy: what to read the boxes with; None where the best reading has no dialect.
        chance: mean IoU of the best reading with boxes of other pictures.
        boxes: number of true boxes that were compared.
        rows: number of rows that were looked at, of `joined`.
        unread: rows in which no four numbers were found.
        problems: rows in which the declared dialect found no box.
        tried: number of readings.
        joined: number of rows that both files have.
        without_prediction: ids that only the truth has.
        without_truth: ids that only the predictions have.
    """

    verdict: Verdict
    sentence: str
    dialect: str
    frame: str | None
    declared: Score
    best: Candidate | None
    alike: tuple[Candidate, ...]
    others: tuple[Candidate, ...]
    remedy: Remedy | None
    chance: float
    boxes: int
    rows: int
    unread: int
    problems: int
    tried: int
    joined: int
    without_prediction: int
    without_truth: int

    def __str__(self) -> str:
        return self.sentence

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "verdict": self.verdict.value,
            "sentence": self.sentence,
            "dialect": self.dialect,
            "frame": self.frame,
            "declared": self.declared.to_dict(),
            "best": self.best.to_dict() if self.best else None,
            "remedy": self.remedy.to_dict() if self.remedy else None,
            "chance": round(self.chance, 4),
            "alike": [each.to_dict() for each in self.alike],
            "others": [each.to_dict() for each in self.others],
            "boxes": self.boxes,
            "rows": self.rows,
            "rows_in_both": self.joined,
            "rows_without_numbers": self.unread,
            "rows_the_dialect_cannot_read": self.problems,
            "ids_only_in_truth": self.without_prediction,
            "ids_only_in_predictions": self.without_truth,
            "readings_tried": self.tried,
        }


def diagnose(
    joined: Joined, dialect: str | Dialect = "pixels", frame: str | None = None, max_pixels: int | None = None
) -> Diagnosis:
    """Find out how boxes are written, by trying every reading against the truth.

    Args:
        joined: predictions with their truth.
        dialect: how the boxes are read today.
        frame: the frame they are read in today; None is the dialect's own.
        max_pixels: limit on the area of a smart-resized picture, for that dialect.

    Raises:
        BadConfig: there is no such dialect or frame.
        BadImage: the frame refuses a picture of some shape.
    """
    codec = get_dialect(dialect)
    rows = choose(joined.rows)
    samples = make_samples(rows)
    declared_ious, problems = dialect_ious(samples.rows, codec, frame, max_pixels)
    declared = Score.of(declared_ious)
    reading = reading_of(codec.name, frame) if max_pixels is None else None
    found = None
    if len(samples.truth) >= FEWEST_BOXES:
        readings = (reading_of(name) for name in spelling_dialects(samples.rows))
        spelled = {each for each in readings if each is not None}
        found = search(samples, reading, spelled)
    verdict = _verdict(found, declared_ious)
    remedy = None
    if found is not None and verdict is Verdict.misread:
        remedy = find_remedy(samples.rows, found.best.score.mean_iou - 2 * ALIKE, codec.name)
    return Diagnosis(
        verdict=verdict,
        sentence=_sentence(
            verdict, found, declared, _words(codec, frame, reading), reading, remedy, len(samples.truth)
        ),
        dialect=codec.name,
        frame=frame,
        declared=declared,
        best=found.best if found else None,
        alike=found.alike if found and verdict is not Verdict.nothing_fits else (),
        others=found.others if found else (),
        remedy=remedy,
        chance=float(found.chance.mean()) if found else 0.0,
        boxes=len(samples.truth),
        rows=len(rows),
        unread=samples.unread,
        problems=problems,
        tried=found.tried if found else 0,
        joined=len(joined.rows),
        without_prediction=joined.without_prediction,
        without_truth=joined.without_truth,
    )


def _verdict(found: Search | None, declared: FloatArray) -> Verdict:
    if found is None:
        return Verdict.too_few
    if found.lift < max(LEAST_LIFT, STANDARD_ERRORS * found.lift_noise):
        return Verdict.nothing_fits
    behind = found.ious - declared
    return Verdict.right if behind.mean() <= max(_WRONG_FROM, 2 * noise(behind)) else Verdict.misread


def _words(codec: Dialect, frame: str | None, reading: Reading | None) -> str:
    if reading is not None:
        return str(reading)
    return f"the dialect {codec.name!r}" + (f" in the frame {frame!r}" if frame else "")


def _sentence(
    verdict: Verdict,
    found: Search | None,
    declared: Score,
    read_as: str,
    reading: Reading | None,
    remedy: Remedy | None,
    boxes: int,
) -> str:
    if found is None:
        return (
            f"Only {boxes} true boxes have a prediction with four numbers; at least {FEWEST_BOXES} are needed to tell."
        )
    best = found.best
    if verdict is Verdict.nothing_fits:
        return (
            f"Nothing fits: the best of {found.tried} readings ({best.reading}) reaches a mean IoU of "
            f"{best.score.mean_iou:.3f}, where boxes of other pictures reach {found.chance.mean():.3f}. Either the "
            "answers belong to other pictures, so check the ids, or the model does not localise."
        )
    if verdict is Verdict.right:
        weak = " What is missing is up to the model." if declared.mean_iou < _WEAK else ""
        return f"Your boxes are {read_as}, and that is how you read them (mean IoU {declared.mean_iou:.3f}).{weak}"
    if best.reading == reading:
        sentence = f"Your boxes are {best.reading}, as you think, but the dialect does not find them in the text"
    else:
        sentence = f"Your boxes are {best.reading}; you read them as {read_as}"
    sentence += f" (mean IoU {best.score.mean_iou:.3f} instead of {declared.mean_iou:.3f})."
    advice = f"Read them with {remedy}." if remedy else "No dialect reads them so: convert the numbers first."
    return f"{sentence} {advice}"
