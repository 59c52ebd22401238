"""``twist-scout predict``."""

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

from twist_scout.cli import main


@pytest.fixture
def scenes(tmp_path: Path) -> Path:
    assert main(["toyworld", "sample", "--count", "4", "--size", "64", "--out", str(tmp_path / "scenes")]) == 0
    return tmp_path / "scenes" / "truth.jsonl"


@pytest.fixture
def tiny(tiny_base: Path, tiny_adapter: Path) -> list[str]:
    return ["--model", str(tiny_base), "--adapter", str(tiny_adapter), "--device", "cpu", "--max-new-tokens", "48"]


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_file_and_its_sidecar_are_written_and_scored(
    scenes: Path, tiny: list[str], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "new" / "loc.jsonl"
    command = ["predict", "localization", "--data", str(scenes), "--out", str(out), *tiny, "--max-objects", "0"]
    assert main([*command, "--json"]) == 0
    said = json.loads(capfd.readouterr().out)
    found = rows(out)
    assert said["total"] == said["answered"] == len(found)
    meta = json.loads(Path(said["sidecar"]).read_text())
    assert meta["dialect"] == "scout"
    assert meta["command"].startswith("twist-scout predict localization --data")
    assert main(command) == 0
    assert "were there before" in capfd.readouterr().err
    scored = ["eval", "localization", "-p", str(out), "-t", str(scenes), "--max-objects", "0", "--json"]
    assert main(scored) == 0
    spoken = capfd.readouterr()
    assert "Read as loc.meta.json says: dialect scout" in spoken.err
    result = json.loads(spoken.out)
    assert (result["total"], result["parsed"]) == (len(found), len(found))


def test_questions_are_listed_for_other_peoples_models(scenes: Path, capfd: pytest.CaptureFixture[str]) -> None:
    command = [
        "predict",
        "localization",
        "--data",
        str(scenes),
        "--list",
        "--prompt",
        "In the image is {a_name} located at",
    ]
    assert main([*command, "--limit", "2"]) == 0
    listed = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert [list(row) for row in listed] == [["id", "image", "prompt"]] * 2
    assert all(row["prompt"].startswith("In the image is a") for row in listed)
    assert main(["predict", "vqa", "--data", str(scenes), "--list"]) == 2  # scenes hold no such questions


def test_bad_pictures_are_said_and_counted(
    scenes: Path, tiny: list[str], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    first = json.loads(scenes.read_text().splitlines()[0])["image"]
    (scenes.parent / first).write_bytes(b"GIF89a")
    command = ["predict", "captioning", "--data", str(scenes), "--out", str(tmp_path / "c.jsonl"), *tiny]
    assert main(command) == 0
    spoken = capfd.readouterr().err
    assert spoken.count(f"{Path(first).stem}: ") == 1
    assert "1 questions could not be asked" in spoken
    assert [bool(row["text"]) for row in rows(tmp_path / "c.jsonl")] == [False, True, True, True]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--data", "nothing.jsonl", "--list"], "nothing.jsonl does not exist"),
        (["--out", "x"], "no name for a prediction file"),
        (["--out", "x.meta.json"], "no name for a prediction file"),
        ([], "Give --out P.jsonl, or --list"),
        (["--out", "x.jsonl", "--dialect", "klingon"], "no box dialect 'klingon'"),
        (["--prompt", "{what}?", "--list"], "its placeholders may be {expression}"),
        (["--out", "x.jsonl", "--images", "/"], "give the folder of the pictures with --images"),
        (["--out", "x.jsonl", "--model", "/nowhere"], "/nowhere does not exist"),
    ],
)
def test_mistakes_are_one_sentence(
    scenes: Path,
    arguments: list[str],
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["predict", "referring", "--data", str(scenes), *arguments]) == 2
    spoken = capfd.readouterr().err.strip().splitlines()
    assert spoken[-1].startswith("twist-scout: ")
    assert message in spoken[-1]


@pytest.mark.slow
def test_a_killed_process_goes_on_to_the_same_file(tmp_path: Path) -> None:
    """The pocket model, SIGKILL in the middle, and the same command again."""
    assert main(["toyworld", "sample", "--count", "10", "--out", str(tmp_path / "scenes")]) == 0
    data = str(tmp_path / "scenes" / "truth.jsonl")
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}

    def begin(out: str) -> subprocess.Popen[bytes]:
        words = ["predict", "captioning", "--data", data, "--out", str(tmp_path / out), "--scores", "--batch-size", "2"]
        return subprocess.Popen([sys.executable, "-m", "twist_scout", *words], env=environment)

    assert begin("whole.jsonl").wait() == 0
    killed = tmp_path / "killed.jsonl"
    process = begin("killed.jsonl")
    deadline = time.monotonic() + 300
    while not (killed.exists() and killed.read_bytes().count(b"\n") >= 2):
        assert process.poll() is None, "it ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    there = killed.read_bytes().count(b"\n")
    assert 2 <= there < 10
    assert json.loads((tmp_path / "killed.meta.json").read_text())["complete"] is False
    with killed.open("ab") as file:
        file.write(b'{"id": "torn')
    assert begin("killed.jsonl").wait() == 0
    assert killed.read_bytes() == (tmp_path / "whole.jsonl").read_bytes()
    assert [row["id"] for row in rows(killed)] == [f"test-{n:08d}" for n in range(10)]
    assert sum("[[" in row["text"] for row in rows(killed)) > 7
