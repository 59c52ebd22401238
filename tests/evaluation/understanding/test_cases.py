from __future__ import annotations

from pathlib import Path

from twist_scout.evaluation.understanding import Question, evaluate_benchmark
from twist_scout.evaluation.understanding.cases import benchmark_cases


def test_a_report_shows_each_kind_of_answer(tmp_path: Path) -> None:
    (tmp_path / "1.png").touch()
    questions = [Question(str(n), ("B",), "Which?", f"{n}.png", ("red", "blue")) for n in range(40)]
    answers = {str(n): ("B", "A", "perhaps")[n % 3] for n in range(30)}
    result = evaluate_benchmark("scienceqa", answers, questions)
    cases = benchmark_cases(result, tmp_path, each=4)
    groups = {case.group: [c.id for c in cases if c.group == case.group] for case in cases}
    assert {name: len(ids) for name, ids in groups.items()} == {
        "wrong": 4, "not readable": 4, "without an answer": 4, "right": 4,
    }  # fmt: skip
    first = next(case for case in cases if case.id == "1")
    assert (first.image, first.score) == (tmp_path / "1.png", 0.0)
    assert first.question == "Which?\nA. red\nB. blue"
    assert first.note == "Right: B; read as: A"
    assert all(case.image is None for case in cases if case.id != "1")
