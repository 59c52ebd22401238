"""POPE against answers whose score is known, and on the real questions of the random setting."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from twist_scout.errors import BadInput, BadRecord
from twist_scout.evaluation.understanding import BenchmarkResult, evaluate_benchmark, read_answers_to, read_questions
from twist_scout.evaluation.understanding.pope import yes_or_no

REAL = Path(__file__).parents[4] / "shared" / "data" / "pope" / "coco_pope_random.json"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Yes", "yes"),
        ("No", "no"),
        ("no", "no"),
        ("No, there is no car.", "no"),
        ("Yes, there is a car. It is not red.", "yes"),  # what follows the first full stop is not read
        ("There is not.", "no"),
        ("NO", "yes"),  # the script knows No and no
        ("Nope", "yes"),
        ("There isn't", "yes"),
        ("I see nothing", "yes"),
        ("", "yes"),
        ("no\nyes", "yes"),  # words are cut at spaces alone
        ("1. no", "yes"),
    ],
)
def test_answers_are_taken_as_popes_script_takes_them(text: str, said: str) -> None:
    assert yes_or_no(text) == said


def lines(path: Path, labels: list[str]) -> Path:
    rows = [
        {"question_id": n, "image": f"{n}.jpg", "text": "Is there a car in the image?", "label": label}
        for n, label in enumerate(labels, 1)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_a_worked_example(tmp_path: Path) -> None:
    truth = lines(tmp_path / "coco_pope_popular.json", ["yes"] * 4 + ["no"] * 4)
    said = ["Yes", "Yes", "Yes", "No", "Yes", "No", "No"]  # 3 true positives, 1 false one; the last has no answer
    result = evaluate_benchmark("pope", {str(n): text for n, text in enumerate(said, 1)}, read_questions("pope", truth))
    assert result.accuracy == pytest.approx(5 / 8)
    assert result.numbers == pytest.approx({"precision": 3 / 4, "recall": 3 / 4, "f1": 3 / 4, "yes_ratio": 4 / 7})
    assert (result.missing, result.unread) == (1, 0)
    assert list(result.groups["setting"]) == ["popular"]
    assert "1 without an answer" in str(result)


def test_silence_is_a_yes_and_is_counted(tmp_path: Path) -> None:
    questions = read_questions("pope", lines(tmp_path / "pope.json", ["yes", "no"]))
    result = evaluate_benchmark("pope", {"1": "", "2": "A car."}, questions)
    assert dict(result.scores()) == {"1": 1.0, "2": 0.0}
    assert result.unread == 2


def test_nothing_to_divide_by_is_no_number(tmp_path: Path) -> None:
    questions = read_questions("pope", lines(tmp_path / "pope.json", ["no", "no"]))
    found = evaluate_benchmark("pope", {"1": "no", "2": "no"}, questions).to_dict()
    assert (found["precision"], found["recall"], found["f1"], found["yes_ratio"]) == (None, None, None, 0.0)
    json.dumps(found, allow_nan=False)


def test_a_folder_holds_a_file_for_each_setting(tmp_path: Path) -> None:
    truth, answers = tmp_path / "truth", tmp_path / "answers"
    truth.mkdir()
    answers.mkdir()
    for setting, wrong in (("random", 0), ("popular", 1), ("adversarial", 2)):
        lines(truth / f"coco_pope_{setting}.json", ["yes", "no", "no"])
        said = ["yes"] * (1 + wrong) + ["no"] * (2 - wrong)
        rows = [{"question_id": n, "answer": text} for n, text in enumerate(said, 1)]
        (answers / f"mine_{setting}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    questions = read_questions("pope", truth)
    result = evaluate_benchmark("pope", read_answers_to("pope", answers, questions), questions)
    found = {kind: score.accuracy for kind, score in result.groups["setting"].items()}
    assert found == pytest.approx({"random": 1.0, "popular": 2 / 3, "adversarial": 1 / 3})
    assert [row[0] for row in result.details[0].rows] == ["random", "popular", "adversarial"]
    assert result.numbers["f1_mean_of_settings"] == pytest.approx((1 + 2 / 3 + 1 / 2) / 3)
    with pytest.raises(BadInput, match="coco_pope_random"):
        read_questions("pope", answers)


def test_bad_labels_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadRecord, match=r"line 2.*neither"):
        read_questions("pope", lines(tmp_path / "pope.json", ["yes", "perhaps"]))


@pytest.mark.skipif(not REAL.is_file(), reason="needs POPE in ../shared/data")
class TestRealQuestions:
    def score(self, answers: dict[str, str]) -> BenchmarkResult:
        return evaluate_benchmark("pope", answers, read_questions("pope", REAL))

    def test_the_truth_scores_one(self) -> None:
        questions = read_questions("pope", REAL)
        result = self.score({question.id: question.truth.capitalize() for question in questions})
        assert (result.total, result.accuracy, result.numbers["f1"], result.numbers["yes_ratio"]) == (3000, 1, 1, 0.5)

    def test_always_yes_is_the_known_degenerate_row(self) -> None:
        result = self.score({str(n): "Yes, there is." for n in range(1, 3001)})
        assert result.accuracy == 0.5
        assert result.numbers == pytest.approx({"precision": 0.5, "recall": 1.0, "f1": 2 / 3, "yes_ratio": 1.0})

    def test_equal_to_a_plain_count(self) -> None:
        draw = random.Random(0)
        rows = [json.loads(line) for line in REAL.read_text().splitlines()]
        said = {str(row["question_id"]): draw.choice(["yes", "no"]) for row in rows}
        pairs = [(said[str(row["question_id"])], row["label"]) for row in rows]
        tp, fp, fn = pairs.count(("yes", "yes")), pairs.count(("yes", "no")), pairs.count(("no", "yes"))
        result = self.score(said)
        assert result.accuracy == pytest.approx(sum(a == b for a, b in pairs) / 3000)
        assert result.numbers["precision"] == pytest.approx(tp / (tp + fp))
        assert result.numbers["recall"] == pytest.approx(tp / (tp + fn))
        assert result.numbers["f1"] == pytest.approx(2 * tp / (2 * tp + fp + fn))
        assert result.numbers["yes_ratio"] == pytest.approx((tp + fp) / 3000)
