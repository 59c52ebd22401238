from __future__ import annotations

import json
from pathlib import Path

import pytest

from twist_scout.errors import BadInput, BadRecord
from twist_scout.evaluation.understanding import evaluate_benchmark, read_answers, read_questions


def question(answer: str, structural: str = "query", *, balanced: bool = True) -> dict[str, object]:
    types = {"structural": structural, "semantic": "attr", "detailed": "colorOf"}
    return {
        "question": "What color is it?", "answer": answer, "imageId": "n1", "types": types, "isBalanced": balanced,
    }  # fmt: skip


@pytest.fixture
def truth(tmp_path: Path) -> Path:
    path = tmp_path / "questions.json"
    rows = {
        "01": question("red"),
        "02": question("yes", "verify"),
        "03": question("no", "logical"),
        "04": question("left", balanced=False),
    }
    path.write_text(json.dumps(rows))
    return path


def test_official_files_are_scored_by_type(truth: Path, tmp_path: Path) -> None:
    predictions = [("01", "Red."), ("02", "yes"), ("03", "no, it is not"), ("04", "left")]
    path = tmp_path / "predictions.json"
    path.write_text(json.dumps([{"questionId": id, "prediction": text} for id, text in predictions]))
    questions = read_questions("gqa", truth)
    result = evaluate_benchmark("gqa", read_answers(path), questions)
    assert dict(result.scores()) == {"01": 1.0, "02": 1.0, "03": 0.0}  # only an exact answer counts
    assert result.unknown == 1  # 04 is outside the balanced set
    assert {kind: score.accuracy for kind, score in result.groups["form"].items()} == {"binary": 0.5, "open": 1.0}
    assert set(result.groups) == {"form", "structural type", "semantic type", "detailed type"}
    assert questions[0].image == "n1.jpg"


def test_rows_are_read_as_well(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps({"id": 5, "question": "Is it red?", "answer": "yes", "imageId": "a"}) + "\n")
    assert evaluate_benchmark("gqa", {"5": "yes"}, read_questions("gqa", path)).accuracy == 1


def test_a_split_without_answers_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "test.json"
    path.write_text(json.dumps({"01": {"question": "?", "imageId": "a", "isBalanced": True}}))
    with pytest.raises(BadRecord, match="answers are public"):
        read_questions("gqa", path)
    path.write_text("{}")
    with pytest.raises(BadInput, match="balanced"):
        read_questions("gqa", path)
