"""A user of any family trains with the same three settings: base, data, output."""

from __future__ import annotations

import json
import math
from io import StringIO
from pathlib import Path

from rich.console import Console

from twist_scout.twist.training import train
from twist_scout.twist.training_config import TrainingConfig

from .conftest import example
from .family import Family


def test_nothing_has_to_be_configured(family: Family, folder: Path, pictures: Path, tmp_path: Path) -> None:
    steps = "Step 1: Find the dog <box:0>. Step 2: So the answer is red."
    examples = [example(name, "Where is it?", steps, boxes=((5, 5, 20, 20),)) for name in ("wide", "tall", "tiny")]
    data = tmp_path / "data.jsonl"
    data.write_text("".join(one.model_dump_json() + "\n" for one in examples), encoding="utf-8")
    config = TrainingConfig(
        base=str(folder),
        data=[str(data)],
        image_root=str(pictures),
        output_dir=str(tmp_path / "adapter"),
        batch_size=2,
        max_steps=2,
        certificate_prompts=2,
        device="cpu",
    )
    output = train(config, console=Console(file=StringIO()))
    assert json.loads((output / "certificate.json").read_text(encoding="utf-8"))["passed"]
    log = json.loads((output / "training_log.json").read_text(encoding="utf-8"))
    assert all(math.isfinite(entry["loss"]) for entry in log if "loss" in entry)
    assert {"step/1", "step/2"} <= log[0].keys()
