from __future__ import annotations

from pathlib import Path

from twist_scout.cli import main
from twist_scout.data.images import load_image
from twist_scout.data.records import read_examples


def test_the_records_can_be_read_and_their_pictures_are_there(tmp_path: Path) -> None:
    arguments = ["--out", str(tmp_path), "--scenes", "5", "--per-scene", "3", "--size", "64"]
    assert main(["toyworld", "scout-data", *arguments, "--first-seed", "7"]) == 0
    examples = list(read_examples(tmp_path / "examples.jsonl"))
    assert 5 < len(examples) <= 15
    assert {example.image for example in examples} == {f"images/train-{seed:08d}.png" for seed in range(7, 12)}
    for example in examples:
        assert load_image(tmp_path / example.image).size == (example.width, example.height)
