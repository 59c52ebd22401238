"""The short way gives what the dialect gives, to the last bit, and only where it can."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twist_scout.boxes.box import Box
from twist_scout.boxes.dialects import Codec, known_dialects
from twist_scout.evaluation.reading import AnswerReader, read_answer
from twist_scout.evaluation.referring import ReferringRecord, from_records, gather
from twist_scout.evaluation.referring.quick import _FORMS, read_quickly
from twist_scout.evaluation.referring.samples import read_boxes

from ..hostile import hostile_texts
from .conftest import expression

SIZES = [(640, 480), (480, 640), (100, 100), (333, 500)]
numbers = st.one_of(st.integers(0, 1100).map(str), st.integers(0, 1000).map(lambda n: f"{n / 1000:.3f}"),
                    st.sampled_from(["0", "1", "100", "00", "224", "999", "1000", "-1", "1.", "0.12345", "9999999"]))  # fmt: skip
fours = st.tuples(numbers, numbers, numbers, numbers)
words = st.sampled_from(["", "the cat ", "It is at ", "(left) ", "bbox: ", "a [", "] b", "\n", "<box>", "```json\n"])
FORMS = """[[{},{},{},{}]]
[{}, {}, {}, {}]
[{},{},{},{}]
[[{}, {}, {}, {}]
[{},{},{},{}
{{"bbox_2d": [{}, {}, {}, {}]}}
[{{"bbox_2d": [{}, {}, {}, {}], "label": "the cat"}}]
```json [ {{"bbox_2d": [{}, {}, {}, {}], "label": "a"}} ] ```
{{"bbox_2d": [{}, {}, {}, {}], "label": "bbox: [1, 2, 3, 4]"}}
{{"bbox_2d": [{}, {}, {}, {}], "label": "(1,2),(3,4)"}}"""
forms = st.sampled_from(FORMS.split("\n"))
texts = st.builds(lambda a, form, four, b: a + form.format(*four) + b, words, forms, fours, words)


def compare(text: str, dialect: str, size: tuple[int, int], frame: str | None = None) -> bool:
    """Whether the short way was taken; what it gives must be what the dialect gives."""
    reader = AnswerReader(dialect, frame)
    samples = from_records([ReferringRecord(text, Box(0, 0, 1, 1), size=size)])
    boxes, rows = read_quickly(samples.answers, samples.truth, reader)
    plain = read_answer(text, *reader.for_size(size))
    if len(rows):
        assert plain.status == "parsed"
        assert boxes.tolist() == [list(box.as_tuple()) for box in plain.boxes]
    found, tally = read_boxes(samples, reader)
    assert tally.to_dict()[plain.status] == 1
    pixels = [[value * size[n % 2] for n, value in enumerate(box.as_tuple())] for box in plain.boxes]
    assert found.boxes.tolist() == pixels
    return bool(len(rows))


@settings(max_examples=400)
@given(texts, st.sampled_from(sorted(_FORMS)), st.sampled_from(SIZES), st.sampled_from([None, "padded", "stretched"]))
def test_it_gives_what_the_dialect_gives(text: str, dialect: str, size: tuple[int, int], frame: str | None) -> None:
    compare(text, dialect, size, frame)


def test_it_gives_what_the_dialect_gives_on_hostile_texts() -> None:
    for text in list(hostile_texts(600, seed=3))[:-60]:
        for dialect in _FORMS:
            compare(text[:3000], dialect, (640, 480))


@pytest.mark.parametrize("dialect", known_dialects())
def test_it_is_taken_for_what_dialects_write(dialect: str) -> None:
    reader = AnswerReader(dialect)
    codec, view = reader.for_size((640, 480))
    assert isinstance(codec, Codec)
    box = view.to_model(Box(0.1, 0.2, 0.6, 0.7))
    written = [codec.render([box]), codec.render_named("the cat", [box]), codec.render_list([("the cat", [box])])]
    taken = [compare(text, dialect, (640, 480)) for text in written]
    assert all(taken) == any(taken) == (dialect in _FORMS)


def test_both_ways_together_keep_the_order() -> None:
    answers = ["[[0,0,50,50]]", "[[1,1,2,2; 3,3,4,4]]", None, "[[5,5,60,60]]", "nothing", "[[7,7,8,8]] [[1"]
    truth = gather(expression(str(n), (0, 0, 200, 100)) for n in range(len(answers)))
    from twist_scout.evaluation.referring import Samples

    found, tally = read_boxes(Samples(truth, answers), AnswerReader("scout"))
    assert found.rows.tolist() == [0, 1, 1, 3, 5]
    assert found.boxes[:, 0].tolist() == pytest.approx([0, 2, 6, 10, 14])
    assert found.counts.tolist() == [1, 2, 0, 1, 0, 1]
    assert (tally.parsed, tally.partial, tally.failed) == (3, 1, 1)
    assert np.flatnonzero(found.problems).tolist() == [2, 4]


def test_on_the_public_expressions_both_ways_agree(shared: Path) -> None:
    path = shared / "refcoco" / "REC_refcocog_umd_val.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()[::97]]
    for dialect in _FORMS:
        reader = AnswerReader(dialect)
        for row in rows:
            codec, view = reader.for_size((row["width"], row["height"]))
            assert isinstance(codec, Codec)
            box = Box.from_pixels(*row["bbox"], width=row["width"], height=row["height"], clip=True)
            text = codec.render_named(row["expression"], [view.to_model(box)])
            compare(text, dialect, (row["width"], row["height"]))
