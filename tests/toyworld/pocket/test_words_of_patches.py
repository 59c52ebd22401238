from __future__ import annotations

import numpy as np
import torch

from twist_scout.toyworld.pocket.lessons import Teacher
from twist_scout.toyworld.pocket.model import GRID, build_model, build_processor
from twist_scout.toyworld.pocket.stages import KINDS
from twist_scout.toyworld.pocket.words_of_patches import GROUPS, PatchWords, place_codes

TOKENIZER = build_processor().tokenizer


def test_place_codes_are_distinct() -> None:
    codes = place_codes()
    assert torch.cdist(codes, codes).fill_diagonal_(1).min() > 0.1


def test_a_patch_says_the_words_of_what_it_shows() -> None:
    words = PatchWords(build_model(experts=False).get_input_embeddings().weight.data, TOKENIZER)
    names = list(words.index)
    teacher = Teacher(TOKENIZER, KINDS)
    told = set()
    for seed in range(12):
        lesson = teacher.lesson(seed)
        mixture = words.mixture(lesson)
        assert mixture.shape == (GRID * GRID, sum(map(len, GROUPS.values())) + 1)
        spoken = {names[i] for i in np.flatnonzero(mixture.max(0) > 0.3)}
        assert lesson.scene.setting in spoken
        for o in lesson.scene.objects:
            if o.visible > 0.9 and o.size == "large":
                assert o.kind in spoken
        told |= spoken
    assert {"hat", "shirt", "head"} <= told
