from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from twist_scout.boxes import Box
from twist_scout.cli import main


def sample(folder: Path, *options: str) -> list[dict[str, object]]:
    assert main(["toyworld", "sample", "--out", str(folder), "--size", "96", *options]) == 0
    return [json.loads(line) for line in (folder / "truth.jsonl").read_text().splitlines()]


def test_pictures_and_truth_agree(tmp_path: Path) -> None:
    records = sample(tmp_path, "--seed", "3", "--count", "4")
    assert len(records) == 4
    for record in records:
        with Image.open(tmp_path / str(record["image"])) as picture:
            assert picture.size == (record["width"], record["height"]) == (96, 96)
        assert record["caption"]
        objects = record["objects"]
        assert isinstance(objects, list)
        assert objects
        for thing in objects:
            assert {"name", "category", "box", "expression"} <= set(thing)
            assert ("color" in thing) is (thing["category"] != "person")
            assert Box.from_pixels(*thing["box"], width=96, height=96).area > 0
        expressions = [thing["expression"] for thing in objects]
        assert len(set(expressions)) == len(expressions)


def test_the_same_seed_gives_the_same_files_and_runs_overlap(tmp_path: Path) -> None:
    sample(tmp_path / "a", "--seed", "5", "--count", "3")
    sample(tmp_path / "b", "--seed", "5", "--count", "3")
    later = sample(tmp_path / "c", "--seed", "6", "--count", "1")
    for file in (tmp_path / "a").iterdir():
        assert file.read_bytes() == (tmp_path / "b" / file.name).read_bytes()
    assert later[0]["image"] in {file.name for file in (tmp_path / "a").iterdir()}


def test_held_out_pairs_are_only_in_scenes_that_ask_for_them(tmp_path: Path) -> None:
    def unusual(record: dict[str, object]) -> bool:
        objects = record["objects"]
        assert isinstance(objects, list)
        return any(thing["held_out"] for thing in objects)

    assert all(unusual(r) for r in sample(tmp_path / "a", "--count", "3", "--variant", "pairs"))
    assert not any(unusual(r) for r in sample(tmp_path / "b", "--count", "8"))
    assert not any(unusual(r) for r in sample(tmp_path / "c", "--count", "8", "--split", "train"))


def test_held_out_training_scenes_do_not_exist(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "x"
    assert main(["toyworld", "sample", "--out", str(out), "--split", "train", "--variant", "pairs"]) == 2
    assert "never sampled for training" in capsys.readouterr().err
    assert not out.exists()
