"""Which samples two conventions disagree on, and why, in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from twist_scout.evaluation.referring.conventions import Convention
from twist_scout.evaluation.referring.frames import HOW_WORDS, PADDED, SQUEEZED, How
from twist_scout.evaluation.referring.samples import Problem
from twist_scout.evaluation.referring.scoring import Outcome

_SAME_IOU = 1e-7
_SAME_BOX = 0.01  # pixels
_WHOLE_PIXEL = 1.0
_EXAMPLES = 3


@dataclass(frozen=True, slots=True)
class Flip:
    """A sample that is right under one convention and wrong under another.

    Attributes:
        id: of the sample.
        convention: the one that disagrees with the convention of the result.
        hit: whether the answer is right under it.
        iou: under it.
        base_iou: under the convention of the result.
        reason: why they disagree, in words.
    """

    id: str
    convention: str
    hit: bool
    iou: float
    base_iou: float
    reason: str

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "id": self.id,
            "convention": self.convention,
            "hit": self.hit,
            "iou": round(self.iou, 6),
            "base_iou": round(self.base_iou, 6),
            "reason": self.reason,
        }


@dataclass(frozen=True)
class Reasons:
    """Why samples flip between two conventions.

    Attributes:
        gained: reasons of samples that are right under the other convention only, with their numbers.
        lost: reasons of samples that are wrong under the other convention only.
        examples: the first ids for each direction (right under the other convention or not) and reason.
    """

    gained: Counter[str]
    lost: Counter[str]
    examples: dict[tuple[bool, str], list[str]]


def flips(base: Outcome, other: Outcome, ids: Sequence[str]) -> Iterator[Flip]:
    """The samples that the two disagree on, in the order of the truth.

    Args:
        base: the convention of the result.
        other: the one that is compared.
        ids: (N,) of the samples.
    """
    for row in np.flatnonzero(base.hits != other.hits).tolist():
        yield Flip(
            ids[row],
            other.convention.name,
            bool(other.hits[row]),
            float(other.ious[row]),
            float(base.ious[row]),
            why(base, other, row),
        )


def why(base: Outcome, other: Outcome, row: int) -> str:
    """Why a sample scores differently under two conventions, in words."""
    if other.places[row] < 0 or base.places[row] < 0:
        empty, full = (other, base) if other.places[row] < 0 else (base, other)
        return _nothing_found(empty, full, row)
    if abs(base.ious[row] - other.ious[row]) < _SAME_IOU:
        return _threshold(base, other)
    if other.places[row] != base.places[row]:
        best, plain = (other, base) if other.convention.takes == "best" else (base, other)
        if best.convention.takes == "best":
            told = f"the best of {best.counts[row]} boxes counts for {best.convention.name}, not the first"
            read = How(int(best.how[row]))
            return (
                told if read == How(int(plain.how[row])) or read == How.dialect else f"{told}; read {HOW_WORDS[read]}"
            )
        return f"another box of the answer counts for {other.convention.name}"
    moved = float(np.abs(base.boxes[row] - other.boxes[row]).max())
    cutting = other.convention.cuts or base.convention.cuts
    if moved > _SAME_BOX and not (cutting and moved <= _WHOLE_PIXEL):
        return _readings(base, other, row)
    if cutting and moved > 0:
        return "int truncation: coordinates are cut to whole pixels"
    return _true_box(base, other)


def tally(found: Iterable[Flip]) -> Reasons:
    """How often which reason makes samples flip."""
    gained: Counter[str] = Counter()
    lost: Counter[str] = Counter()
    examples: dict[tuple[bool, str], list[str]] = {}
    for flip in found:
        (gained if flip.hit else lost)[flip.reason] += 1
        ids = examples.setdefault((flip.hit, flip.reason), [])
        if len(ids) < _EXAMPLES:
            ids.append(flip.id)
    return Reasons(gained, lost, examples)


def _nothing_found(empty: Outcome, full: Outcome, row: int) -> str:
    convention, problem = empty.convention, Problem(int(empty.problems[row]))
    if problem == Problem.several:
        count = int(full.counts[row])
        number = {2: "two"}.get(count, str(count))
        return f"{number if count > 1 else 'several'} boxes given, and {convention.name} wants exactly one"
    if problem == Problem.phrase:
        return f"the answer does not name the expression as its phrase, and {convention.name} wants it"
    if problem == Problem.foreign_bracket:
        return f"a bracket does not hold four whole numbers, which {convention.name} gives up on"
    if problem == Problem.off_grid:
        return f"the numbers are not lines of the grid, which {convention.name} gives up on"
    if empty.own:
        read = HOW_WORDS[How(int(full.how[row]))]
        also = "" if How(int(full.how[row])) == How.dialect else f", where {full.convention.name} reads numbers {read}"
        return f"no box in the form that {convention.name} looks for{also}"
    return f"the dialect reads no box, and {full.convention.name} finds numbers that it takes {_how(full, row)}"


def _threshold(base: Outcome, other: Outcome) -> str:
    strict: Convention = other.convention if other.convention.strict else base.convention
    if strict.strict:
        return f"IoU exactly {strict.threshold:g}, and the threshold of {strict.name} is strict"
    return f"the thresholds differ: {base.convention.rule} and {other.convention.rule}"


def _readings(base: Outcome, other: Outcome, row: int) -> str:
    readings = [How(int(outcome.how[row])) for outcome in (base, other)]
    told = f"{other.convention.name} reads the numbers {HOW_WORDS[readings[1]]}"
    if readings[1] == How.dialect:
        return f"{base.convention.name} reads the numbers {HOW_WORDS[readings[0]]}"
    if readings[0] not in (How.dialect, readings[1]):
        told += f", {base.convention.name} {HOW_WORDS[readings[0]]}"
    return told


def _true_box(base: Outcome, other: Outcome) -> str:
    spaces = {outcome.convention.own.space.words for outcome in (base, other) if outcome.own}
    spaces |= {outcome.convention.given.space.words for outcome in (base, other) if not outcome.own}
    if SQUEEZED.words in spaces:
        return "the true box is cut to whole pixels of the picture squeezed to 224 x 224"
    if PADDED.words in spaces:
        return "the true box is rounded to thousandths of the padded square"
    return "the IoU differs by less than a pixel of the box"


def _how(outcome: Outcome, row: int) -> str:
    return HOW_WORDS[How(int(outcome.how[row]))]
