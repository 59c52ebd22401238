from __future__ import annotations

from pathlib import Path

import pytest

from twist_scout.cli import main

from ..scout.data_set import write_data_set


def test_a_page_is_written_beside_the_records(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_data_set(tmp_path)
    assert main(["scout", "view", str(tmp_path), "--rejects", "--count", "6"]) == 0
    page = (tmp_path / "view.html").read_text("utf-8")
    assert page.count("<article") == 6
    output = capsys.readouterr()
    assert output.out == ""
    assert "view.html" in output.err


def test_options_decide_what_is_shown(tmp_path: Path) -> None:
    write_data_set(tmp_path)
    out = tmp_path / "new" / "look.html"
    assert main(["scout", "view", str(tmp_path / "train.jsonl"), "--out", str(out), "--count", "2", "--seed", "9"]) == 0
    assert out.read_text("utf-8").count("<article") == 2
    small, large = (tmp_path / f"{side}.html" for side in (64, 320))
    for side, path in ((64, small), (320, large)):
        assert main(["scout", "view", str(tmp_path), "--out", str(path), "--side", str(side)]) == 0
    assert small.stat().st_size < large.stat().st_size


def test_wrong_places_are_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_data_set(tmp_path)
    for arguments, said in (
        ([str(tmp_path / "no")], "does not exist"),
        ([str(tmp_path), "--out", str(tmp_path)], "is a folder"),
    ):
        assert main(["scout", "view", *arguments]) == 2
        assert said in capsys.readouterr().err
