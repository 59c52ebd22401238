"""MME against answers whose score is known, and its files in all their forms."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from twist_scout.errors import BadInput, BadRecord
from twist_scout.evaluation.understanding import evaluate_benchmark, read_answers_to, read_questions
from twist_scout.evaluation.understanding.mme import COGNITION, PERCEPTION, yes_or_no


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Yes", "yes"),
        ("no", "no"),
        (" Yes, it is.", "yes"),
        ("No.", "no"),
        ("Not at all", "no"),
        ("Now I see: yes", "no"),  # the first four characters decide
        ("It is", None),
        ("The answer is yes", None),
        ("Y", None),
        ("eyes", "yes"),
        ("", None),
    ],
)
def test_answers_are_taken_as_mmes_script_takes_them(text: str, said: str | None) -> None:
    assert yes_or_no(text) == said


def release(folder: Path, tasks: tuple[str, ...], pictures: int = 2) -> Path:
    """MME's release: some tasks have the texts beside the pictures, some in a folder of their own."""
    for number, task in enumerate(tasks):
        place = folder / task / "questions_answers_YN" if number % 2 else folder / task
        place.mkdir(parents=True)
        for picture in range(pictures):
            words = f"Is this {task} {picture}? Please answer yes or no."
            (place / f"{picture:04d}.txt").write_text(f"{words}\tYes\nIs that not {words}\tNo\n")
    return folder


def test_perfect_answers_reach_2000_and_800(tmp_path: Path) -> None:
    questions = read_questions("mme", release(tmp_path, (*PERCEPTION, *COGNITION)))
    assert len(questions) == 14 * 2 * 2
    result = evaluate_benchmark("mme", {q.id: q.truth.upper() for q in questions}, questions)
    assert (result.accuracy, result.numbers) == (1.0, {"perception": 2000.0, "cognition": 800.0})
    assert "perception 2000.00" in str(result)
    assert result.remark == ""


def test_a_worked_example(tmp_path: Path) -> None:
    questions = read_questions("mme", release(tmp_path, ("existence", "count"), pictures=4))
    answers = {q.id: q.truth for q in questions}
    answers["existence/0000/1"] = "No"  # acc 7/8, acc+ 3/4
    answers["count/0001/1"] = answers["count/0001/2"] = "Maybe"  # acc 6/8, acc+ 3/4
    result = evaluate_benchmark("mme", answers, questions)
    assert result.numbers == {"perception": pytest.approx(100 * (7 / 8 + 3 / 4) + 100 * (6 / 8 + 3 / 4))}
    assert result.details[0].rows[0] == ("existence", "0.8750", "0.7500", "162.50", "4")
    assert result.unread == 2
    assert "2 of its 10 tasks" in result.remark


def test_always_yes_scores_fifty_a_task(tmp_path: Path) -> None:
    questions = read_questions("mme", release(tmp_path, ("existence",)))
    result = evaluate_benchmark("mme", dict.fromkeys((q.id for q in questions), "yes"), questions)
    assert result.numbers["perception"] == 50.0  # acc 1/2, acc+ 0


def test_results_of_mmes_script_are_read(tmp_path: Path) -> None:
    truth = release(tmp_path / "release", ("existence",), pictures=1)
    results = tmp_path / "results"
    results.mkdir()
    rows = [
        # In the other order than the truth, and with two spaces before the request, as some files have it.
        "0000.jpg\tIs that not Is this existence 0?  Please answer yes or no.\tNo\tYes\n",
        "0000.jpg\tIs this existence 0? Please answer yes or no.\tYes\tYes\n",
    ]
    (results / "existence.txt").write_text("".join(rows))
    questions = read_questions("mme", truth)
    answers = read_answers_to("mme", results, questions)
    assert {id: one.text for id, one in answers.items()} == {"existence/0000/2": "Yes", "existence/0000/1": "Yes"}
    # The table of results holds the truth as well.
    from_results = read_questions("mme", results)
    assert {(q.text, q.truth) for q in from_results} == {
        (row.split("\t")[1], row.split("\t")[2].lower()) for row in rows
    }
    (results / "existence.txt").write_text("0001.jpg\tWhat?\tNo\tYes\n")
    with pytest.raises(BadRecord, match="no such question"):
        read_answers_to("mme", results, questions)


def test_tables_with_a_header(tmp_path: Path) -> None:
    rows = [("0", "color", "color/1.jpg", "Is it red?", "Yes"), ("1", "color", "color/1.jpg", "Is it blue?", "No")]
    table = tmp_path / "MME.tsv"
    table.write_text("index\tcategory\timage_path\tquestion\tanswer\n" + "".join("\t".join(row) + "\n" for row in rows))
    assert [q.id for q in read_questions("mme", table)] == ["color/1/1", "color/1/2"]
    lines = tmp_path / "mme.jsonl"
    lines.write_text(
        "".join(
            json.dumps({"question_id": image, "category": task, "question": text, "answer": answer}) + "\n"
            for _, task, image, text, answer in rows
        )
    )
    assert [q.id for q in read_questions("mme", lines)] == ["color/1/1", "color/1/2"]


def test_what_is_not_mme_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="release"):
        read_questions("mme", tmp_path)
    (tmp_path / "color.txt").write_text("1.jpg\tIs it red?\tYes\n")
    with pytest.raises(BadInput, match="has 1 questions"):
        read_questions("mme", tmp_path)
    (tmp_path / "color.txt").write_text("1.jpg\tIs it red?\tPerhaps\n")
    with pytest.raises(BadRecord, match="neither Yes nor No"):
        read_questions("mme", tmp_path)
