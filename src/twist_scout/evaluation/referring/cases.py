"""The pictures behind a referring score: the best, the worst, and those on which conventions disagree."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from twist_scout.boxes.box import Box
from twist_scout.boxes.grounded import GroundedText
from twist_scout.data.referring.pictures import find_picture
from twist_scout.evaluation.pages import Case
from twist_scout.evaluation.referring.flips import why
from twist_scout.evaluation.referring.samples import Samples
from twist_scout.evaluation.referring.scoring import NO_BOX, Outcome
from twist_scout.evaluation.referring.truth import FloatArray


def referring_cases(
    samples: Samples, base: Outcome, others: Sequence[Outcome] = (), images: Path | None = None, *, each: int = 12
) -> list[Case]:
    """Cases for a page (`twist_scout.evaluation.pages.write_report`).

    Args:
        samples: the answers and what was meant.
        base: the convention of the headline.
        others: conventions to compare it with; some of the samples that flip are shown for each reason.
        images: the folder of the pictures.
        each: so many of each group; misses without a box are left out of the worst.
    """
    order = np.argsort(-base.ious, kind="stable")
    boxed = order[base.places[order] != NO_BOX]
    cases = [_case(samples, base, row, "best", "", images) for row in boxed[:each].tolist()]
    worst = boxed[max(each, len(boxed) - each) :][::-1]
    cases += [_case(samples, base, row, "worst", "", images) for row in worst.tolist()]
    cases += _flipped(samples, base, others, images, each)
    silent = np.flatnonzero((base.places == NO_BOX) & ~samples.missing)[:each]
    return cases + [_case(samples, base, row, "without a box", "", images) for row in silent.tolist()]


def _flipped(samples: Samples, base: Outcome, others: Sequence[Outcome], images: Path | None, each: int) -> list[Case]:
    """The first sample for each reason and convention."""
    cases: list[Case] = []
    told: set[tuple[str, str]] = set()
    for other in others:
        for row in np.flatnonzero(base.hits != other.hits).tolist():
            reason = why(base, other, row)
            if (other.convention.name, reason) not in told:
                told.add((other.convention.name, reason))
                verdict = "right" if other.hits[row] else "wrong"
                note = f"{verdict.capitalize()} under {other.convention.name} (IoU {other.ious[row]:.3f}): {reason}."
                cases.append(_case(samples, base, row, "flipped", note, images))
    return cases[: 2 * each]


def _case(samples: Samples, outcome: Outcome, row: int, group: str, note: str, images: Path | None) -> Case:
    truth, answer = samples.truth, samples.answers[row]
    size = (int(truth.sizes[row, 0]), int(truth.sizes[row, 1]))
    name = truth.images[row]
    meant = truth.boxes[np.searchsorted(truth.rows, row) : np.searchsorted(truth.rows, row, side="right")]
    chosen = outcome.boxes[row : row + 1] if outcome.places[row] != NO_BOX else np.zeros((0, 4))
    several = f"Box {outcome.places[row] + 1} of {outcome.counts[row]} counts." if outcome.counts[row] > 1 else ""
    return Case(
        id=truth.ids[row],
        group=group,
        image=None if images is None or name is None else find_picture(name, images),
        size=size if truth.sized else None,
        question=truth.expressions[row],
        answer=answer.text if isinstance(answer, GroundedText) else answer or "",
        truth=[("meant", box) for box in _boxes(meant, truth.sizes[row])],
        predicted=[("", box) for box in _boxes(chosen, truth.sizes[row])],
        score=float(outcome.ious[row]),
        note=" ".join(filter(None, (note, several))),
    )


def _boxes(pixels: FloatArray, size: FloatArray) -> list[Box]:
    """Boxes that can be drawn: inside the picture, the right way round."""
    with np.errstate(all="ignore"):
        shares = np.clip(np.nan_to_num(pixels / np.tile(size, 2), nan=0.0, posinf=1.0, neginf=0.0), 0.0, 1.0)
    return [
        Box(min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2)) for x1, y1, x2, y2 in shares.reshape(-1, 4).tolist()
    ]
