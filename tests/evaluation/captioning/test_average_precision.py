"""Average precision against pycocotools, the reference."""

from __future__ import annotations

import contextlib
import io
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twist_scout.evaluation.captioning.arrays import Detections, Objects
from twist_scout.evaluation.captioning.average_precision import AREAS, AveragePrecision, PrecisionEvaluator

CLASSES = ("car", "dog", "cat", "bus")
SIZES = ("small", "medium", "large")


def reference(objects: Objects, detections: Detections, max_detections: int) -> dict[str, float]:
    """The same numbers by pycocotools, all classes and images at once."""
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    images = sorted({*objects.image.tolist(), *detections.image.tolist()})
    gold = COCO()
    gold.dataset = {
        "images": [{"id": image, "width": 640, "height": 480} for image in images],
        "categories": [{"id": number, "name": name} for number, name in enumerate(CLASSES)],
        "annotations": [
            {
                "id": row + 1,
                "image_id": int(objects.image[row]),
                "category_id": int(objects.category[row]),
                "bbox": objects.bbox[row].tolist(),
                "area": float(objects.area[row]),
                "iscrowd": int(objects.crowd[row]),
            }
            for row in range(len(objects))
        ],
    }
    results = [
        {
            "image_id": int(detections.image[row]),
            "category_id": int(detections.category[row]),
            "bbox": detections.bbox[row].tolist(),
            "score": float(detections.score[row]),
        }
        for row in np.flatnonzero(detections.category >= 0)
    ]
    with contextlib.redirect_stdout(io.StringIO()):
        gold.createIndex()
        found = COCO()
        found.dataset = {**gold.dataset, "annotations": []}
        found.createIndex()
        evaluator = COCOeval(gold, gold.loadRes(results) if results else found, "bbox")
        evaluator.params.maxDets = [1, 10, max_detections]
        evaluator.evaluate()
        evaluator.accumulate()
    precision = evaluator.eval["precision"][..., -1]  # (IoU, recall, class, area)

    def mean(part: np.ndarray) -> float:
        there = part[part > -1]
        return float(there.mean()) if there.size else math.nan

    every = precision[..., 0]
    sizes = {name: mean(precision[..., place]) for place, name in enumerate(SIZES, start=1)}
    return {"ap": mean(every), "ap50": mean(every[0]), "ap75": mean(every[5]), **sizes}


def assert_same(found: AveragePrecision, meant: dict[str, float]) -> None:
    for name, value in meant.items():
        assert getattr(found, name) == pytest.approx(value, abs=1e-9, nan_ok=True), name


def arrays(
    things: list[tuple[int, int, list[float], float, bool]], boxes: list[tuple[int, int, list[float], float]]
) -> tuple[Objects, Detections]:
    return (
        Objects(
            np.array([t[0] for t in things], dtype=np.int64),
            np.array([t[1] for t in things], dtype=np.int64),
            np.array([t[2] for t in things], dtype=np.float64).reshape(-1, 4),
            np.array([t[3] for t in things], dtype=np.float64),
            np.array([t[4] for t in things], dtype=bool),
        ),
        Detections(
            np.array([b[0] for b in boxes], dtype=np.int64),
            np.array([b[1] for b in boxes], dtype=np.int64),
            np.array([b[2] for b in boxes], dtype=np.float64).reshape(-1, 4),
            np.array([b[3] for b in boxes], dtype=np.float64),
        ),
    )


# A coarse grid: boxes repeat, overlap at exact thresholds, have no area, and lie in crowds.
SIDES = st.sampled_from([0.0, 1.0, 31.0, 32.0, 60.0, 96.0, 120.0, 240.0])
BOX = st.tuples(SIDES, SIDES, SIDES, SIDES).map(list)
THING = st.tuples(
    st.integers(0, 3),
    st.integers(0, 3),
    BOX,
    st.sampled_from([0.0, 1023.0, 1024.0, 5000.0, 9216.0, 4e4]),
    st.booleans(),
)
FOUND = st.tuples(st.integers(0, 3), st.integers(-1, 3), BOX, st.sampled_from([0.0, 0.5, 0.5, 1.0]))


@settings(max_examples=150, deadline=None)
@given(st.lists(THING, max_size=14), st.lists(FOUND, max_size=25), st.sampled_from([1, 3, 100]))
def test_average_precision_is_that_of_pycocotools(
    things: list[tuple[int, int, list[float], float, bool]],
    boxes: list[tuple[int, int, list[float], float]],
    max_detections: int,
) -> None:
    objects, detections = arrays(things, boxes)
    found = PrecisionEvaluator(objects, detections, CLASSES, max_detections).evaluate()
    assert_same(found, reference(objects, detections, max_detections))


