"""A captioning result as tables for readers."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING

from twist_scout.evaluation.captioning.collecting import POLICY_TEXT
from twist_scout.evaluation.captioning.losses import MISSED, WRONG
from twist_scout.evaluation.captioning.mapping import WORDS
from twist_scout.evaluation.result import ResultTable

if TYPE_CHECKING:
    from twist_scout.evaluation.captioning.result import CaptioningResult

_NAMES_SHOWN = 15
_CLASSES_SHOWN = 10


def tables_of(result: CaptioningResult) -> list[ResultTable]:
    """All tables, the most telling first."""
    made = [
        _precision(result),
        _without_scores(result),
        _against_annotation(result),
        _lost(result),
        _classes(result),
        _mapping(result),
        _reading(result),
    ]
    return [table for table in made if table.rows]


def _precision(result: CaptioningResult) -> ResultTable:
    precision = result.precision
    cells = (precision.ap, precision.ap50, precision.ap75, precision.small, precision.medium, precision.large)
    rows = [["as ranked", *map(shown, cells)]]
    made = result.settings
    note = f"Ranked by {POLICY_TEXT[made.score_policy]}; mapped by {made.mapper}; names found by {made.extraction}."
    ties = result.ties
    if ties is not None and ties.tied:
        blank = [""] * 4
        rows.append([f"lowest of {ties.orders} orders", shown(ties.ap.low), shown(ties.ap50.low), *blank])
        rows.append([f"highest of {ties.orders} orders", shown(ties.ap.high), shown(ties.ap50.high), *blank])
        rows.append(["worst order found", shown(ties.ap.worst), shown(ties.ap50.worst), *blank])
        rows.append(["best order found", shown(ties.ap.best), shown(ties.ap50.best), *blank])
        note += (
            f" {ties.tied:,} of {ties.boxes:,} boxes share their score with another of their class: any order of those "
            "is as good as another, and moves the number this far."
        )
    return ResultTable("Average precision (COCO)", ("order", "AP", "AP50", "AP75", "AP_S", "AP_M", "AP_L"), rows, note)


def _without_scores(result: CaptioningResult) -> ResultTable:
    rows = [
        [f"{point.iou:.2f}", shown(point.precision), shown(point.recall), shown(point.f1)]
        + [f"{count:,}" for count in (point.right, point.wrong, point.missed, point.in_crowd)]
        for point in result.curve
        if point.iou in (0.5, 0.75, 0.95)
    ]
    columns = ("IoU", "precision", "recall", "F1", "right", "wrong", "missed", "in a crowd")
    note = "Boxes and objects of a class matched one to one; no scores, so no order matters."
    return ResultTable("Without scores", columns, rows, note)


def _against_annotation(result: CaptioningResult) -> ResultTable:
    predicted, annotated = result.objects_per_image
    share = predicted / annotated if annotated else math.nan
    told = result.hallucination
    rows = [
        ["boxes with a class per image", f"{predicted:.2f}"],
        ["annotated objects per image", f"{annotated:.2f}"],
        ["boxes per annotated object", shown(share)],
        [f"hallucinated mentions (CHAIR_i, {told.hallucinated:,} of {told.mentions:,})", shown(told.per_mention)],
        [
            f"captions with one (CHAIR_s, {told.with_hallucination:,} of {told.captions:,})",
            shown(told.per_caption),
        ],
    ]
    most = ", ".join(f"{name} ({count:,})" for name, count in told.by_class.most_common(_CLASSES_SHOWN))
    note = f"Hallucinated most: {most}." if most else ""
    return ResultTable("Against the annotation", ("what", "value"), rows, note)


def _lost(result: CaptioningResult) -> ResultTable:
    lost = result.losses
    rows = [
        [f"missed object: {words}", f"{lost.missed[cause]:,}"] for cause, words in MISSED.items() if lost.missed[cause]
    ]
    rows += [[f"wrong box: {words}", f"{lost.wrong[cause]:,}"] for cause, words in WRONG.items() if lost.wrong[cause]]
    counts = f"{lost.missed.total():,} objects missed, {lost.wrong.total():,} boxes wrong at IoU 0.5."
    return ResultTable("What is lost, by cause", ("cause", "count"), rows, counts if rows else "")


def _classes(result: CaptioningResult) -> ResultTable:
    by_class = result.precision.by_class or {}
    order = sorted(by_class, key=lambda name: (-by_class[name].objects, name))
    rows = [
        [name, f"{one.objects:,}", f"{one.detections:,}", shown(one.ap), shown(one.ap50)]
        for name in order[:_CLASSES_SHOWN]
        for one in [by_class[name]]
    ]
    note = f"The commonest of {len(order)} classes that are annotated; AP is the mean over all of them."
    return ResultTable("Classes", ("class", "objects", "boxes", "AP", "AP50"), rows, note if rows else "")


def _mapping(result: CaptioningResult) -> ResultTable:
    rows = []
    nameless = [row for row in result.mapping if row.mapped.label is None][:_NAMES_SHOWN]
    similar = [row for row in result.mapping if row.mapped.how == "similar" and row.name != row.mapped.label]
    for row in [*similar[:_NAMES_SHOWN], *nameless]:
        alike = "" if row.mapped.similarity is None else f"{row.mapped.nearest} {row.mapped.similarity:.2f}"
        rows.append(
            [
                row.name or "-",
                row.mapped.label or "none",
                row.mapped.how,
                alike,
                f"{row.phrases:,}",
                f"{row.boxes:,}",
            ]
        )
    columns = ("name", "class", "how", "nearest", "phrases", "boxes")
    return ResultTable(
        "Names: the commonest taken by similarity, and those without a class", columns, rows, _how(result)
    )


def _how(result: CaptioningResult) -> str:
    by: Counter[str] = Counter()
    for row in result.mapping:
        words = WORDS[row.mapped.how]
        by[f"{words} as none" if row.mapped.how == "listed" and row.mapped.label is None else words] += row.phrases
    total = by.total()
    parts = ", ".join(f"{count:,} {words}" for words, count in by.most_common())
    rate = shown(result.unmapped_rate)
    return f"{total:,} phrases with boxes: {parts}. Unmapped {rate}. All names are in --json; --override FILE corrects them."


def _reading(result: CaptioningResult) -> ResultTable:
    tally = result.reading
    counts = [("parsed", tally.parsed), ("partly parsed", tally.partial), ("without a readable box", tally.failed)]
    counts += [("missing", result.missing), ("all images", result.images)]
    rows = [[name, f"{count:,}"] for name, count in counts]
    notes = [f"{result.unknown:,} predictions are for no image of the annotation."] if result.unknown else []
    if result.left_aside:
        notes.append(f"{result.left_aside:,} images of the annotation have no prediction and were left aside.")
    why = "; ".join(f"{reason} ({count:,})" for reason, count in tally.reasons())
    notes += [f"Not readable: {why}."] if why else []
    if result.llm is not None:
        llm = result.llm
        notes.append(
            f"The language model was asked about {llm.captions:,} captions ({llm.from_cache:,} replies kept from before, "
            f"{llm.unanswered:,} without a reply); it left out {llm.left_out:,} of {llm.boxes:,} boxes and made up "
            f"{llm.invented:,}."
        )
    return ResultTable("How the captions could be read", ("captions", "count"), rows, " ".join(notes))


def shown(value: float) -> str:
    """A share for readers."""
    return "-" if math.isnan(value) else f"{value:.4f}"
