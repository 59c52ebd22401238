"""``twist-scout label``."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from twist_scout.cli import main

FORMATS = ("coco", "yolo", "voc", "labelstudio", "jsonl")
ALL = [word for kind in FORMATS for word in ("--to", kind)]


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Upright, turned by its EXIF block, below a folder, and one that is no picture."""
    folder = tmp_path / "photos"
    (folder / "more").mkdir(parents=True)
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (80, 40), (200, 30, 30)).save(folder / "1.png")
    Image.new("RGB", (60, 20), (30, 30, 200)).save(folder / "2.jpg", exif=exif)
    Image.new("RGB", (50, 50), (30, 200, 30)).save(folder / "more" / "3.png")
    (folder / "more" / "bad.jpg").write_bytes(b"\xff\xd8 no picture")
    return folder


@pytest.fixture
def tiny(tiny_base: Path, tiny_adapter: Path) -> list[str]:
    """A model that says to everything: "Find the red car [[10,20,50,80]]." """
    return ["--model", str(tiny_base), "--adapter", str(tiny_adapter), "--device", "cpu", "--max-new-tokens", "48"]


def tree(folder: Path) -> dict[str, bytes]:
    """Every file, without what only says how it came about."""
    aside = {".answers.jsonl.lock", "answers.meta.json"}
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in aside
    }


