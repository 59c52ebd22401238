"""The benchmarks of the twin run, and write what they print; whether they reach their bars is theirs to say."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
import torch

FOLDER = Path(__file__).parents[2] / "benchmarks"


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run(name: str, tmp_path: Path) -> tuple[str, dict]:
    stored = tmp_path / "results" / "numbers.json"
    command = [sys.executable, str(FOLDER / name), "--device", "cpu", "--quick", "--json", str(stored)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)
    record = json.loads(stored.read_text("utf-8"))
    assert record["machine"]["torch"] == torch.__version__
    assert record["machine"]["threads"] == 1
    assert record["dtype"] == "float32"
    return done.stdout, record


@pytest.mark.slow
def test_dispatch_is_compared_with_every_implementation(tmp_path: Path) -> None:
    printed, record = run("twin_dispatch.py", tmp_path)
    assert "ours / best of theirs" in printed
    assert {line["pass"] for line in record["lines"]} == {"forward", "both"}
    for line in record["lines"]:
        assert line["ratios"].keys() | line["left_out_ms"].keys() == {"eager", "batched_mm", "grouped_mm"}
        assert line["ratio"] == line["ratios"][line["best"]] > 0
    assert record["summary"]["forward"]["worst"] >= record["summary"]["forward"]["median"]


@pytest.mark.slow
def test_latency_is_compared_with_the_bare_model_and_the_operations(tmp_path: Path) -> None:
    printed, record = run("twin_latency.py", tmp_path)
    assert "bar 1.02" in printed
    assert {line["what"] for line in record["understanding"]} == {"one pass", "8 tokens"}
    assert all(line["off"] > 0 for line in record["understanding"])
    for line in record["grounding"]:
        assert 1 < line["arithmetic"] < 3
        assert line["over_arithmetic"] == pytest.approx(line["ratio"] / line["arithmetic"], rel=1e-3)


def test_runs_take_turns_in_an_order_of_their_own() -> None:
    timing = load("timing")
    turns: list[str] = []
    runs = {name: (lambda name=name: turns.append(name)) for name in "abc"}
    times = timing.interleaved(runs, torch.device("cpu"), seconds=0, least=20)
    turns = turns[3 * timing.WARM_UP :]
    rounds = ["".join(turns[start : start + 3]) for start in range(0, 60, 3)]
    assert {len(own) for own in times.values()} == {20}
    assert all(sorted(one) == ["a", "b", "c"] for one in rounds)
    assert len(set(rounds)) > 3


def test_a_ratio_is_the_median_of_the_ratios_of_rounds() -> None:
    timing = load("timing")
    times = {"a": [1.0, 30.0, 3.0], "b": [1.0, 10.0, 2.0], "c": [2.0, 10.0, 4.0]}
    assert timing.ratio(times, "a", "b") == 1.5  # a slow round is slow on both sides
    assert timing.ratio(times, ("a", "c"), "b") == 1.75
    assert timing.milliseconds(times["a"]) == 3000


def test_operations_are_those_of_the_bare_model_and_of_the_experts_in_use() -> None:
    """By hand, on a decoder of one layer."""
    sys.path.insert(0, str(FOLDER))
    try:
        latency = load("twin_latency")
    finally:
        sys.path.remove(str(FOLDER))
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=50, hidden_size=32, intermediate_size=64, num_hidden_layers=1, num_attention_heads=2
    )
    base = latency.Base("tiny", LlamaForCausalLM(config).eval(), {"input_ids": torch.arange(7)[None]})
    model = latency.wrapped(base.model, num_experts=4, top_k=2)
    bare = 2 * 7 * (4 * 32 * 32 + 3 * 32 * 64 + 50 * 32)  # matrices
    attention = 2 * 2 * 7 * 7 * 32
    twin = 2 * 7 * (2 * 3 * 32 * 64 + 4 * 32)
    found = latency.flop_ratio(base, model)
    assert found == pytest.approx((bare + attention + twin) / (bare + attention), rel=0.01)
    ours = next(p for n, p in model.named_parameters() if n.endswith("base_layer.up_proj.weight"))
    assert ours.data_ptr() == base.model.model.layers[0].mlp.up_proj.weight.data_ptr()  # shared to the byte
