"""``twist-scout eval understanding``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from twist_scout.cli import main


@pytest.fixture
def pope(tmp_path: Path) -> list[str]:
    """Four questions and answers to three of them."""
    truth = [
        {
            "question_id": n,
            "image": f"{n}.jpg",
            "text": f"Is there a {n} in the image?",
            "label": "yes" if n % 2 else "no",
        }
        for n in range(4)
    ]
    answers = [{"id": 0, "text": "No"}, {"id": 1, "text": "Yes, \x1b[31mthere is"}, {"id": 2, "text": "A car"}]
    for name, rows in (("pope_random.json", truth), ("answers.jsonl", answers)):
        (tmp_path / name).write_text("".join(json.dumps(row) + "\n" for row in rows))
    return ["--truth", str(tmp_path / "pope_random.json"), "--predictions", str(tmp_path / "answers.jsonl")]


def test_numbers_for_readers(pope: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["eval", "understanding", "pope", *pope]) == 0
    said = capfd.readouterr().out
    assert "POPE accuracy 0.5000" in said
    assert "pope/1" in said
    assert "yes_ratio" in said
    assert "random" in said


def test_json_and_nothing_else_is_on_stdout(pope: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["eval", "understanding", "pope", *pope, "--json"]) == 0
    found = json.loads(capfd.readouterr().out)
    assert found["protocol"] == "pope/1"
    assert (found["accuracy"], found["total"], found["missing"], found["unread"]) == (0.5, 4, 1, 1)
    assert found["recall"] == 0.5


def test_a_page_is_written(pope: list[str], tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "new" / "page.html"
    assert main(["eval", "understanding", "pope", *pope, "--html", str(page)]) == 0
    text = page.read_text()
    assert "Is there a 2 in the image?" in text
    assert "pope/1" in text


def test_bad_lines_stop_the_run_or_are_left_out(
    pope: list[str], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with (tmp_path / "answers.jsonl").open("a") as file:
        file.write('{"id": 3}\n')
    assert main(["eval", "understanding", "pope", *pope]) == 2
    assert "answers.jsonl, line 4" in capfd.readouterr().err
    assert main(["eval", "understanding", "pope", *pope, "--skip-bad", "--json"]) == 0
    said = capfd.readouterr()
    assert json.loads(said.out)["answered"] == 3
    assert "1 answers" in said.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["pope", "--split", "val"], "one file for each split"),
        (["gqa"], "cannot be read as JSON"),
        (["vqav2"], "vqav2"),
    ],
)
def test_mistakes_end_in_one_sentence(
    pope: list[str], arguments: list[str], message: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["eval", "understanding", *arguments, *pope]) == 2
    said = capfd.readouterr().err
    assert message.lower() in said.lower()
    assert said.count("\n") == 1
