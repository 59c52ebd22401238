"""Which file holds the records, and random lines of it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from twist_scout.errors import BadInput, BadRecord
from twist_scout.scout.files import records_file, sample_examples, sample_lines

from .data_set import write_data_set


def test_a_folder_stands_for_its_records(tmp_path: Path) -> None:
    write_data_set(tmp_path)
    assert records_file(tmp_path) == records_file(tmp_path / "train.jsonl") == tmp_path / "train.jsonl"


def test_a_file_of_any_name_is_taken_where_it_is_the_only_one(tmp_path: Path) -> None:
    (tmp_path / "mine.jsonl").write_text("{}\n")
    for other in ("rejects.jsonl", "audit.jsonl"):
        (tmp_path / other).write_text("{}\n")
    assert records_file(tmp_path).name == "mine.jsonl"
    (tmp_path / "yours.jsonl").write_text("{}\n")
    with pytest.raises(BadInput, match="2 JSONL files"):
        records_file(tmp_path)


def test_what_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    for path, said in ((tmp_path, "no JSONL file"), (tmp_path / "x", "does not exist")):
        with pytest.raises(BadInput, match=said):
            records_file(path)


def test_lines_are_drawn_without_order_or_place_having_a_say(tmp_path: Path) -> None:
    file = tmp_path / "x.jsonl"
    file.write_text("".join(f"{n}\n\n" for n in range(20)))  # blank lines are none
    drawn = Counter(int(line) for seed in range(2000) for _, line in sample_lines(file, 5, seed))
    assert set(drawn) == set(range(20))
    assert max(drawn.values()) < 1.3 * min(drawn.values())
    one = sample_lines(file, 5, 3)
    assert one == sorted(one) == sample_lines(file, 5, 3)
    assert all(number == 2 * int(line) + 1 for number, line in one)
    assert len(sample_lines(file, 99, 0)) == 20


def test_only_lines_that_are_drawn_are_read(tmp_path: Path) -> None:
    write_data_set(tmp_path)
    file = tmp_path / "train.jsonl"
    file.write_text("no record\n" + file.read_text())
    outcomes = set()
    for seed in range(30):
        try:
            outcomes.add(sample_examples(file, 1, seed)[0].id)
        except BadRecord as error:
            outcomes.add(error.line)
    assert outcomes == {1, "small:1:0", "small:1:1", "small:2:0", "small:3:0"}
