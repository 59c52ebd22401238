"""A file is read to its end, whatever stands in it, and every line is judged once."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twist_scout.data.records import Example, Message, write_examples
from twist_scout.scout.checks import CHECKS, CheckSettings
from twist_scout.scout.inspection import UNIQUE_ID, ItemLookup, inspect
from twist_scout.scout.items import SourceItem
from twist_scout.scout.sources.source import Source

from .data_set import write_data_set


class Things(Source):
    """Pictures with one thing each, at a place of its own."""

    kind = "things"

    def __init__(self, count: int) -> None:
        super().__init__(Path(__file__))
        self.count, self.readings = count, 0

    def read(self):
        self.readings += 1
        for n in range(self.count):
            yield thing(n)


def thing(n: int) -> SourceItem:
    return SourceItem(
        id=f"i{n}", source="things", image=f"{n}.png", width=160, height=100, boxes=((n % 50, 10, n % 50 + 40, 60),),
        entities=({"name": "dog", "boxes": (0,)},), complete=("dog", "cat"),
    )  # fmt: skip


def about(n: int, *, shift: float = 0, id: str | None = None) -> Example:
    x1, y1, x2, y2 = thing(n).boxes[0]
    return Example(
        id=id or f"things:i{n}:0", image=f"{n}.png", width=160, height=100, task="scout",
        messages=[Message(role="user", content="Where is the dog?"),
                  Message(role="assistant", content="Step 1: Find the dog <box:0>. Step 2: So the answer is the dog.")],
        boxes=[(x1 + shift, y1, x2 + shift, y2)], meta={"provenance": {"item": f"i{n}"}},
    )  # fmt: skip


def test_bad_lines_are_listed_with_their_numbers_and_do_not_stop_it(tmp_path: Path) -> None:
    write_data_set(tmp_path)
    file = tmp_path / "train.jsonl"
    lines = file.read_bytes().splitlines()
    broken = [
        lines[0],
        b"",
        lines[1][:50],
        b'{"id": 3}',
        b"\xff\xfe",
        b"[]",
        b"null",
        b"[" * 100_000,
        lines[2],
        lines[0],
    ]
    file.write_bytes(b"\n".join(broken))
    found = inspect(file)
    assert (found.records, found.unreadable) == (3, 6)
    assert [bad.line for bad in found.bad] == [3, 4, 5, 6, 7, 8]
    assert not any(str(tmp_path) in bad.reason for bad in found.bad)
    assert not found.clean
    assert [(f.line, f.id) for f in found.examples[UNIQUE_ID]] == [(10, "small:1:0")]
    json.dumps(found.to_dict())


def test_every_record_gets_one_outcome_from_every_check(tmp_path: Path) -> None:
    made = write_data_set(tmp_path)
    found = inspect(tmp_path / "train.jsonl")
    assert set(found.outcomes) == {UNIQUE_ID, *CHECKS}
    assert all(counts.total() == len(made) for counts in found.outcomes.values())
    assert found.matched is None
    assert found.outcomes["annotation"]["skipped"] == len(made)


@pytest.mark.parametrize("order", ["source", "backwards", "shuffled"])
def test_records_meet_their_items_in_any_order(order: str, tmp_path: Path) -> None:
    numbers = [n for n in range(3000) for _ in range(1 + n % 2)]
    if order == "backwards":
        numbers.reverse()
    elif order == "shuffled":
        random.Random(0).shuffle(numbers)
    wrong = set(range(0, len(numbers), 100))
    rows = [about(n, shift=45 if place in wrong else 0, id=str(place)) for place, n in enumerate(numbers)]
    write_examples(tmp_path / "x.jsonl", rows)
    source = Things(3000)
    found = inspect(tmp_path / "x.jsonl", items=ItemLookup(source), shown=99)
    assert found.matched == found.records == len(numbers)
    assert {finding.line - 1 for finding in found.examples["annotation"]} == wrong
    assert source.readings == (1 if order == "source" else 2)


def test_few_items_are_held_while_both_come_in_one_order(tmp_path: Path) -> None:
    lookup = ItemLookup(Things(5000))
    assert all(lookup.of(about(n)) is not None for n in range(5000))
    assert len(lookup._near) <= 1024
    assert lookup._all is None


def test_records_of_others_have_no_item(tmp_path: Path) -> None:
    stray = [
        about(1).model_copy(update={"meta": meta}) for meta in ({}, {"provenance": 3}, {"provenance": {"item": "?"}})
    ]
    write_examples(
        tmp_path / "x.jsonl", [row.model_copy(update={"id": str(n)}) for n, row in enumerate([*stray, about(2)])]
    )
    found = inspect(tmp_path / "x.jsonl", items=ItemLookup(Things(5)))
    assert found.matched == 1
    assert found.outcomes["annotation"] == {"skipped": 3, "passed": 1}


def test_thresholds_can_be_set(tmp_path: Path) -> None:
    write_examples(tmp_path / "x.jsonl", [about(0, shift=10)])
    outcomes = [
        inspect(tmp_path / "x.jsonl", items=ItemLookup(Things(1)), settings=CheckSettings(iou=iou)).clean
        for iou in (0.5, 0.7)
    ]
    assert outcomes == [True, False]


@given(
    contents=st.lists(st.text(max_size=80), min_size=1, max_size=4),
    meta=st.dictionaries(
        st.sampled_from(["missing", "expected", "question", "provenance", "verdicts", "kind"]),
        st.recursive(st.none() | st.booleans() | st.text(max_size=9), lambda v: st.lists(v, max_size=2)),
    ),
    negative=st.booleans(),
    task=st.sampled_from(["scout", "negative", "rec", "understanding"]),
)
def test_no_record_breaks_a_check(contents, meta, negative, task, tmp_path_factory) -> None:
    roles = ("user", "assistant")
    messages = [
        {"role": roles[n % 2], "content": text.replace("<box", "") + "x <box:0>"} for n, text in enumerate(contents)
    ]
    row = {
        "id": "1", "image": "x", "width": 9, "height": 9, "task": task, "messages": messages, "boxes": [[1, 1, 5, 5]],
        "negative": negative, "meta": meta,
    }  # fmt: skip
    file = tmp_path_factory.mktemp("one") / "x.jsonl"
    file.write_text(json.dumps(row) + "\n", "utf-8")
    assert inspect(file, items=ItemLookup(Things(3))).records == 1
