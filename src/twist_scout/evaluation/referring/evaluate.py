"""From answers and truths to a referring result."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from twist_scout.evaluation.referring.conventions import CONVENTIONS, Convention, get_convention
from twist_scout.evaluation.referring.flips import Flip, flips
from twist_scout.evaluation.referring.result import CURVE, ConventionScore, ReferringResult
from twist_scout.evaluation.referring.samples import Problem, ReferringRecord, Samples, from_records
from twist_scout.evaluation.referring.scoring import NO_BOX, Outcome, Scorer
from twist_scout.evaluation.referring.strata import stratify


def evaluate_referring(
    records: Iterable[ReferringRecord],
    *,
    convention: str | Convention = "scout",
    dialect: str = "scout",
    frame: str | None = None,
    max_pixels: int | None = None,
    threshold: float | None = None,
    all_conventions: bool = False,
) -> ReferringResult:
    """Score answers to referring expressions (Table 2 and Table A.4 of the paper).

    Args:
        records: answers and truths.
        convention: which box counts, and from which IoU on: one of `CONVENTIONS`.
        dialect: how boxes are written in predictions that are plain text.
        frame: how the model saw pictures; without it, as the models of the dialect do where records give sizes, and as a
            whole where they do not.
        max_pixels: limit on the area of a smart-resized picture, instead of the family's own.
        threshold: IoU of a hit, instead of the convention's own.
        all_conventions: also score the same answers under every other convention, and say which flip and why.

    Raises:
        BadConfig: there is no such convention, dialect or frame.
        BadInput: the convention or the dialect needs the size of the pictures, which is not known.
    """
    rule = get_convention(convention)
    if threshold is not None:
        rule = replace(rule, threshold=threshold)
    scorer = Scorer(from_records(records), dialect, frame, max_pixels)
    return evaluate(scorer, rule, all_conventions=all_conventions)


def evaluate(scorer: Scorer, convention: Convention, *, all_conventions: bool = False) -> ReferringResult:
    """The same for samples that were joined already."""
    return result_of(scorer, *outcomes_of(scorer, convention, all_conventions=all_conventions))


def outcomes_of(
    scorer: Scorer, convention: Convention, *, all_conventions: bool = False
) -> tuple[Outcome, list[Outcome]]:
    """The outcome of a convention, and those of all conventions where they are asked for.

    Conventions that need the size of pictures are left out of the latter where it is not known.
    """
    base = scorer.score(convention)
    if not all_conventions:
        return base, []
    usable = [each for each in CONVENTIONS.values() if scorer.samples.truth.sized or not each.needs_size]
    return base, [base if each.name == convention.name else scorer.score(each) for each in usable]


def result_of(scorer: Scorer, base: Outcome, others: Iterable[Outcome] = ()) -> ReferringResult:
    """A result with all it rests on.

    Args:
        scorer: what made the outcomes.
        base: the outcome of the headline's convention.
        others: outcomes to compare it with.
    """
    samples, others = scorer.samples, list(others)
    flipped: list[Flip] = []
    for other in others:
        flipped += flips(base, other, samples.truth.ids)
    return ReferringResult(
        total=len(samples),
        hits=int(base.hits.sum()),
        without_box=int((base.places == NO_BOX).sum()),
        threshold=base.convention.threshold,
        ious=tuple(base.ious.tolist()),
        right=tuple(base.hits.tolist()),
        ids=samples.truth.ids,
        convention=base.convention,
        dialect=scorer.dialect,
        curve=_curve(base),
        reading=scorer.tally,
        missing=int(samples.missing.sum()),
        unknown=samples.unknown,
        strata=stratify(samples.truth, base.hits, base.ious),
        boxes_counted=samples.truth.boxes_counted,
        compared=tuple(_compared(other, samples) for other in others),
        flips=tuple(flipped),
    )


def _compared(outcome: Outcome, samples: Samples) -> ConventionScore:
    answered = outcome.problems != Problem.missing
    return ConventionScore(
        outcome.convention,
        hits=int(outcome.hits.sum()),
        miou=float(outcome.ious.mean()) if len(samples) else np.nan,
        curve=_curve(outcome),
        unread=int(((outcome.places == NO_BOX) & answered).sum()),
        own=outcome.own,
        total=len(samples),
    )


def _curve(outcome: Outcome) -> dict[float, float]:
    return {threshold: outcome.accuracy_at(threshold) for threshold in CURVE}
