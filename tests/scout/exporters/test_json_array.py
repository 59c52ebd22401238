"""A long JSON list is read in pieces, and means the same wherever it is cut."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twist_scout.errors import BadInput, BadRecord
from twist_scout.scout.exporters import json_array
from twist_scout.scout.exporters.json_array import rows_of_list

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
)
ROWS = st.lists(st.dictionaries(st.text(max_size=4), VALUES, max_size=4), max_size=6)


@settings(deadline=None)
@given(rows=ROWS, block=st.integers(1, 40), indent=st.sampled_from([None, 0, 3]), ascii=st.booleans())
def test_every_block_size_gives_the_same_rows(rows, block, indent, ascii, tmp_path_factory) -> None:
    path = tmp_path_factory.mktemp("x") / "x.json"
    path.write_bytes(json.dumps(rows, indent=indent, ensure_ascii=ascii).encode("utf-8", "surrogatepass"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_array, "_BLOCK", block)
        assert list(rows_of_list(path)) == list(enumerate(rows, start=1))


def test_lines_and_byte_order_marks_are_fine_too(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    for text in ('{"a": 1}\n\n{"a": 2}\n', '\ufeff [{"a": 1},\n{"a": 2}]'):
        path.write_text(text, "utf-8")
        assert [row["a"] for _, row in rows_of_list(path)] == [1, 2]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('[{"a": 1}, {"a"', 2),
        ('[{"a": 1}', 2),
        ('[{"a": 1} {"b": 2}]', 2),
        ("[", 1),
        ("[3]", 1),
        ('[{"a": ' + "[" * 100_000, 1),
    ],
)
def test_what_is_damaged_is_named_and_what_was_whole_is_given(text: str, place: int, tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text(text)
    rows = rows_of_list(tmp_path / "x.json")
    given = []
    with pytest.raises(BadRecord) as caught:
        given.extend(rows)
    assert caught.value.line == place


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be read"):
        list(rows_of_list(tmp_path / "x.json"))


def test_the_list_is_never_whole_in_memory(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text("[" + ",".join(['{"a": "' + "x" * 1000 + '"}'] * 20_000) + "]")
    tracemalloc.start()
    assert sum(1 for _ in rows_of_list(path)) == 20_000
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2_000_000 < path.stat().st_size
