from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
import torch
from PIL import Image
from twist_scout.toyworld.grounding_tasks import INVALID

from twist_scout.boxes import Box, GroundedText, Phrase
from twist_scout.experiments.exam import run_exam, same_logits
from twist_scout.grounder import Grounder
from twist_scout.toyworld import render, sample_scene
from twist_scout.toyworld.exam import exam_items

SCENES, SIZE = 6, 120


class Oracle:
    """Answers every question of the exam from its key: what the scores of a perfect model must
    be.
    """

    def __init__(self) -> None:
        self.key = {}
        for held_out in (False, True):
            for seed in range(SCENES):
                scene = sample_scene(seed, held_out=held_out)
                rendered = render(scene, SIZE)
                for item in exam_items(scene, rendered):
                    self.key[rendered.image.tobytes(), item.prompt] = item

    def ground(
        self, images: Sequence[Image.Image], prompts: Sequence[str], mode: str, **_: object
    ) -> list[GroundedText]:
        return [self.answer(i, p, mode) for i, p in zip(images, prompts, strict=True)]

    def answer(self, image: Image.Image, prompt: str, mode: str) -> GroundedText:
        item = self.key[image.tobytes(), prompt]
        assert (mode == "understanding") == (item.part == "understanding")
        if item.part == "absent":
            return GroundedText(f"Step 1: Look. {INVALID}", [], [])
        if item.part == "understanding":
            return GroundedText(item.answer, [], [], mode)
        named = item.objects or tuple(("thing", box) for box in item.boxes)
        return spoken([(f"the {name}", box) for name, box in named])


def spoken(named: Sequence[tuple[str, Box]]) -> GroundedText:
    """A text of phrases with exact boxes."""
    phrases, at = [], 0
    for words, box in named:
        phrases.append(Phrase(words, [box], at, at + len(words)))
        at += len(words) + len(", ")
    return GroundedText(", ".join(words for words, _ in named), phrases, [])


def test_a_perfect_model_has_perfect_scores() -> None:
    result = run_exam(Oracle(), scenes=SCENES, size=SIZE, held_out_scenes=SCENES)  # type: ignore[arg-type]
    perfect = {
        "understanding_accuracy": 1.0,
        "rec_acc50": 1.0,
        "localization_miou": 1.0,
        "gic_ap50": 1.0,
        "rejection": 1.0,
        "false_rejection": 0.0,
    }
    assert result.scores.to_dict() == pytest.approx(perfect)
    assert result.held_out is not None
    unusual = {k: v for k, v in result.held_out.to_dict().items() if v is not None}
    assert unusual == pytest.approx({k: perfect[k] for k in unusual})
    assert result.bit_equal is None


def test_only_questions_about_the_held_out_pair_count_in_a_held_out_scene() -> None:
    result = run_exam(Oracle(), scenes=1, size=SIZE, held_out_scenes=SCENES)  # type: ignore[arg-type]
    scenes = [sample_scene(seed, held_out=True) for seed in range(SCENES)]
    items = [item for scene in scenes for item in exam_items(scene, render(scene, SIZE))]
    asked = sum(item.held_out and item.part == "understanding" for item in items)
    assert result.held_out is not None
    assert result.held_out.understanding.total == asked


def test_progress_ends_at_the_total() -> None:
    seen: list[tuple[int, int]] = []
    run_exam(
        Oracle(),  # type: ignore[arg-type]
        scenes=SCENES,
        size=SIZE,
        held_out_scenes=2,
        on_progress=lambda done, total: seen.append((done, total)),
    )
    assert seen[-1] == (SCENES + 2, SCENES + 2)


def test_one_changed_weight_of_the_base_is_noticed(tiny_base: Path, tiny_adapter: Path) -> None:
    grounder = Grounder.from_pretrained(tiny_base, tiny_adapter)
    base = Grounder.from_pretrained(tiny_base)
    pictures, prompts = (
        [Image.new("RGB", (30, 30), "red")] * 3,
        ["What is it?", "Is it red?", "Count."],
    )
    assert same_logits(grounder, base, pictures, prompts)
    with torch.no_grad():
        base.model.lm_head.weight[0, 0] += 1e-3
    assert not same_logits(grounder, base, pictures, prompts)
