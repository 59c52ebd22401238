from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from twist_scout.cli import main
from twist_scout.data.records import read_examples

NAME = "COCO_train2014_000000580957.jpg"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    (tmp_path / "train2014").mkdir()
    Image.new("RGB", (64, 48)).save(tmp_path / "train2014" / NAME)
    row = {"img_path": NAME, "bbox": [1, 2, 30, 40], "width": 64, "height": 48}
    rows: list[dict[str, Any]] = [
        {**row, "expression": "left one", "split": "train", "sent_id": 1},
        {**row, "expression": "right one", "split": "validation", "sent_id": 2},
        {**row, "expression": "lost", "split": "train", "sent_id": 3, "img_path": "COCO_train2014_000000000009.jpg"},
        {**row, "expression": "no split", "sent_id": 1},
    ]
    path = tmp_path / "REC_refcoco.jsonl"
    path.write_text("".join(json.dumps(each) + "\n" for each in rows))
    return path


def test_the_training_split_becomes_records(source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "rec.jsonl"
    assert main(["data", "rec", str(source), "--out", str(out)]) == 0
    first, second = read_examples(out)
    assert (first.meta["expression"], second.meta["expression"]) == ("left one", "no split")
    assert (first.id, second.id) == ("rec:refcoco:1", "rec:refcoco:1~2")
    assert first.image == f"train2014/{NAME}"  # relative to the file: the folder can be moved
    told = capsys.readouterr()
    assert told.out == ""
    for words in ("2 records", "1 of split val", "1 with a missing picture", "1 taken that name no split"):
        assert words in told.err


def test_other_splits_and_answers(source: Path, tmp_path: Path) -> None:
    def made(*options: str) -> list[Any]:
        assert main(["data", "rec", str(source), "--out", str(tmp_path / "a" / "x.jsonl"), *options]) == 0
        return list(read_examples(tmp_path / "a" / "x.jsonl"))

    assert [e.meta["sent_id"] for e in made("--split", "validation")] == ["2", "1"]
    assert len(made("--split", "all", "--keep-missing")) == 4
    (example,) = made("--limit", "1", "--answer", "box")
    assert example.messages[-1].content == "<box:0>"
    (copied,) = made("--limit", "1", "--copy-images")
    assert copied.image.startswith("images/COCO_train2014_000000580957-")
    assert (tmp_path / "a" / copied.image).is_file()


def test_evaluation_pictures_are_left_out(source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "val.txt").write_text("580957\n")
    out = tmp_path / "rec.jsonl"
    assert main(["data", "rec", str(source), "--out", str(out), "--against", str(tmp_path / "val.txt")]) == 2
    assert "1 evaluation pictures left out" in capsys.readouterr().err
    assert not out.exists()


def test_a_bad_row_stops_it_or_is_counted(source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with source.open("a") as file:
        file.write('{"img_path": "a.jpg"}\n')
    out = str(tmp_path / "rec.jsonl")
    assert main(["data", "rec", str(source), "--out", out]) == 2
    assert "line 5" in capsys.readouterr().err
    assert not Path(out).exists()
    assert main(["data", "rec", str(source), "--out", out, "--skip-bad"]) == 0
    told = capsys.readouterr().err
    assert "1 rows left out" in told
    assert "line 5" in told


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--split", "testB"], "no records"),
        (["--form", "yolo"], "no form 'yolo'"),
        (["--hash"], "--against"),
    ],
)
def test_mistakes_are_one_sentence(
    source: Path, tmp_path: Path, options: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    source.write_text(source.read_text().splitlines()[0] + "\n")
    assert main(["data", "rec", str(source), "--out", str(tmp_path / "x.jsonl"), *options]) == 2
    told = capsys.readouterr().err
    assert words in told
    assert told.count("\n") == 1


def test_a_folder_is_no_file(source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", "rec", str(source), "--out", str(tmp_path)]) == 2
    assert "is a folder" in capsys.readouterr().err
