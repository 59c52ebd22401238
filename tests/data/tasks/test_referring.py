from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twist_scout.boxes.grounded import GroundedText
from twist_scout.data.records import render_messages
from twist_scout.data.referring import ReferringExpression
from twist_scout.data.tasks.referring import rec_example
from twist_scout.data.tasks.templates import REC


def expression(words: str = "guy on the left", id: str = "7") -> ReferringExpression:
    return ReferringExpression(id, "a.jpg", 640, 480, words, (64, 48, 320, 240), "train", {"dataset": "refcoco"})


def test_the_box_is_the_answer() -> None:
    example = rec_example(expression(), id="rec:7")
    assert example.messages[-1].content == "Guy on the left <box:0>."
    assert "guy on the left" in example.messages[0].content
    assert (example.task, example.boxes) == ("rec", [(64, 48, 320, 240)])
    assert example.meta == {
        "source": "refcoco", "dataset": "refcoco", "expression": "guy on the left", "sent_id": "7", "split": "train",
    }  # fmt: skip
    read = GroundedText.parse(render_messages(example)[-1]["content"])
    assert [box.as_tuple() for box in read.boxes] == [(0.1, 0.1, 0.5, 0.5)]
    assert rec_example(expression(), id="rec:7", answer="box").messages[-1].content == "<box:0>"
    assert rec_example(expression(), id="rec:7", image="b/a.jpg").image == "b/a.jpg"


def test_all_templates_are_used_and_the_same_one_every_time() -> None:
    first = [rec_example(expression(), id=str(n)).messages[0].content for n in range(300)]
    assert first == [rec_example(expression(), id=str(n)).messages[0].content for n in range(300)]
    assert set(first) == {template.format(expression="guy on the left") for template in REC}
    assert first != [rec_example(expression(), id=str(n), seed=1).messages[0].content for n in range(300)]


@pytest.mark.parametrize("words", ["dog.", "dog .", "dog;", "dog "])
def test_a_full_stop_is_not_written_twice(words: str) -> None:
    example = rec_example(expression(words), id="1")
    assert example.messages[-1].content == "Dog <box:0>."


def test_quotation_marks_inside_of_quotation_marks() -> None:
    prompts = {rec_example(expression('sign "stop"'), id=str(n)).messages[0].content for n in range(100)}
    assert all(prompt.count('"') in (0, 2) for prompt in prompts)


@given(words=st.text(min_size=1).filter(str.strip), id=st.text())
def test_any_words_make_a_record(words: str, id: str) -> None:
    from twist_scout.data.referring.reader import words as tidy

    example = rec_example(expression(tidy(words)), id=id)
    assert example.messages[-1].content.endswith("<box:0>.")
