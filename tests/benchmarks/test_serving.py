"""The load test of the server with the pocket model: real processes, OpenAI's client, many requests at once."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "serving.py"


@pytest.mark.slow
def test_no_answer_is_lost_mixed_up_or_changed(tmp_path: Path) -> None:
    stored = tmp_path / "numbers.json"
    command = [
        sys.executable,
        str(SCRIPT),
        "--requests",
        "60",
        "--rounds",
        "1",
        "--device",
        "cpu",
        "--json",
        str(stored),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=1800)
    found = json.loads(stored.read_text("utf-8"))
    assert found["wrong"] == []
    for way in ("at_once", "one_by_one"):
        (by_mode,) = found[way]["answers"]
        assert sum(counts["answers"] for counts in by_mode.values()) == 60
        assert all(counts["right"] == counts["answers"] for counts in by_mode.values())
        assert set(by_mode) == {"grounding", "understanding"}
    assert found["mean_batch_at_once"] > 4
    assert f"one by one / at once: {found['ratio']:.2f}" in done.stdout
