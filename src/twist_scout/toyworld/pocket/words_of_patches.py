"""What the pocket's image tokens should say: the words of what each patch shows, in the decoder's own word vectors.

A target token is the coverage-weighted sum of the word vectors of each object's name, colour and size, of each
garment's name and colour, and of the setting behind, plus a code of the patch's place in the grid. Two uses: the
vision tower is trained to produce these tokens, and the decoder practises on the exact ones first, because words bind
to perfect tokens within minutes and carry over to the tower's.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor, nn
from transformers import PreTrainedTokenizerFast

from twist_scout.toyworld.drawing import CATEGORIES, COLORS, SETTINGS
from twist_scout.toyworld.expressions import GARMENTS
from twist_scout.toyworld.placing import SIZES
from twist_scout.toyworld.pocket.lessons import Lesson
from twist_scout.toyworld.pocket.model import GRID, WIDTH

PARTS = (*GARMENTS, "head", "hand")
#: The groups of words between which a patch decides, in the order of their columns; "background" comes after them all.
GROUPS: dict[str, tuple[str, ...]] = {
    "name": tuple(CATEGORIES),
    "color": tuple(COLORS),
    "size": tuple(SIZES),
    "part": PARTS,
    "setting": SETTINGS,
}
_NAME, _COLOR, _SIZE, _PART, _SETTING = 1.0, 1.0, 0.7, 0.8, 0.5
_FREQUENCIES = (0.25, 0.5, 1.0, 1.5, 2.0)


class PatchWords(nn.Module):
    """Target image tokens.

    Args:
        embedding: (vocabulary, width) word vectors to start from; copied and fixed.
        tokenizer: the pocket tokenizer.
    """

    #: (words, width) vector of each word, background last.
    vectors: Tensor
    #: (patches, width) code of each patch's place.
    places: Tensor

    def __init__(self, embedding: Tensor, tokenizer: PreTrainedTokenizerFast) -> None:
        super().__init__()
        names = [*(word for group in GROUPS.values() for word in group), "background"]
        self.index = {name: i for i, name in enumerate(names)}
        rows = [embedding[tokenizer.convert_tokens_to_ids(["▁" + w for w in n.split()])] for n in names]
        # A name of two words is their sum, as long as any other name.
        vectors = torch.stack([row.sum(0) / len(row) ** 0.5 for row in rows])
        self.register_buffer("vectors", vectors.detach().clone())
        self.register_buffer("places", place_codes())

    def forward(self, lessons: list[Lesson]) -> Tensor:
        """Target tokens (B, patches, width)."""
        mixtures = torch.stack([torch.from_numpy(self.mixture(x)) for x in lessons])
        return mixtures.to(self.vectors.device) @ self.vectors + self.places

    def mixture(self, lesson: Lesson) -> np.ndarray:
        """(patches, words) weights of every word at every patch."""
        weights = np.zeros((len(lesson.scene.objects) + 1, len(self.index)), np.float32)
        weights[0, self.index["background"]] = 1.0
        weights[0, self.index[lesson.scene.setting]] = _SETTING
        for k, o in enumerate(lesson.scene.objects, 1):
            weights[k, self.index[o.kind]] = _NAME
            if o.color:
                weights[k, self.index[o.color]] = _COLOR
            if o.size:
                weights[k, self.index[o.size]] = _SIZE
        parts = np.zeros((len(lesson.part_names), len(self.index)), np.float32)
        for n, (owner, name) in enumerate(lesson.part_names):
            parts[n, self.index[name]] = _PART
            color = lesson.scene.objects[owner].placed.colors.get(name)
            if color:
                parts[n, self.index[color]] = _COLOR
        mixed: np.ndarray = lesson.coverage @ weights + lesson.part_coverage @ parts
        return mixed


def place_codes() -> Tensor:
    """(patches, width) code of each patch's centre: sines and cosines of its coordinates, spread over the width, norm about 1."""
    centres = (torch.arange(GRID) + 0.5) / GRID
    waves = torch.cat(
        [f(2 * math.pi * w * centres)[:, None] for w in _FREQUENCIES for f in (torch.sin, torch.cos)], 1
    )  # (grid, waves)
    across = waves[None].expand(GRID, GRID, -1)
    down = waves[:, None].expand(GRID, GRID, -1)
    code = torch.cat([across, down], -1).reshape(GRID * GRID, -1)
    spread = torch.linalg.qr(torch.randn(WIDTH, code.shape[1], generator=torch.Generator().manual_seed(7)))[0]
    return code @ spread.T / math.sqrt(code.shape[1] / 4)
