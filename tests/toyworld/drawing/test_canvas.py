"""Laws of the recording canvas."""

from __future__ import annotations

import numpy as np
import pytest

from twist_scout.toyworld.drawing import CATEGORIES, PEOPLE, Canvas, Figure, sketch_of

RED = (255, 0, 0)


def test_silhouette_fills_the_unit_box_whatever_the_numbers() -> None:
    canvas = Canvas()
    canvas.rectangle(-300, 40, 100, 240, RED)
    canvas.ellipse((0, 100), 10, 10, RED, detail=True)
    sketch = canvas.sketch()
    assert sketch.aspect == pytest.approx(2.0)
    body = sketch.points[: sketch.ends[0]]
    assert body.min(axis=0) == pytest.approx([0, 0])
    assert body.max(axis=0) == pytest.approx([1, 1])


def test_details_never_widen_the_silhouette() -> None:
    canvas = Canvas()
    canvas.rectangle(0, 0, 10, 10, RED)
    plain = canvas.sketch().aspect
    canvas.rectangle(-50, 0, 50, 1, RED, detail=True)
    assert canvas.sketch().aspect == plain


def test_a_drawing_of_details_only_is_refused() -> None:
    canvas = Canvas()
    canvas.ellipse((0, 0), 1, 1, RED, detail=True)
    with pytest.raises(ValueError, match="not a detail"):
        canvas.sketch()


def test_stroke_reaches_half_its_width_beyond_its_points() -> None:
    canvas = Canvas()
    canvas.stroke([(0, 0), (10, 0)], 4, RED)
    assert canvas.sketch().aspect == pytest.approx(14 / 4)


def test_turned_ellipse_swaps_its_sides() -> None:
    canvas = Canvas()
    canvas.ellipse((5, 5), 6, 2, RED, angle=90)
    assert canvas.sketch().aspect == pytest.approx(1 / 3)


@pytest.mark.parametrize("category", CATEGORIES)
def test_details_of_every_category_stay_in_its_box(category: str) -> None:
    figure = Figure("offering", hat=True, dress=False) if category in PEOPLE else None
    points = sketch_of(category, figure).points
    assert np.all(points >= -1e-9)
    assert np.all(points <= 1 + 1e-9)
