from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from transformers import LlamaConfig

from twist_scout.cli import main


@pytest.fixture
def config(tmp_path: Path) -> Path:
    llama = LlamaConfig(
        vocab_size=1000,
        hidden_size=256,
        intermediate_size=512,
        num_hidden_layers=8,
        num_attention_heads=4,
        dtype="bfloat16",
    )
    llama.save_pretrained(tmp_path)
    return tmp_path / "config.json"


@pytest.fixture(autouse=True)
def _terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


def test_the_tables_say_what_it_costs(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", str(config), "--seq-length", "512", "--batch-size", "4", "--answer-length", "64"]) == 0
    output = capsys.readouterr()
    assert output.err == ""
    text = output.out
    assert "LlamaForCausalLM in bfloat16" in text
    assert "Layers with a twin: 4 of 8" in text
    assert "0, 2, 4, ..., 6" in text or "0, 2, ..., 6" in text
    assert "model.layers.*.mlp" in text
    assert "gated, inner size 512" in " ".join(text.split())
    trainable = 4 * (2 * 3 * 256 * 512 + 2 * 256) + 1
    assert f"{trainable:,}" in text
    assert "batch size 4, 512 tokens per row, 64 of them learned" in text
    for words in ("AdamW states", "KV cache", "Adapter file: 6.01 MiB", "Activations are an estimate"):
        assert words in text
    assert all(len(line) <= 80 for line in text.splitlines())
    assert "…" not in text  # nothing is cut off
    rows = [line.split() for line in text.partition("Forms to choose")[2].splitlines() if line.rstrip().endswith("iB")]
    assert len(rows) == 18
    (asked,) = [line for line in text.splitlines() if line.startswith(" > ")]
    assert asked.split()[1:4] == ["2", "3.15", "M"]


@pytest.mark.parametrize("mixture", [False, True])
def test_json_is_one_document_and_holds_everything(
    config: Path, make_tiny_model: Any, mixture: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = str(config)
    if mixture:  # a whole model folder, with weights
        source = str(tmp_path / "model")
        make_tiny_model().save_pretrained(source)
    assert main(["plan", source, "--experts", "4", "--top-k", "2", "--alpha-scope", "layer", "--json"]) == 0
    output = capsys.readouterr()
    assert output.err == ""
    record = json.loads(output.out)
    assert record["source"] == source
    assert record["options"]["num_experts"] == 4
    assert record["total"] == record["base"] + record["trainable"]
    assert record["training"]["total"] > record["training_with_checkpointing"]["total"]
    assert {layer["index"] for layer in record["layers"]} == ({1} if mixture else {0, 2, 4, 6})
    assert len(record["forms"]) == 18
    (asked,) = [form for form in record["forms"] if form["asked"]]
    assert asked["trainable"] == record["trainable"]
    assert asked["training"] == record["training"]["total"]
    assert asked["adapter_file"] == record["adapter_file"]


def test_layers_are_a_rule_or_numbers(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for given, layers in (("all", range(8)), ("1, 5", [1, 5]), ("7", [7])):
        assert main(["plan", str(config), "--layers", given, "--expert-rank", "8", "--json"]) == 0
        record = json.loads(capsys.readouterr().out)
        assert [layer["index"] for layer in record["layers"]] == list(layers)
        assert record["trainable"] == len(record["layers"]) * (2 * 3 * 8 * 256 + 2 * 256) + 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--layers", "some"], "layers must be one of"),
        (["--layers", "0,99"], "layers names [99]"),
        (["--top-k", "3"], "top_k is 3"),
        (["--experts", "0"], "--experts"),
        (["--alpha-scope", "token"], "alpha_scope"),
        (["--dtype", "int4"], "dtype"),
        (["--seq-length", "0"], "--seq-length"),
    ],
)
def test_a_wrong_option_is_one_sentence(
    config: Path, arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["plan", str(config), *arguments]) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.count("\n") == 1
    assert words in output.err


def test_no_model_and_no_hub_are_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for source, words in ((str(tmp_path), "no config.json"), ("owner/name", "the hub is out of reach")):
        assert main(["plan", source, "--json"]) == 2
        output = capsys.readouterr()
        assert output.out == ""
        assert output.err.count("\n") == 1
        assert words in output.err


def test_help_teaches_and_does_not_import_torch() -> None:
    code = (
        "import sys; from twist_scout.cli import main; main(['plan', '--help']);"
        "sys.exit(any(m in sys.modules for m in ('torch', 'transformers', 'peft', 'numpy')))"
    )
    source = Path(main.__code__.co_filename).parents[2]
    environment = {**os.environ, "PYTHONPATH": str(source)}
    result = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, env=environment)
    for words in ("config.json", "--expert-rank", "--seq-length", "twist-scout plan my-model/", "[default: 2048]"):
        assert words in result.stdout
