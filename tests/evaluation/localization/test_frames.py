from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twist_scout.evaluation.localization.frames import resized_coco, resized_voc, size_classes

edges = st.integers(1, 4000)
shares = st.floats(0, 1, allow_nan=False)


@given(edges, edges, shares, shares, shares, shares)
def test_a_box_of_coco_is_cut_number_by_number(w: int, h: int, x: float, y: float, wide: float, high: float) -> None:
    box = [x * w, y * h, (1 - x) * wide * w, (1 - y) * high * h]
    # Written out anew: the ratio, int() of each of the four, the far edges at 223 at most.
    rw, rh = 224 / w, 224 / h
    a, b, c, d = int(box[0] * rw), int(box[1] * rh), int(box[2] * rw), int(box[3] * rh)
    assert resized_coco(box, w, h) == (a, b, min(a + c, 223), min(b + d, 223))


def test_the_ratio_is_taken_before_the_product() -> None:
    # 55 * 224 / 220 is 56, but 224 / 220 is a hair less than it should be.
    assert 55 * 224 / 220 == 56
    assert resized_coco([55, 0, 55, 10], 220, 220)[:1] == (55.0,)
    differing = [(v, w) for w in range(1, 700) for v in (w // 2, w // 3) if int(v * (224 / w)) != int(v * 224 / w)]
    assert differing, "the order of the operations matters for some sizes"
    value, width = differing[0]
    assert resized_coco([value, 0, 0, 0], width, 1)[0] == int(value * (224 / width))


def test_voc_counts_from_one_and_ends_at_224() -> None:
    assert resized_voc((1, 1, 500, 375), 500, 375) == (1.0, 1.0, 224.0, 224.0)
    assert resized_voc((48, 240, 195, 371), 353, 500) == (30.0, 107.0, 123.0, 166.0)


@pytest.mark.parametrize(
    ("area", "name"),
    [(0, "small"), (32**2 - 1e-6, "small"), (32**2, "medium"), (96**2 - 1e-6, "medium"), (96**2, "large")],
)
def test_a_size_class_includes_its_lower_bound(area: float, name: str) -> None:
    assert {key: bool(mask[0]) for key, mask in size_classes([area]).items()} == {
        key: key == name for key in ("small", "medium", "large")
    }


@given(st.lists(st.floats(0, 1e7)))
def test_every_area_is_of_one_class(areas: list[float]) -> None:
    assert (sum(mask.astype(int) for mask in size_classes(areas).values()) == np.ones(len(areas))).all()
