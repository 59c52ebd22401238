from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from twist_scout.cli import main
from twist_scout.toyworld.examples import write_dataset


@pytest.fixture
def config(tiny_base: Path, tmp_path: Path) -> Path:
    data = write_dataset(tmp_path / "data", range(3), size=48, per_scene=2)
    values = {
        "base": str(tiny_base),
        "data": str(data),
        "output_dir": str(tmp_path / "run"),
        "max_steps": 2,
        "batch_size": 2,
        "certificate_prompts": 1,
        "device": "cpu",
    }
    path = tmp_path / "run.yaml"
    path.write_text(yaml.safe_dump(values))
    return path


def test_the_resolved_config_is_printed_and_an_adapter_comes_out(
    config: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", str(config), "learning_rate=1e-3", "twist.num_experts=4"]) == 0
    output = capfd.readouterr().out
    assert output.index("learning_rate: 0.001") < output.index("trainable")
    assert "num_experts: 4" in output
    assert "forgotten: nothing" in " ".join(output.split())
    assert (tmp_path / "run" / "adapter_model.safetensors").exists()
    assert (tmp_path / "run" / "certificate.json").exists()


@pytest.mark.parametrize(
    ("override", "word"),
    [
        ("learning_rat=1", "learning_rate"),
        ("twist.experts=2", "twist.experts"),
        ("max_steps=many", "max_steps"),
        ("nonsense", "key=value"),
        ("base=/nowhere/at/all", "does not exist"),
        ("data=/nowhere.jsonl", "nowhere.jsonl"),
    ],
)
def test_a_mistake_in_the_config_is_one_sentence(
    config: Path, override: str, word: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", str(config), override]) == 2
    errors = capfd.readouterr().err
    assert errors.count("\n") == 1
    assert word in errors
    assert not (tmp_path / "run" / "adapter_model.safetensors").exists()


def test_a_missing_config_file_is_one_sentence(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["train", str(tmp_path / "no.yaml")]) == 2
    assert "no.yaml" in capfd.readouterr().err
