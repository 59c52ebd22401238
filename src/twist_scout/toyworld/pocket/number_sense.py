"""Number sense: integers that are close have vectors that are close.

Language models that read much text have it; this one reads little, and after its lessons the vectors of 41 and 42 are hardly
more alike than those of 41 and 97. So the vectors of the integers 0 to 100 get, beside what they learned, a code of their
magnitude: sines and cosines of a few frequencies. It says nothing about pictures.
"""

from __future__ import annotations

import math

import torch
from transformers import LlavaForConditionalGeneration, PreTrainedTokenizerFast

_FREQUENCIES = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
#: Share of its own direction that an integer keeps, and the size of its code relative to the usual length of a vector.
_KEPT, _CODE_IN, _CODE_OUT = 0.6, 0.75, 1.0


@torch.no_grad()
def give_number_sense(model: LlavaForConditionalGeneration, tokenizer: PreTrainedTokenizerFast) -> None:
    """Add codes of magnitude to the input and output vectors of the integers 0 to 100, in place; deterministic."""
    ids = [tokenizer.convert_tokens_to_ids(str(n)) for n in range(101)]
    amounts = torch.arange(101) / 100
    waves = [f(2 * math.pi * w * amounts)[:, None] for w in _FREQUENCIES for f in (torch.sin, torch.cos)]
    code = torch.cat(waves, 1) / math.sqrt(len(_FREQUENCIES))  # (101, waves), rows of length 1
    generator = torch.Generator().manual_seed(11)
    for layer, size in ((model.get_input_embeddings(), _CODE_IN), (model.get_output_embeddings(), _CODE_OUT)):
        rows = layer.weight[ids].float()
        spread = torch.linalg.qr(torch.randn(rows.shape[1], code.shape[1], generator=generator))[0]
        middle, length = rows.mean(0), rows.norm(dim=-1).mean()
        coded = middle + _KEPT * (rows - middle) + size * length * (code @ spread.T)
        layer.weight[ids] = coded.to(layer.weight.dtype)
