from __future__ import annotations

import json
from pathlib import Path

import pytest

from twist_scout.cli import main

KEYS = {
    "understanding_accuracy",
    "rec_acc50",
    "localization_miou",
    "gic_ap50",
    "rejection",
    "false_rejection",
    "bit_equal",
}


def test_json_holds_the_agreed_keys(tiny_base: Path, tiny_adapter: Path, capfd: pytest.CaptureFixture[str]) -> None:
    models = ["--model", str(tiny_base), "--adapter", str(tiny_adapter)]
    assert main(["toyworld", "evaluate", "--scenes", "5", "--seed", "2", *models, "--json"]) == 0
    found = json.loads(capfd.readouterr().out)
    assert set(found) >= KEYS
    assert found["bit_equal"] is True
    assert found["bit_equal_prompts"] == found["questions"]["understanding"] > 0
    assert found["scenes"] == found["questions"]["rec"] == found["questions"]["absent"] == 5
    assert all(0 <= found[key] <= 1 for key in KEYS)
    assert found["rejection"] == 0  # the tiny adapter always points
    assert found["held_out_pairs"] == found["splits"]["pairs"]
    assert set(found["held_out_pairs"]) == KEYS - {"bit_equal"} | {"steps_final", "steps_boxes"}


def test_the_table_names_every_measure(tiny_base: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["toyworld", "evaluate", "--scenes", "3", "--model", str(tiny_base)]) == 0
    output = capfd.readouterr().out
    for words in (
        "understanding accuracy",
        "REC Acc@0.5",
        "mIoU",
        "AP50",
        "absent objects rejected",
    ):
        assert words in output
    assert "to the bit" not in output  # a base alone is not compared with itself
