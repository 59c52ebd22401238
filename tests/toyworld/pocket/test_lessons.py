"""A packed lesson computes what its questions compute alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from twist_scout.toyworld.pocket.lessons import PREFIX, Teacher, pack, patch_coverage
from twist_scout.toyworld.pocket.model import GRID, IMAGE_SIZE, build_model, build_processor
from twist_scout.toyworld.pocket.objectives import Answers, Eyes
from twist_scout.toyworld.pocket.stages import KINDS

TOKENIZER = build_processor().tokenizer


def test_coverage_shares_add_up_to_one() -> None:
    ids = np.random.default_rng(0).integers(0, 4, (IMAGE_SIZE, IMAGE_SIZE))
    shares = patch_coverage(ids, 3)
    assert shares.shape == (GRID * GRID, 4)
    assert np.allclose(shares.sum(1), 1)
    assert np.allclose(shares.mean(0), [(ids == k).mean() for k in range(4)])


def test_lessons_are_deterministic_and_hold_no_box() -> None:
    teacher = Teacher(TOKENIZER, KINDS)
    for seed in range(20):
        one, two = teacher.lesson(seed), teacher.lesson(seed)
        assert one.segments == two.segments
        text = " ".join(TOKENIZER.decode(s.question + s.answer) for s in one.segments)
        assert "[" not in text


def test_packing_changes_nothing() -> None:
    torch.manual_seed(0)
    model = build_model(experts=False).eval()
    eyes = Eyes(model, TOKENIZER)
    answers = Answers(model, eyes, TOKENIZER, real=0.0)
    lesson = Teacher(TOKENIZER, KINDS, 4).lesson(5)
    with torch.no_grad():
        together, _ = answers.predict([lesson])
        alone = [answers.predict([replace(lesson, segments=[s])])[0] for s in lesson.segments]
    assert torch.allclose(together, torch.cat(alone), atol=0.06)  # bfloat16 attention


def test_labels_are_the_answers() -> None:
    lesson = Teacher(TOKENIZER, KINDS, 4).lesson(1)
    packed = pack([lesson], TOKENIZER)
    assert packed.labels[packed.labels >= 0].tolist() == [t for s in lesson.segments for t in s.answer]
    assert packed.mask.shape[-1] == PREFIX + packed.input_ids.shape[1]
    assert not packed.mask[0, 0].triu(1).any()
