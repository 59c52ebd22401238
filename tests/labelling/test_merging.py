from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from twist_scout.boxes.box import corner_iou
from twist_scout.labelling.labels import LabelledBox
from twist_scout.labelling.merging import SAME, merged, with_contests

numbers = st.integers(0, 12)
PHRASES = ("dog", "red car", "car", "cat")


@st.composite
def boxes(draw: st.DrawFn) -> LabelledBox:
    x, y = draw(numbers), draw(numbers)
    corners = (float(x), float(y), float(x + draw(st.integers(1, 12))), float(y + draw(st.integers(1, 12))))
    score = draw(st.none() | st.sampled_from([0.2, 0.5, 0.9]))
    label = draw(st.integers(0, 3))
    return LabelledBox(label, corners, PHRASES[label], score)


def same(a: LabelledBox, b: LabelledBox) -> bool:
    return a.label == b.label and corner_iou(a.box, b.box) > SAME


@given(st.lists(boxes(), max_size=12))
def test_no_two_are_about_one_thing_and_every_one_that_went_had_a_reason(found: list[LabelledBox]) -> None:
    kept = merged(found)
    assert not any(same(a, b) for i, a in enumerate(kept) for b in kept[:i])
    assert kept == [box for box in found if any(box is one for one in kept)]  # in the order given
    for box in found:
        if not any(box is one for one in kept):
            assert any(same(box, one) and (one.score or 0) >= (box.score or 0) for one in kept)
    assert merged(kept) == kept


@given(st.lists(boxes(), max_size=8))
def test_a_place_is_contested_by_what_a_thing_cannot_be_as_well(found: list[LabelledBox]) -> None:
    for box, told in zip(found, with_contests(found), strict=True):
        others = [one for one in found if one.label != box.label and corner_iou(one.box, box.box) > SAME]
        rivals = [one for one in others if {one.phrase, box.phrase} != {"car", "red car"}]
        assert told.contested == bool(rivals)
        assert (told.label, told.box, told.score) == (box.label, box.box, box.score)


def test_of_equals_the_first_stays() -> None:
    first, second = LabelledBox(0, (0, 0, 10, 10), "dog", 0.5), LabelledBox(0, (0, 0, 10, 9), "puppy", 0.5)
    assert merged([first, second]) == [first]
    assert merged([second, first]) == [second]
    assert merged([first, LabelledBox(0, (0, 0, 10, 9), "puppy", 0.6)])[0].phrase == "puppy"
    assert merged([first, second], same=0.95) == [first, second]
    assert merged([]) == with_contests([]) == []
