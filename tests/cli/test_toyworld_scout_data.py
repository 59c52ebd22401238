from __future__ import annotations

from pathlib import Path

import pytest

from twist_scout.cli import main
from twist_scout.data.images import load_image
from twist_scout.data.records import read_examples
from twist_scout.toyworld.scene import sample_scene
from twist_scout.toyworld.tasks import box_keys


def test_the_records_can_be_read_and_their_pictures_are_there(tmp_path: Path) -> None:
    arguments = ["--out", str(tmp_path), "--scenes", "5", "--per-scene", "3", "--size", "64"]
    assert main(["toyworld", "scout-data", *arguments, "--first-seed", "7"]) == 0
    examples = list(read_examples(tmp_path / "examples.jsonl"))
    assert 5 < len(examples) <= 15
    assert {example.image for example in examples} == {f"images/train-{seed:08d}.png" for seed in range(7, 12)}
    for example in examples:
        assert load_image(tmp_path / example.image).size == (example.width, example.height)


@pytest.mark.parametrize("terminal", [True, False])
def test_a_bar_counts_the_scenes_on_a_terminal_only(
    terminal: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1" if terminal else "")  # rich takes stderr for a terminal then
    monkeypatch.setenv("COLUMNS", "120")
    assert main(["toyworld", "scout-data", "--out", str(tmp_path), "--scenes", "3", "--size", "32"]) == 0
    output = capsys.readouterr()
    assert output.out == ""
    assert ("3/3" in output.err) is terminal
    assert "examples.jsonl" in output.err


def test_the_number_of_things_can_be_asked_for(tmp_path: Path) -> None:
    arguments = ["--out", str(tmp_path), "--scenes", "4", "--per-scene", "1", "--size", "64", "--objects", "0,0,1"]
    assert main(["toyworld", "scout-data", *arguments]) == 0
    scenes = [sample_scene(seed, split="train", objects=3) for seed in range(4)]
    assert [len(scene.objects) for scene in scenes] == [3] * 4
    assert [len(e.boxes) for e in read_examples(tmp_path / "examples.jsonl")] == [len(box_keys(s)) for s in scenes]


def test_kinds_of_tasks_can_be_chosen(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--out", str(tmp_path), "--scenes", "8", "--size", "64", "--tasks"]
    assert main(["toyworld", "scout-data", *arguments, "gic, part"]) == 0
    assert {e.meta["kind"] for e in read_examples(tmp_path / "examples.jsonl")} == {"gic", "part"}
    assert main(["toyworld", "scout-data", *arguments, "gic,parts"]) != 0
    assert "no kind 'parts'" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["", "x", "1,-1", "0,0", "1,1,1,1,1,1", "nan", "inf"])
def test_weights_that_are_none_get_one_sentence(text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["toyworld", "scout-data", "--out", str(tmp_path), "--objects", text]) != 0
    assert "such as 1,3,3,2" in capsys.readouterr().err
