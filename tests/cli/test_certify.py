from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from PIL import Image
from safetensors.torch import load_file, save_file

from twist_scout.cli import main
from twist_scout.data.records import Example, Message, write_examples


@pytest.fixture
def folders(tiny_base: Path, tiny_adapter: Path, tmp_path: Path) -> tuple[Path, Path]:
    return (
        Path(shutil.copytree(tiny_base, tmp_path / "base")),
        Path(shutil.copytree(tiny_adapter, tmp_path / "adapter")),
    )


def test_a_certificate_is_written_and_holds_on_a_second_look(
    folders: tuple[Path, Path], capfd: pytest.CaptureFixture[str]
) -> None:
    base, adapter = folders
    models = ["--model", str(base), "--adapter", str(adapter)]
    assert main(["certify", *models, "--prompts", "3"]) == 0
    assert "forgotten: nothing" in capfd.readouterr().out
    assert json.loads((adapter / "certificate.json").read_text())["passed"] is True
    assert main(["certify", *models, "--check", "--json"]) == 0
    assert json.loads(capfd.readouterr().out)["passed"] is True


def test_a_single_flipped_bit_of_the_base_fails_the_check(
    folders: tuple[Path, Path], capfd: pytest.CaptureFixture[str]
) -> None:
    base, adapter = folders
    models = ["--model", str(base), "--adapter", str(adapter)]
    assert main(["certify", *models, "--prompts", "1"]) == 0
    weights = load_file(base / "model.safetensors")
    first = next(iter(weights.values())).view(-1)
    first[:1].view(first.dtype).view(-1).numpy().view("uint8")[0] ^= 1
    save_file(weights, base / "model.safetensors", metadata={"format": "pt"})
    capfd.readouterr()
    assert main(["certify", *models, "--check"]) == 1
    assert "NOT valid: 1 of" in capfd.readouterr().out


def test_prompts_can_come_from_records(folders: tuple[Path, Path], tmp_path: Path) -> None:
    base, adapter = folders
    Image.new("RGB", (50, 40)).save(tmp_path / "a.png")
    turns = [
        Message(role="user", content="What is in <box:0>?"),
        Message(role="assistant", content="a car"),
    ]
    example = Example(
        id="1",
        image="a.png",
        width=50,
        height=40,
        task="rec",
        messages=turns,
        boxes=[(1, 2, 30, 20)],
    )
    write_examples(tmp_path / "data.jsonl", [example])
    arguments = [
        "--model",
        str(base),
        "--adapter",
        str(adapter),
        "--data",
        str(tmp_path / "data.jsonl"),
    ]
    assert main(["certify", *arguments]) == 0
    assert len(json.loads((adapter / "certificate.json").read_text())["prompts"]) == 1


def test_mistakes_are_one_sentence(folders: tuple[Path, Path], capfd: pytest.CaptureFixture[str]) -> None:
    base, adapter = folders
    assert main(["certify", "--model", str(base)]) == 2
    assert "--adapter" in capfd.readouterr().err
    assert main(["certify", "--model", str(base), "--adapter", str(adapter), "--check"]) == 2
    assert "certify the adapter first" in capfd.readouterr().err
