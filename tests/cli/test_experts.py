from __future__ import annotations

import json
from pathlib import Path

import pytest
from peft import LoraConfig, get_peft_model
from PIL import Image
from transformers import LlavaForConditionalGeneration

from twist_scout.cli import main


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scenes")
    assert main(["toyworld", "scout-data", "--out", str(folder), "--scenes", "2", "--split", "test"]) == 0
    return folder / "examples.jsonl"


def test_the_pocket_adapter_in_a_table_and_a_picture(
    scenes: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    drawn = tmp_path / "experts.png"
    assert main(["experts", "--data", str(scenes), "--examples", "6", "--picture", str(drawn)]) == 0
    shown = capfd.readouterr()
    assert "box digits (" in shown.out
    assert "Most divided: in layer" in shown.out
    assert str(drawn) in "".join(shown.err.split("\n"))
    with Image.open(drawn) as picture:
        assert picture.width > 1000


def test_json_holds_every_share(scenes: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["experts", "--data", str(scenes), "--examples", "5", "--batch-size", "2", "--json"]) == 0
    record = json.loads(capfd.readouterr().out)
    assert record["examples"] == 5
    assert record["tokens"]["image"] == 5 * 144
    assert record["tokens"]["box digits"] > 0
    assert [entry["layer"] for entry in record["layers"]] == list(range(6))
    for entry in record["layers"]:
        assert 0 < entry["alpha"] < 1
        for share in entry["share"].values():
            assert sum(share) == pytest.approx(1)


def test_mistakes_are_one_sentence(
    scenes: Path, tiny_base: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    base = LlavaForConditionalGeneration.from_pretrained(tiny_base)
    get_peft_model(base, LoraConfig(target_modules="all-linear", r=1)).save_pretrained(tmp_path / "lora")
    for arguments, words in (
        (["--model", str(tiny_base)], "--adapter"),
        (["--adapter", str(tmp_path / "lora")], "LORA"),
        (["--picture", str(tmp_path / "experts.txt")], ".png"),
        (["--dialect", "nonsense"], "nonsense"),
    ):
        capfd.readouterr()
        assert main(["experts", "--data", str(scenes), *arguments]) == 2
        complaint = capfd.readouterr().err
        assert words in complaint
        assert "Traceback" not in complaint
    assert main(["experts", "--data", str(tmp_path / "nothing.jsonl")]) == 2
