"""``twist-scout boxes doctor``."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from twist_scout.cli import main


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    """Predictions that are 0-1000 in a padded square, and their truth."""
    rng = random.Random(0)
    predictions, truth = [], []
    for number in range(60):
        width, height = rng.randrange(300, 900), rng.randrange(300, 900)
        x, y = rng.uniform(0, width * 0.6), rng.uniform(0, height * 0.6)
        box = [x, y, x + width * 0.3, y + height * 0.3]
        side = max(width, height)
        left, top = (side - width) // 2, (side - height) // 2
        shown = [round((v + (left, top)[n % 2]) / side * 1000) for n, v in enumerate(box)]
        predictions.append({"id": number, "text": f"The thing is at {shown}."})
        truth.append({"id": number, "boxes": [box], "width": width, "height": height})
    predictions.append({"id": "more", "text": "nothing"})
    paths = [tmp_path / "predictions.jsonl", tmp_path / "truth.jsonl"]
    for path, records in zip(paths, (predictions, truth), strict=True):
        path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return [str(path) for path in paths]


def test_the_mistake_is_said_in_words(files: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["boxes", "doctor", *files]) == 1
    said = " ".join(capfd.readouterr().out.split())
    assert "Your boxes are 0-1000 in a padded square; you read them as pixels of the original picture" in said
    assert "Read them with --dialect ferret --frame padded." in said
    assert "yours: --dialect pixels" in said
    assert "1 ids are only in the predictions." in said


def test_what_it_advises_is_right(files: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["boxes", "doctor", *files, "--dialect", "ferret", "--frame", "padded"]) == 0
    assert "and that is how you read them" in " ".join(capfd.readouterr().out.split())


def test_json_and_nothing_else_is_on_stdout(files: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["boxes", "doctor", *files, "--json"]) == 1
    found = json.loads(capfd.readouterr().out)
    assert found["verdict"] == "misread"
    assert (found["best"]["unit"], found["best"]["frame"]) == (1000, "padded")
    assert found["best"]["mean_iou"] > 0.98 > found["declared"]["mean_iou"]
    assert found["remedy"]["dialect"] == "ferret"
    assert (found["boxes"], found["ids_only_in_predictions"]) == (60, 1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere.jsonl", "{1}"], "nowhere.jsonl cannot be read"),
        (["{0}", "{0}"], "predictions.jsonl, line 1: no width and height"),
        (["{0}", "{1}", "--dialect", "klingon"], "no box dialect 'klingon'"),
        (["{0}", "{1}", "--frame", "round"], "no frame 'round'"),
    ],
)
def test_mistakes_of_the_user(
    files: list[str], capfd: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    assert main(["boxes", "doctor", *(argument.format(*files) for argument in arguments)]) == 2
    error = capfd.readouterr().err
    assert message in error
    assert "Traceback" not in error
