from __future__ import annotations

from twist_scout.pages.drawing import COLORS, Drawn, large_first


def test_small_boxes_lie_on_top() -> None:
    boxes = [Drawn(0, 0, 0, 1, 1), Drawn(1, 0, 0, 5, 5), Drawn(2, 2, 2, 2, 2)]
    assert [box.index for box in large_first(boxes)] == [1, 2, 0]


def test_names_and_marks_follow_the_number_unless_given() -> None:
    box = Drawn(COLORS + 1, 0, 0, 1, 1)
    assert (box.color, box.mark, box.name) == (1, "12", "box 12")
    assert Drawn(0, 0, 0, 1, 1, tag="T", title="the hat").name == "the hat"
