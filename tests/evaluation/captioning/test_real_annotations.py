"""The whole protocol on COCO's own annotations, written as captions."""

from __future__ import annotations

from itertools import pairwise

import pytest

from twist_scout.boxes.dialects import known_dialects
from twist_scout.evaluation.captioning import (
    Annotations,
    CaptioningResult,
    PhraseMapper,
    SentenceEncoder,
    coco_names,
    evaluate_captioning,
)

from .truth_captions import STYLES, records, spoiled

#: Their grids are too coarse for the smallest boxes of these pictures: 0 to 100, two decimals, 32 x 32 and 16 x 16 cells.
COARSE = ("scout", "llava", "kosmos-2", "pin")
FINE = tuple(name for name in known_dialects() if name not in COARSE)


@pytest.fixture(scope="module")
def mapper(coco100: Annotations, encoder: SentenceEncoder) -> PhraseMapper:
    return PhraseMapper(coco100.classes, encoder, names=coco_names(coco100.classes))


def score(coco100: Annotations, mapper: PhraseMapper, style: str, dialect: str) -> CaptioningResult:
    made = records(coco100.images, style, dialect)
    return evaluate_captioning(made, mapper, dialect=dialect, classes=coco100.classes, orders=0)


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("dialect", ["cogvlm", "shikra", "pixels"])
def test_the_truth_in_words_is_found_again(
    style: str, dialect: str, coco100: Annotations, mapper: PhraseMapper
) -> None:
    result = score(coco100, mapper, style, dialect)
    assert result.ap50 == pytest.approx(1.0, abs=1e-12)
    assert result.at_50.precision == result.at_50.recall == 1.0
    assert (result.objects, result.detections, result.crowds) == (830, 830, 9)
    assert not result.losses.missed
    assert not result.unmapped
    assert result.hallucination.hallucinated == 0
    assert result.objects_per_image[0] == result.objects_per_image[1]


@pytest.mark.parametrize("dialect", FINE)
def test_in_every_dialect_whose_numbers_are_fine_enough(
    dialect: str, coco100: Annotations, mapper: PhraseMapper
) -> None:
    assert score(coco100, mapper, "grouped", dialect).ap50 >= 0.99


@pytest.mark.parametrize("dialect", COARSE)
def test_and_in_the_others_all_that_is_lost_is_too_small_to_write(
    dialect: str, coco100: Annotations, mapper: PhraseMapper
) -> None:
    result = score(coco100, mapper, "grouped", dialect)
    assert set(result.losses.missed) == {"too_small_to_write"}
    assert result.ap50 < 0.99
    # What the dialect can write is found.
    large = [
        record
        for number, record in enumerate(records(coco100.images, "grouped", dialect))
        if number not in {int(result.arrays[1].image[row]) for row in result.losses.missed_objects}  # type: ignore[index]
    ]
    rest = evaluate_captioning(large, mapper, dialect=dialect, classes=coco100.classes, orders=0)
    assert rest.images > 10
    assert rest.ap50 >= 0.99


@pytest.mark.parametrize(
    ("kind", "cause"), [("dropped", "not_mentioned"), ("shifted", "imprecise"), ("renamed", "other_class")]
)
def test_spoiled_captions_fall_and_the_cause_is_named(
    kind: str, cause: str, coco100: Annotations, mapper: PhraseMapper
) -> None:
    found = []
    for share in (0.0, 0.15, 0.3, 0.5, 0.8):
        worse = [spoiled(image, kind, share, 0) for image in coco100.images]
        made = [
            type(record)(record.prediction, image.width, image.height, image.objects, image.id)
            for record, image in zip(records(worse, "singly", "cogvlm"), coco100.images, strict=True)
        ]
        found.append(evaluate_captioning(made, mapper, dialect="cogvlm", classes=coco100.classes, orders=0))
    for measure in ("ap50", "ap"):
        values = [getattr(result, measure) for result in found]
        assert all(better > worse for better, worse in pairwise(values)), (measure, values)
    recalls = [result.at_50.recall for result in found]
    assert recalls == sorted(recalls, reverse=True)
    assert found[0].ap50 == pytest.approx(1.0, abs=1e-12)
    assert found[-1].losses.missed.most_common(1)[0][0] == cause
    if kind == "renamed":
        told = [result.hallucination.per_mention for result in found]
        assert told == sorted(told)
        assert told[-1] > told[0] == 0
