"""Near integers get near vectors; everything else stays as it was."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from twist_scout.toyworld.pocket.model import build_model, build_processor
from twist_scout.toyworld.pocket.number_sense import give_number_sense


def test_near_integers_become_alike_and_other_words_do_not_move() -> None:
    torch.manual_seed(0)
    model, tokenizer = build_model(experts=False), build_processor().tokenizer
    ids = [tokenizer.convert_tokens_to_ids(str(n)) for n in range(101)]
    layers = (model.get_input_embeddings(), model.get_output_embeddings())
    before = [layer.weight.detach().clone() for layer in layers]
    give_number_sense(model, tokenizer)
    others = [i for i in range(len(tokenizer)) if i not in ids]
    for layer, old in zip(layers, before, strict=True):
        assert torch.equal(layer.weight[others], old[others])
        rows = layer.weight[ids] - layer.weight[ids].mean(0)
        alike = F.cosine_similarity(rows[:, None], rows[None], dim=-1)
        near, far = alike.diagonal(1).mean(), alike.diagonal(40).mean()
        assert near > 0.4
        assert far < 0.1
        assert near > alike.diagonal(5).mean() > far
