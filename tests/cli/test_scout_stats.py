from __future__ import annotations

import json
from pathlib import Path

import pytest

from twist_scout.cli import main
from twist_scout.scout.exporters import FORMATS, export

from ..scout.data_set import formats, write_data_set


def test_two_data_sets_stand_side_by_side(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("one", "two"):
        write_data_set(tmp_path / name)
    lines = (tmp_path / "two" / "train.jsonl").read_text().splitlines(keepends=True)
    (tmp_path / "two" / "train.jsonl").write_text("".join(lines[:2]))
    assert main(["scout", "stats", str(tmp_path / "one"), str(tmp_path / "two")]) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines() if line.strip(" ─")]
    table = {" ".join(row[:-2]): row[-2:] for row in rows}
    assert table[""] == ["one", "two"]
    assert table["images"] == ["3", "1"]
    assert table["Q/A pairs"] == ["5", "2"]
    assert table["task negative"] == ["1", "–"]
    named = [row[0] for row in rows]
    assert named.index("task") > named.index("boxes")


@pytest.mark.parametrize("name", formats())
def test_formats_of_others_are_counted_too(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_data_set(tmp_path)
    out = tmp_path / "out" / f"x{'' if FORMATS[name].folder else FORMATS[name].ending}"
    export(tmp_path, name, out)
    assert main(["scout", "stats", str(out), "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert found["images"] == 3
    assert found["objects"] == 7
    assert found["data"] == str(out)


def test_a_bad_line_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_data_set(tmp_path)
    with (tmp_path / "train.jsonl").open("a") as file:
        file.write("{}\n")
    assert main(["scout", "stats", str(tmp_path)]) == 2
    assert "line 5" in capsys.readouterr().err


def test_names_from_strangers_do_not_steer_the_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_data_set(tmp_path)
    file = tmp_path / "train.jsonl"
    file.write_text(file.read_text().replace('"kind":"where"', '"kind":"\\u001b[2J[bold]x"'))
    assert main(["scout", "stats", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert "\x1b" not in said
    assert "[bold]x" in said
