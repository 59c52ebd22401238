"""Text with boxes and text with references are two writings of one thing."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from twist_scout.boxes.grounded import GroundedText
from twist_scout.data.records import Example, Message, box_references, render_messages
from twist_scout.scout.references import renumbered, to_references, without_references

corner = st.integers(0, 60)
side = st.integers(5, 40)
boxes = st.builds(lambda x, y, w, h: [x, y, x + w, y + h], corner, corner, side, side)
words = st.sampled_from(["the man", "a red hat", "two dogs", "the tree on the left"])


@given(st.lists(st.tuples(words, st.lists(boxes, min_size=1, max_size=3)), min_size=1, max_size=4))
def test_references_written_out_again_are_the_boxes_of_the_text(things):
    groups = [f"{name} [[{'; '.join(','.join(map(str, b)) for b in group)}]]" for name, group in things]
    text = "Step 1: Find " + ". Step 2: Find ".join(groups) + "."
    grounded = GroundedText.parse(text)
    content, found = to_references(grounded, 100, 100)
    example = Example(
        id="1",
        image="x.png",
        width=100,
        height=100,
        task="scout",
        messages=[Message(role="user", content=content)],
        boxes=found,
    )
    again = GroundedText.parse(render_messages(example)[0]["content"])
    assert again.plain == grounded.plain
    assert len(again.phrases) == len(grounded.phrases)
    for one, other in zip(again.phrases, grounded.phrases, strict=True):
        assert all(max(box.iou(b) for b in one.boxes) >= 0.9 for box in other.boxes)


def test_a_box_that_is_written_again_with_a_jitter_is_the_same_box():
    grounded = GroundedText.parse(
        "Find the man [[10,10,60,90]]. The man [[10,10,60,91]] is tall. A dog [[70,10,90,30]]."
    )
    content, found = to_references(grounded, 100, 100)
    assert content == "Find the man <box:0>. The man <box:0> is tall. A dog <box:1>."
    assert len(found) == 2


def test_boxes_that_touch_a_word_are_set_apart():
    content, _ = to_references(GroundedText.parse("the man[[10,10,60,90]]"), 100, 100)
    assert content == "the man <box:0>"


def test_renumbering_keeps_the_meaning_of_every_reference():
    pool = [(float(n), 0.0, n + 1.0, 1.0) for n in range(6)]
    text = "a <box:4> b <box:2,4> c <box:0>"
    content, kept = renumbered(text, pool)
    assert content == "a <box:0> b <box:1,0> c <box:2>"
    before = [[pool[i] for i in indexes] for indexes in box_references(text)]
    assert [[kept[i] for i in indexes] for indexes in box_references(content)] == before


def test_without_references_are_the_words():
    assert without_references("A man <box:0> and two cars <box:1,2>.") == "A man and two cars."
