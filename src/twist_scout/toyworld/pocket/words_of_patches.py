"""What the pocket's image tokens should say: the words of what each patch shows, in the decoder's own word vectors.

A target token is the coverage-weighted sum of the word vectors of each object's name, colour and size, plus a code of the
patch's place in the grid. Two uses: the vision tower is trained to produce these tokens, and the decoder practises on the
exact ones first, because words bind to perfect tokens within minutes and carry over to the tower's.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor, nn
from transformers import PreTrainedTokenizerFast

from twist_scout.toyworld.drawing import CATEGORIES, COLORS
from twist_scout.toyworld.pocket.lessons import Lesson
from twist_scout.toyworld.pocket.model import GRID, WIDTH
from twist_scout.toyworld.scene import SIZES

_FREQUENCIES = (0.25, 0.5, 1.0, 1.5, 2.0)


class PatchWords(nn.Module):
    """Target image tokens.

    Args:
        embedding: (vocabulary, width) word vectors to start from; copied and fixed.
        tokenizer: the pocket tokenizer.
    """

    #: (words, width) vector of each word, background last.
    vectors: Tensor
    #: (100, width) code of each patch's place.
    places: Tensor

    def __init__(self, embedding: Tensor, tokenizer: PreTrainedTokenizerFast) -> None:
        super().__init__()
        names = [*CATEGORIES, *COLORS, *SIZES, "background"]
        self.index = {name: i for i, name in enumerate(names)}
        ids = [tokenizer.convert_tokens_to_ids("▁" + name) for name in names]
        self.register_buffer("vectors", embedding[ids].detach().clone())
        self.register_buffer("places", place_codes())

    def forward(self, lessons: list[Lesson]) -> Tensor:
        """Target tokens (B, 100, width)."""
        return torch.stack([torch.from_numpy(self.mixture(x)) for x in lessons]) @ self.vectors + self.places

    def mixture(self, lesson: Lesson) -> np.ndarray:
        """(100, words) weights of every word at every patch."""
        weights = np.zeros((len(lesson.scene.objects) + 1, len(self.index)), np.float32)
        weights[0, self.index["background"]] = 1.0
        for k, o in enumerate(lesson.scene.objects):
            for word, weight in ((o.category, 1.0), (o.color, 1.0), (o.size, 0.7)):
                weights[k + 1, self.index[word]] = weight
        return lesson.coverage @ weights


def place_codes() -> Tensor:
    """(100, width) code of each patch's centre: sines and cosines of its coordinates, spread over the width, norm about 1."""
    centres = (torch.arange(GRID) + 0.5) / GRID
    waves = torch.cat(
        [f(2 * math.pi * w * centres)[:, None] for w in _FREQUENCIES for f in (torch.sin, torch.cos)], 1
    )  # (grid, waves)
    across = waves[None].expand(GRID, GRID, -1)
    down = waves[:, None].expand(GRID, GRID, -1)
    code = torch.cat([across, down], -1).reshape(GRID * GRID, -1)
    spread = torch.linalg.qr(torch.randn(WIDTH, code.shape[1], generator=torch.Generator().manual_seed(7)))[0]
    return code @ spread.T / math.sqrt(code.shape[1] / 4)