def test_every_format_at_once(photos: Path, tiny: list[str], tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    before, out = tree(photos), tmp_path / "labels"
    sheets = ["--sheet", str(out / "sheet.html"), "--sheet", str(out / "sheet.png")]
    command = ["label", str(photos), "--classes", "red car, car, dog", "--out", str(out), *ALL, *sheets, *tiny]
    assert main([*command, "--json"]) == 0
    said = json.loads(capfd.readouterr().out)
    assert (said["pictures"], said["boxes"], said["asked"]) == (3, 6, 12)
    assert [one["boxes"] for one in said["classes"]] == [3, 3, 0]
    assert said["contested"] == 0  # a red car is a car too
    assert said["another"] == 3  # and no dog
    assert [one["picture"] for one in said["unreadable"]] == ["more/bad.jpg"]
    assert all(Path(path).exists() for path in [*said["files"].values(), *said["sheets"], said["report"]])
    coco = json.loads((out / "instances.json").read_text())
    assert [(image["file_name"], image["width"], image["height"]) for image in coco["images"]] == [
        ("1.png", 80, 40),
        ("2.jpg", 20, 60),  # as it is shown
        ("more/3.png", 50, 50),
    ]
    assert [a["bbox"] for a in coco["annotations"] if a["image_id"] == 2] == [[2, 12, 8, 36]] * 2
    assert tree(photos) == before
    assert main(command) == 0
    spoken = capfd.readouterr()
    assert "6 boxes in 3 of 3 pictures" in spoken.out
    assert f"Not labelled: {photos / 'more' / 'bad.jpg'} is not a picture" in spoken.err
    assert "3 boxes were left out that the model called something else" in spoken.err


def test_another_format_threshold_or_review_asks_nothing(
    photos: Path, tiny: list[str], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    out = str(tmp_path / "labels")
    command = ["label", str(photos), "--classes", "car", "--out", out, *tiny, "--json", "--sheet-pictures", "0"]
    assert main(command) == 0
    assert json.loads(capfd.readouterr().out)["asked"] == 4
    marks = [{"image": "1.png", "label": "car", "box": [8, 8, 40, 32]}]
    (tmp_path / "review.json").write_text(json.dumps({"review": 1, "wrong": marks}))
    again = [*command, "--to", "yolo", "--copy", "--min-area", "500", "--review", str(tmp_path / "review.json")]
    assert main(again) == 0
    said = json.loads(capfd.readouterr().out)
    assert (said["asked"], said["boxes"], said["small"], said["reviewed"]) == (0, 1, 1, 1)
    assert (tmp_path / "labels" / "labels" / "1.txt").read_text() == ""
    assert (tmp_path / "labels" / "labels" / "more" / "3.txt").read_text() == "0 0.300000 0.500000 0.400000 0.600000\n"


def test_only_what_is_new_is_asked(
    photos: Path, tiny: list[str], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    def asked(classes: str, *more: str) -> int:
        command = ["label", str(photos), "--classes", classes, "--out", str(tmp_path / "labels"), *tiny, "--json"]
        assert main([*command, *more]) == 0
        return int(json.loads(capfd.readouterr().out)["asked"])

    assert asked("car") == 4
    assert asked("car, red car") == 4
    Image.new("RGB", (33, 44)).save(photos / "4.png")
    assert asked("car, red car") == 2
    Image.new("RGB", (90, 90), (1, 2, 3)).save(photos / "more" / "bad.jpg")  # mended: another file under its name
    assert asked("car, red car") == 2
    (photos / "1.png").unlink()
    assert asked("red car, car") == 0
    assert asked("red car, car", "--restart") == 8
    coco = json.loads((tmp_path / "labels" / "instances.json").read_text())
    assert [image["file_name"] for image in coco["images"]] == ["2.jpg", "4.png", "more/3.png", "more/bad.jpg"]


def test_another_model_or_question_is_not_mixed_in(
    photos: Path, tiny: list[str], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    command = ["label", str(photos), "--classes", "car", "--out", str(tmp_path / "labels")]
    assert main([*command, *tiny]) == 0
    assert main([*command, *tiny, "--prompt", "Detect every {name}."]) == 2
    assert "begun with other settings (prompts" in capfd.readouterr().err
    assert main([*command, *tiny[:2], *tiny[4:]]) == 2
    assert "adapter fingerprint" in capfd.readouterr().err
    assert main([*command, *tiny]) == 0


def test_labels_that_were_corrected_are_kept(
    photos: Path, tiny: list[str], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "labels" / "instances.json"
    command = ["label", str(photos), "--classes", "car", "--out", str(tmp_path / "labels"), *tiny]
    assert main(command) == 0
    file.write_text("corrected")
    assert main([*command, "--min-score", "0.1"]) == 2
    assert "instances.json was changed" in capfd.readouterr().err
    assert file.read_text() == "corrected"
    assert main([*command, "--overwrite"]) == 0
    assert json.loads(file.read_text())["categories"][0]["name"] == "car"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"--classes": ","}, "names no class"),
        ({"--classes": "@none.txt"}, "none.txt cannot be read"),
        ({"folder": "nowhere"}, "nowhere does not exist"),
        ({"--sheet": "sheet.pdf"}, "no name for a contact sheet"),
        ({"--review": "none.json"}, "none.json is no review"),
        ({"--dialect": "klingon"}, "no box dialect 'klingon'"),
        ({"--prompt": "{what}?"}, "its placeholders may be {name}, {a_name}, {plural}"),
        ({"--out": "photos"}, "give another --out"),
        ({"--model": "/nowhere"}, "/nowhere does not exist"),
    ],
)
def test_mistakes_are_one_sentence(
    photos: Path,
    changes: dict[str, str],
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    given: dict[str, Any] = {"folder": "photos", "--classes": "dog", "--out": "labels", **changes}
    folder = given.pop("folder")
    assert main(["label", folder, *(word for pair in given.items() for word in pair)]) == 2
    spoken = capfd.readouterr().err.strip().splitlines()
    assert spoken[-1].startswith("twist-scout: ")
    assert message in spoken[-1]


@pytest.mark.slow
def test_a_killed_process_goes_on_to_the_same_files(tmp_path: Path) -> None:
    """The pocket model, SIGKILL in the middle, and the same command again; and what it found is so."""
    assert main(["toyworld", "sample", "--count", "12", "--seed", "40", "--out", str(tmp_path / "scenes")]) == 0
    truth = [json.loads(line) for line in (tmp_path / "scenes" / "truth.jsonl").open()]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}

    def command(out: str) -> list[str]:
        words = ["label", str(tmp_path / "scenes"), "--classes", "dog, cat, boat", *ALL, "--batch-size", "4"]
        return [sys.executable, "-m", "twist_scout", *words, "--out", str(tmp_path / out), "--device", "cpu"]

    subprocess.run(command("whole"), env=environment, check=True, capture_output=True)
    answers = tmp_path / "killed" / "answers.jsonl"
    for lines in (4, 20):
        process = subprocess.Popen(command("killed"), env=environment, stderr=subprocess.DEVNULL)
        until = time.monotonic() + 120
        while not (answers.exists() and answers.read_bytes().count(b"\n") >= lines) and time.monotonic() < until:
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert not (tmp_path / "killed" / "instances.json").exists()
    subprocess.run(command("killed"), env=environment, check=True, capture_output=True)
    whole, killed = tree(tmp_path / "whole"), tree(tmp_path / "killed")
    assert list(whole) == list(killed)
    assert whole == killed
    report = json.loads(whole["report.json"])
    for one in report["classes"]:
        there = sum(any(thing["name"] == one["label"] for thing in row["objects"]) for row in truth)
        assert abs(one["pictures"] - there) <= 1, one
        assert abs(one["refused"] - (12 - there)) <= 1, one
