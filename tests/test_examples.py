"""The examples run, and stay short."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = sorted((Path(__file__).parents[1] / "examples").glob("*.py"))


def run(name: str, *arguments: object) -> str:
    """What an example prints."""
    script = next(path for path in EXAMPLES if path.stem == name)
    done = subprocess.run(
        [sys.executable, "-W", "error::DeprecationWarning:twist_scout", script, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("script", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_fits_on_a_screen_and_says_how_to_run_it(script: Path) -> None:
    lines = script.read_text("utf-8").splitlines()
    assert len(lines) <= 40
    assert f"python examples/{script.name}" in "\n".join(lines[:6])


def test_every_example_is_run_here() -> None:
    assert {path.stem for path in EXAMPLES} == {"score_a_file", "score_records", "compare_two_models"}


def test_score_a_file(tmp_path: Path) -> None:
    truth, answers = tmp_path / "REC_refcoco_unc_val.jsonl", tmp_path / "answers.jsonl"
    meant = {"img_path": "a.jpg", "expression": "the cat", "bbox": [20, 10, 120, 60], "width": 200, "height": 100}
    truth.write_text("".join(json.dumps({**meant, "sent_id": n}) + "\n" for n in range(4)))
    texts = ["[[10,10,60,60]]", "Here: [[10,10,60,60]] and [[0,0,9,9]]", "[[80,80,99,99]]", "It is at [[10,10"]
    answers.write_text("".join(json.dumps({"id": n, "text": text}) + "\n" for n, text in enumerate(texts)))
    scout, shikra, *rest = run("score_a_file", answers, truth).splitlines()
    assert "0.5000" in scout
    assert "0.2500" in shikra  # two boxes are one too many
    assert "3 parsed, 0 partly, 1 not" in rest[0]


def test_score_records() -> None:
    printed = run("score_records").splitlines()
    assert len(printed) == 5
    for line, name in zip(printed, ("REC", "localisation", "caption", "reject", "understanding"), strict=True):
        assert name in line


def test_compare_two_models(tmp_path: Path) -> None:
    summary, page = run("compare_two_models", tmp_path / "out").splitlines()
    assert summary.startswith("against careful (referring/1, 60 samples): hasty -0.")
    assert "<article" in Path(page).read_text("utf-8")
