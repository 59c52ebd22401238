"""The README and the pocket's card show what the stored exams say."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def script() -> dict[str, Any]:
    return runpy.run_path(str(ROOT / "benchmarks" / "pocket_tables.py"))


@pytest.fixture
def exam(script: dict[str, Any]) -> dict[str, Any]:
    scores = {key: 0.5 for _, key in script["ROWS"]}
    return {
        **scores,
        "scenes": 7,
        "bit_equal": True,
        "bit_equal_prompts": 3,
        "intervals": dict.fromkeys(scores, (0.4, 0.6)),
        "understanding_by_kind": {"hard": 0.25, "easy": 1.0},
        "splits": {"plain": scores, "wordings": {**scores, "rec_acc50": None}},
    }


def test_readme_and_card_show_the_stored_results(script: dict[str, Any]) -> None:
    for path, text in script["rendered"]().items():
        assert text == path.read_text("utf-8"), path


def test_the_headline_has_intervals(script: dict[str, Any], exam: dict[str, Any]) -> None:
    table = script["headline"]({**exam, "rec_acc50": 0.0}, exam)
    assert "| referring expressions, Acc@0.5 | 0.000 | 0.500 | 0.400 to 0.600 |" in table
    with pytest.raises(KeyError):
        script["headline"]({}, exam)


def test_a_split_that_asks_nothing_of_a_kind_has_a_dash(script: dict[str, Any], exam: dict[str, Any]) -> None:
    table = script["splits"](exam)
    assert "| | plain | unseen wordings |" in table
    assert "| referring expressions, Acc@0.5 | 0.500 | – |" in table


def test_the_hardest_kind_of_question_comes_last(script: dict[str, Any], exam: dict[str, Any]) -> None:
    assert script["kinds"](exam).splitlines()[-2:] == ["| easy | 1.000 |", "| hard | 0.250 |"]
