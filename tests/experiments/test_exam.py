from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from PIL import Image

from twist_scout.boxes import Box, GroundedText, Phrase
from twist_scout.experiments.exam import run_exam, same_logits
from twist_scout.grounder import Grounder
from twist_scout.toyworld.exam import SPLITS, ExamItem, Split, colorless, exam_items
from twist_scout.toyworld.scene import render, sample_scene
from twist_scout.toyworld.tasks import INVALID

SCENES, SIZE = 6, 120


def paper(split: Split, seed: int) -> tuple[Image.Image, list[ExamItem]]:
    """A picture of a split, and what is asked about it."""
    condition = SPLITS[split]
    scene = sample_scene(seed, split="test", variant=condition.variant)
    rendered = render(scene, SIZE, domain=condition.domain)
    return rendered.image, list(exam_items(scene, rendered, unseen_wordings=condition.unseen_wordings))


class Oracle:
    """Answers every question of the exam from its key: what the scores of a perfect model must be."""

    def __init__(self, *splits: Split) -> None:
        self.key: dict[tuple[bytes, str], ExamItem] = {}
        for split in splits:
            for seed in range(SCENES):
                image, items = paper(split, seed)
                self.key |= {(image.tobytes(), item.prompt): item for item in items}

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
        said = spoken([(f"the {name}", box) for name, box in named])
        return replace(said, text=f"{said.text}. So the answer is {item.answer}.") if item.part == "steps" else said


def spoken(named: Sequence[tuple[str, Box]]) -> GroundedText:
    """A text of phrases with exact boxes."""
    phrases, at = [], 0
    for words, box in named:
        phrases.append(Phrase(words, [box], at, at + len(words)))
        at += len(words) + len(", ")
    return GroundedText(", ".join(words for words, _ in named), phrases, [])


PERFECT = {
    "understanding_accuracy": 1.0,
    "rec_acc50": 1.0,
    "localization_miou": 1.0,
    "gic_ap50": 1.0,
    "steps_final": 1.0,
    "steps_boxes": 1.0,
    "rejection": 1.0,
    "false_rejection": 0.0,
}


def test_a_perfect_model_has_perfect_scores_in_every_split() -> None:
    result = run_exam(Oracle(*SPLITS), scenes=SCENES, size=SIZE, splits=tuple(SPLITS), split_scenes=SCENES)  # type: ignore[arg-type]
    assert set(result.splits) == set(SPLITS)
    assert result.scores.to_dict() == pytest.approx(PERFECT)
    for scores in result.splits.values():
        asked = {name: value for name, value in scores.to_dict().items() if value is not None}
        assert asked == pytest.approx({name: PERFECT[name] for name in asked})
    assert result.bit_equal is None


def test_intervals_are_about_the_scores_and_shrink_with_more_questions() -> None:
    few = run_exam(Oracle("plain"), scenes=2, size=SIZE, splits=())  # type: ignore[arg-type]
    many = run_exam(Oracle("plain"), scenes=SCENES, size=SIZE, splits=())  # type: ignore[arg-type]
    assert set(many.scores.intervals()) == set(PERFECT)
    for name, (low, high) in many.scores.intervals().items():
        assert low <= PERFECT[name] <= high
        wide_low, wide_high = few.scores.intervals()[name]
        assert high - low <= wide_high - wide_low
    assert many.scores.intervals()["understanding_accuracy"][0] < 1


@pytest.mark.parametrize("split", ["pairs", "relations"])
def test_where_something_is_held_out_only_questions_about_it_count(split: Split) -> None:
    result = run_exam(Oracle("plain", split), scenes=1, size=SIZE, splits=(split,), split_scenes=SCENES)  # type: ignore[arg-type]
    items = [item for seed in range(SCENES) for item in paper(split, seed)[1]]
    for part, asked in (
        ("understanding", result.splits[split].understanding.total),
        ("rec", result.splits[split].referring.total),
        ("steps", result.splits[split].stepwise.total),
    ):
        assert asked == sum(item.held_out and item.part == part for item in items)


def test_a_diagram_is_not_asked_about_colors() -> None:
    oracle = Oracle("plain", "diagram")
    result = run_exam(oracle, scenes=1, size=SIZE, splits=("diagram",), split_scenes=SCENES)  # type: ignore[arg-type]
    items = [item for seed in range(SCENES) for item in paper("diagram", seed)[1] if item.part == "understanding"]
    asked = result.splits["diagram"].understanding.total
    assert 0 < asked == sum(map(colorless, items)) < len(items)


def test_progress_ends_at_the_total() -> None:
    seen: list[tuple[int, int]] = []
    run_exam(
        Oracle("plain", "pairs"),  # type: ignore[arg-type]
        scenes=SCENES,
        size=SIZE,
        split_scenes=2,
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