@pytest.mark.parametrize("seed", range(4))
def test_and_on_many_random_boxes(seed: int) -> None:
    dice = np.random.default_rng(seed)
    things, boxes = [], []
    for image in range(60):
        for _ in range(dice.poisson(6)):
            category, bbox = int(dice.integers(4)), [*dice.uniform(0, 400, 2), *np.exp(dice.normal(4, 1, 2))]
            things.append((image, category, bbox, bbox[2] * bbox[3] * 0.8, bool(dice.random() < 0.1)))
            for _ in range(dice.integers(0, 3)):
                near = [value + dice.normal(0, 4) for value in bbox]
                near[2:] = [max(side, 1.0) for side in near[2:]]
                boxes.append((image, category, near, float(dice.integers(3) if seed % 2 else dice.random())))
    objects, detections = arrays(things, boxes)
    found = PrecisionEvaluator(objects, detections, CLASSES).evaluate()
    meant = reference(objects, detections, 100)
    assert_same(found, meant)
    assert 0 < found.ap < found.ap50 < 1


def test_more_boxes_than_coco_looks_at() -> None:
    """The right box is the 101st of its class in its image; a second image keeps its own count."""
    wrong = [(0, 0, [300.0, 300.0, 20.0, 20.0], 1.0)] * 100
    objects, detections = arrays(
        [(0, 0, [0.0, 0.0, 50.0, 50.0], 2500.0, False), (1, 0, [0.0, 0.0, 50.0, 50.0], 2500.0, False)],
        [*wrong, (0, 0, [0.0, 0.0, 50.0, 50.0], 1.0), (1, 0, [0.0, 0.0, 50.0, 50.0], 1.0)],
    )
    evaluator = PrecisionEvaluator(objects, detections, CLASSES)
    assert_same(evaluator.evaluate(), reference(objects, detections, 100))
    assert PrecisionEvaluator(objects, detections, CLASSES, 101).evaluate().ap > evaluator.evaluate().ap


def test_nothing_to_find_is_not_zero() -> None:
    nothing, some = arrays([], [(0, 0, [0.0, 0.0, 9.0, 9.0], 1.0)])
    assert math.isnan(PrecisionEvaluator(nothing, some, CLASSES).evaluate().ap)
    only_crowd, some = arrays([(0, 0, [0.0, 0.0, 9.0, 9.0], 81.0, True)], [(0, 0, [0.0, 0.0, 9.0, 9.0], 1.0)])
    assert math.isnan(PrecisionEvaluator(only_crowd, some, CLASSES).evaluate().ap)


def test_classes_are_named_with_their_counts() -> None:
    objects, detections = arrays(
        [(0, 1, [0.0, 0.0, 50.0, 50.0], 2500.0, False), (1, 2, [0.0, 0.0, 9.0, 9.0], 81.0, False)],
        [(0, 1, [0.0, 0.0, 50.0, 50.0], 1.0), (0, 1, [100.0, 0.0, 50.0, 50.0], 0.5)],
    )
    by_class = PrecisionEvaluator(objects, detections, CLASSES).evaluate().by_class
    assert by_class is not None
    assert [(name, one.objects, one.detections, one.ap) for name, one in by_class.items()] == [
        ("dog", 1, 2, 1.0),
        ("cat", 1, 0, 0.0),
    ]


def test_other_scores_rank_the_same_boxes_anew() -> None:
    objects, detections = arrays(
        [(0, 0, [0.0, 0.0, 50.0, 50.0], 2500.0, False)],
        [(0, 0, [300.0, 0.0, 50.0, 50.0], 1.0), (0, 0, [0.0, 0.0, 50.0, 50.0], 0.5)],
    )
    evaluator = PrecisionEvaluator(objects, detections, CLASSES)
    assert evaluator.evaluate().ap == pytest.approx(0.5)
    assert evaluator.evaluate(np.array([0.0, 1.0])).ap == pytest.approx(1.0)
    assert evaluator.evaluate().ap == pytest.approx(0.5)
    only_all = evaluator.evaluate(areas=())
    assert only_all.ap == evaluator.evaluate().ap
    assert math.isnan(only_all.medium)
    assert set(AREAS) == {"all", *SIZES}
