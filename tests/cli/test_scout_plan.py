from __future__ import annotations

import json
from pathlib import Path

import pytest

from twist_scout.cli import main

from ..scout.small_run import run


@pytest.fixture(autouse=True)
def _terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")


@pytest.fixture(scope="module")
def pilot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pilot")
    run(folder)
    return folder


def test_a_table_for_people(pilot: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scout", "plan", str(pilot), "--samples", "3000000", "--machines", "4", "--efficiency", "0.9"]) == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "3,000,000 records, from" in text
    assert "of 60 pictures that were measured" in text
    assert "4 times that at 90% of its speed" in text
    for row in ("pictures", "hours", "gigabytes without pictures"):
        assert row in text
    assert "cost" not in text


def test_json_and_nothing_else(pilot: Path, capsys: pytest.CaptureFixture[str]) -> None:
    money = ["--gpus", "2", "--gpu-hour", "3", "--mllm-price-in", "1", "--mllm-price-out", "2"]
    assert main(["scout", "plan", str(pilot), "--samples", "1000", *money, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    report = json.loads((pilot / "report.json").read_text())
    assert found["samples"] == 1000
    assert found["pictures"]["value"] == pytest.approx(1000 * report["items"] / report["records"])
    assert found["pictures"]["low"] < found["pictures"]["value"] < found["pictures"]["high"]
    assert found["cost"]["total"]["value"] == pytest.approx(found["gpu_hours"]["value"] * 3)
    assert found["confidence"] == 0.95


def test_few_pictures_are_a_guess(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(tmp_path, limit=10)
    assert main(["scout", "plan", str(tmp_path), "--samples", "9"]) == 0
    assert "Only 10 pictures were measured" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--llm-price-in", "1"], "give --llm-price-in and --llm-price-out"),
        (["--gpu-hour", "1"], "--gpus"),
        (["--samples", "0"], "--samples"),
    ],
)
def test_a_mistake_is_one_sentence(
    arguments: list[str], words: str, pilot: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["scout", "plan", str(pilot), "--samples", "9", *arguments]) == 2
    error = capsys.readouterr().err
    assert words in error
    assert error.count("\n") == 1
