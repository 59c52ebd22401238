"""The benchmark of the checks runs, and what it last wrote down is what the project promises."""

from __future__ import annotations

import json
import runpy
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "benchmarks" / "scout_checks.py"


def test_it_measures_a_few_scenes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "x.json"
    monkeypatch.setattr(sys, "argv", ["scout_checks.py", "--scenes", "20", "--rounds", "1", "--json", str(out)])
    runpy.run_path(str(SCRIPT), run_name="__main__")
    found = json.loads(out.read_text())
    assert found["quality"]["right_records"] > 50
    assert found["quality"]["recall"] >= 0.95
    assert found["quality"]["precision"] >= 0.95
    assert set(found["quality"]["recall_by_kind"]) == {"shifted", "swapped", "color", "invented"}
    assert all(rate["best"] >= rate["median"] > 100 for rate in found["records_per_second"].values())
    assert "injected errors" in capsys.readouterr().out


def test_the_stored_numbers_keep_the_promise() -> None:
    found = json.loads((ROOT / "benchmarks" / "results" / "scout_checks.json").read_text())
    assert found["quality"]["right_records"] >= 1000
    assert found["quality"]["recall"] >= 0.95
    assert found["quality"]["false_alarm_rate"] <= 0.05
    assert found["records_per_second"]["parse_and_check"]["median"] >= 10_000
