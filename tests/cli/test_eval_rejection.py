"""``twist-scout eval rejection``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from twist_scout.cli import main

REFUSAL = "There is a cat [[10,10,50,50]] in the image, not a dog. This question is invalid."


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    """Questions of POPE's form, boxes beside them, and answers."""
    image = "COCO_val2014_000000000007.jpg"
    asked = [
        {"question_id": 1, "image": image, "text": "Is there a dog in the image?", "label": "no"},
        {"question_id": 2, "image": image, "text": "Is there a cat in the image?", "label": "yes"},
        {"question_id": 3, "image": image, "text": "Is there a car in the image?", "label": "no"},
    ]
    content = {
        "images": [{"id": 7, "file_name": image, "width": 100, "height": 100}],
        "annotations": [{"id": 1, "image_id": 7, "category_id": 1, "bbox": [10, 10, 40, 40]}],
        "categories": [{"id": 1, "name": "cat"}, {"id": 2, "name": "dog"}, {"id": 3, "name": "car"}],
    }
    (tmp_path / "instances.json").write_text(json.dumps(content))
    (tmp_path / "pope.json").write_text("".join(json.dumps(row) + "\n" for row in asked))
    texts = (REFUSAL, "The cat [[10,10,50,50]].", "The car [[0,0,9,9]].")
    rows = [{"id": number, "text": text} for number, text in enumerate(texts, start=1)]
    (tmp_path / "p.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    paths = [str(tmp_path / name) for name in ("p.jsonl", "pope.json", "instances.json")]
    return ["-p", paths[0], "-t", paths[1], "--boxes", paths[2]]


def test_both_rates_and_the_boxes_of_refusals(files: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["eval", "rejection", *files]) == 0
    out = " ".join(capfd.readouterr().out.split())
    assert "absent rejected 0.5000 (1 of 2), present wrongly rejected 0.0000 (0 of 1)" in out
    assert "contradiction grounded 1.0000 (1 of 1)" in out
    assert "What right rejections point at" in out


def test_json_and_nothing_else(files: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["eval", "rejection", *files[:4], "--json"]) == 0
    found = json.loads(capfd.readouterr().out)
    assert found["protocol"] == "rejection/1"
    assert (found["rejection"], found["false_rejection"], found["grounded_contradiction"]) == (0.5, 0.0, None)
    assert main(["eval", "rejection", *files, "--json"]) == 0
    assert json.loads(capfd.readouterr().out)["grounded_contradiction"] == 1.0


def test_questions_are_drawn_from_the_annotations(
    files: list[str], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["predict", "rejection", "--data", files[-1], "--list"]) == 0
    asked = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert [row["id"].split("-")[1] for row in asked] == ["present", "absent"]
    rows = [
        {"id": row["id"], "text": REFUSAL if "absent" in row["id"] else "The cat [[10,10,50,50]]."} for row in asked
    ]
    (tmp_path / "drawn.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    page = tmp_path / "r.html"
    drawn = ["-p", str(tmp_path / "drawn.jsonl"), "-t", files[-1], "--json", "--html", str(page)]
    assert main(["eval", "rejection", *drawn]) == 0
    found = json.loads(capfd.readouterr().out)
    assert (found["accuracy"], found["grounded_contradiction"]) == (1.0, 1.0)
    assert "absent, rejected" in page.read_text()


@pytest.mark.parametrize(
    ("option", "message"), [("nothing", "does not exist"), ("p.jsonl", "no questions about present")]
)
def test_mistakes_are_one_sentence(
    files: list[str], tmp_path: Path, option: str, message: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["eval", "rejection", *files[:2], "-t", str(tmp_path / option)]) == 2
    assert message in capfd.readouterr().err.splitlines()[-1]
