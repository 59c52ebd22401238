"""What every family is taught is exactly what its assistant says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from PIL import Image

from twist_scout.data.inputs import prompt_inputs

from .family import Family

STEPS = "Step 1: Find the dog [[10,20,50,80]]. Step 2: So the answer is red."


def learned(processor: Any, batch: dict[str, Any], row: int = 0) -> list[tuple[str, int]]:
    """Runs of labelled tokens as text without the one space that may come before it, each with its step."""
    runs: list[tuple[list[int], int]] = []
    previous = 0
    for label, step in zip(batch["labels"][row].tolist(), batch["step_ids"][row].tolist(), strict=True):
        assert (label == -100) == (step == 0)
        if step and step != previous:
            runs.append(([], step))
        if step:
            runs[-1][0].append(label)
        previous = step
    return [(processor.tokenizer.decode(ids, skip_special_tokens=False).removeprefix(" "), step) for ids, step in runs]


def test_labels_are_exactly_the_answer_and_its_end(family: Family, processor: Any, collate: Callable[..., Any]) -> None:
    batch = collate(("wide", "Where is the dog?", STEPS))
    assert learned(processor, batch) == [
        ("Step 1: Find the dog [[10,20,50,80]].", 1),
        (f"Step 2: So the answer is red.{family.turn_end}", 2),
    ]
    labelled = batch["labels"] != -100
    assert torch.equal(batch["labels"][labelled], batch["input_ids"][labelled])


def test_every_turn_is_labelled_and_counts_its_own_steps(
    family: Family, processor: Any, collate: Callable[..., Any]
) -> None:
    batch = collate(
        ("tall", "Where is the dog?", STEPS, "And it?", "It is here.", "What is this?", STEPS), system="Be brief."
    )
    end = family.turn_end
    assert learned(processor, batch) == [
        ("Step 1: Find the dog [[10,20,50,80]].", 1),
        (f"Step 2: So the answer is red.{end}", 2),
        (f"It is here.{end}", 1),
        ("Step 1: Find the dog [[10,20,50,80]].", 1),
        (f"Step 2: So the answer is red.{end}", 2),
    ]


def test_training_shows_what_generation_is_prompted_with(
    family: Family, processor: Any, collate: Callable[..., Any], pictures: Path
) -> None:
    batch = collate(("wide", "Where is the dog?", "Here."))
    asked = prompt_inputs(processor, ["Where is the dog?"], [Image.open(pictures / "wide.png")])
    first = int((batch["labels"][0] != -100).nonzero()[0])
    assert torch.equal(batch["input_ids"][:, :first], asked["input_ids"])
    assert torch.equal(batch["pixel_values"], asked["pixel_values"])


def test_rows_do_not_depend_on_the_batch(family: Family, processor: Any, collate: Callable[..., Any]) -> None:
    rows = [("wide", "Where is the dog?", STEPS), ("tiny", "Is it?", "Yes."), ("photo", "And it?", "It is here.")]
    together = collate(*rows)
    for n, row in enumerate(rows):
        alone = collate(row)
        length = alone["input_ids"].shape[1]
        for key in ("input_ids", "labels", "step_ids", "attention_mask"):
            assert torch.equal(together[key][n : n + 1, :length], alone[key])
        assert (together["attention_mask"][n, length:] == 0).all()
        assert (together["labels"][n, length:] == -100).all()
