"""The benchmark of the engine on Ray runs, and writes what it prints; whether it reaches its bar is its own to say."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "scout_ray.py"


@pytest.mark.slow
def test_it_measures_a_few_pictures(tmp_path: Path) -> None:
    pytest.importorskip("ray")
    stored = tmp_path / "numbers.json"
    command = [sys.executable, str(SCRIPT), "--quick", "--json", str(stored)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=1800)
    found = json.loads(stored.read_text("utf-8"))
    assert (found["items"], found["rounds"]) == (4, 1)
    assert set(found["items_per_second"]) == {"1", "2"}
    for name in ("ratio", "ratio_of_processor_time", "driver_items_per_second", "endpoint_requests_per_second"):
        assert found[name] > 0
    assert f"two workers / one: {found['ratio']:.2f} by the clock" in done.stdout
