"""The router's benchmark runs and compares with the rule; whether the router reaches its bars is the benchmark's to say."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "benchmarks"


@pytest.mark.slow
def test_every_set_is_measured_with_router_and_rule(tmp_path: Path) -> None:
    own = tmp_path / "own.jsonl"
    own.write_text(json.dumps({"prompt": "Find the dog.", "mode": "grounding"}) + "\n", "utf-8")
    stored = tmp_path / "numbers.json"
    line = [sys.executable, str(FOLDER / "router.py"), "--prompts", "300", "--file", str(own), "--json", str(stored)]
    printed = subprocess.run(line, capture_output=True, text=True, check=True, timeout=300).stdout
    record = json.loads(stored.read_text("utf-8"))
    assert {"held-out templates", "hard prompts", "own.jsonl"} <= record["sets"].keys()
    for name, one in record["sets"].items():
        assert name in printed
        assert one["accuracy"] >= one["rule"]["accuracy"] - 0.02, name
    assert record["parameters"] <= 1_100_000
    assert record["bytes"] <= 1_500_000
    assert record["one_prompt_ms"]["onnxruntime"]["median"] > 0
