"""The README shows what the stored exams say."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def test_the_readme_shows_the_stored_results() -> None:
    script = runpy.run_path(str(ROOT / "benchmarks" / "readme_table.py"))
    assert script["rendered"]() == (ROOT / "README.md").read_text("utf-8")


def test_a_missing_score_is_a_dash() -> None:
    script = runpy.run_path(str(ROOT / "benchmarks" / "readme_table.py"))
    scores = {key: 0.5 for _, key in script["ROWS"]}
    adapted = {
        **scores,
        "rec_acc50": None,
        "scenes": 7,
        "held_out_pairs": None,
        "bit_equal": True,
        "bit_equal_prompts": 3,
    }
    table = script["table"](scores, adapted)
    assert "| referring expressions, Acc@0.5 | 0.500 | – | – |" in table
    with pytest.raises(KeyError):
        script["table"]({}, adapted)
