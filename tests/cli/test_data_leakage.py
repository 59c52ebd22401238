from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from twist_scout.cli import main


@pytest.fixture
def folders(tmp_path: Path) -> tuple[str, str]:
    """Training pictures, one by the id and one by the look of an evaluation picture."""
    train, val = tmp_path / "train", tmp_path / "val"
    train.mkdir(), val.mkdir()
    for seed, (one, other) in enumerate(
        [("000000000042.png", "COCO_val2014_000000000042.png"), ("a.png", "b.png"), ("c.png", "d.png")]
    ):
        cells = np.random.default_rng(seed).integers(0, 255, (2, 8, 8, 3), dtype=np.uint8)
        pictures = [Image.fromarray(each).resize((160, 120), Image.Resampling.BICUBIC) for each in cells]
        pictures[0].save(val / other)
        (pictures[0].resize((100, 100)) if one == "a.png" else pictures[1]).save(train / one)
    return str(train), str(val)


def test_without_leaks_the_status_is_0(folders: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    train, _ = folders
    Path(train, "val.txt").write_text("99\n")
    assert main(["data", "leakage", train, "--against", str(Path(train, "val.txt"))]) == 0
    assert "0 of 3 training pictures" in capsys.readouterr().out


def test_leaks_are_listed_and_the_status_is_1(folders: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    train, val = folders
    assert main(["data", "leakage", train, "--against", val]) == 1
    told = capsys.readouterr().out
    assert "000000000042.png" in told
    assert "1 of 3 training pictures" in told
    assert main(["data", "leakage", train, "--against", val, "--hash"]) == 1
    told = capsys.readouterr().out
    assert "b.png" in told
    assert "of 128 bits differ" in told
    assert "2 of 3 training pictures (2 of 3 records) are among 3 evaluation pictures" in told


def test_json_is_all_there_is_on_stdout(folders: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    train, val = folders
    assert main(["data", "leakage", train, "--against", val, "--hash", "--json"]) == 1
    report = json.loads(capsys.readouterr().out)
    assert [(leak["image"], leak["match"]["by"]) for leak in report["leaks"]] == [
        ("000000000042.png", "id"),
        ("a.png", "hash"),
    ]
    assert (report["pictures"], report["hashed"], report["against"]) == (3, 3, {val: 3})


def test_a_threshold_of_0_wants_equal_hashes(folders: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    train, val = folders
    Image.open(Path(val, "b.png")).save(Path(train, "a.png"))
    arguments = ["data", "leakage", train, "--against", val, "--hash", "--threshold", "0", "--json"]
    assert main(arguments) == 1
    (_, by_hash) = json.loads(capsys.readouterr().out)["leaks"]
    assert by_hash["match"]["distance"] == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["TRAIN"], "--against"),
        (["TRAIN", "--against", "/nowhere"], "/nowhere does not exist"),
        (["/nowhere", "--against", "VAL"], "/nowhere does not exist"),
    ],
)
def test_mistakes_are_one_sentence(
    folders: tuple[str, str], arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    names = {"TRAIN": folders[0], "VAL": folders[1]}
    assert main(["data", "leakage", *(names.get(each, each) for each in arguments)]) == 2
    assert words in capsys.readouterr().err
