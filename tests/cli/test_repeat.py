"""A command can be written down so that it does the same again."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from twist_scout.cli import main

from ..scout.data_set import write_data_set


def written(card: Path) -> list[str]:
    (line,) = (line for line in card.read_text("utf-8").splitlines() if line.startswith("twist-scout "))
    return shlex.split(line)


def test_the_card_of_a_data_set_holds_the_command_that_makes_it_again(tmp_path: Path) -> None:
    scenes, out, again = (str(tmp_path / name) for name in ("my scenes", "out", "again"))
    assert main(["toyworld", "sample", "--seed", "3", "--count", "5", "--out", scenes]) == 0
    given = ["scout", "build", scenes, "--out", out, "--negatives", "2", "--seed", "7", "--copy-images", "--iou", "0.6"]
    assert main([*given, "--checks", "all,-annotation", "--json"]) == 0
    command = written(tmp_path / "out" / "README.md")
    assert command[:4] == ["twist-scout", "scout", "build", scenes]
    assert "--json" not in command
    assert "--positives" not in command  # it is at its default
    assert main([again if word == out else word for word in command[1:]]) == 0
    for name in ("train.jsonl", "rejects.jsonl"):
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "again" / name).read_bytes()
    assert written(tmp_path / "again" / "README.md")[4:] == [again if word == out else word for word in command[4:]]


def test_a_readme_that_stands_there_is_not_touched(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_data_set(tmp_path / "other")
    assert main(["toyworld", "sample", "--count", "2", "--out", str(tmp_path / "scenes")]) == 0
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "README.md").write_text("mine")
    assert main(["scout", "build", str(tmp_path / "scenes"), "--out", str(tmp_path / "out")]) == 0
    assert (tmp_path / "out" / "README.md").read_text() == "mine"
    capsys.readouterr()
