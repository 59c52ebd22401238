from __future__ import annotations

import pytest
import torch

from twist_scout.toyworld.pocket.model import build_model, build_processor
from twist_scout.toyworld.pocket.objectives import Answers, Eyes


@pytest.mark.parametrize("words_fixed", [False, True])
def test_the_decoder_trains_with_its_words_or_without(words_fixed: bool) -> None:
    torch.manual_seed(0)
    model, tokenizer = build_model(experts=False), build_processor().tokenizer
    eyes = Eyes(model, tokenizer)
    answers = Answers(model, eyes, tokenizer, real=1.0, words_fixed=words_fixed)
    seen, told = dict(eyes.trained_parameters()), dict(answers.trained_parameters())
    vectors = {"model.language_model.embed_tokens.weight", "lm_head.weight"}
    assert not seen.keys() & told.keys()
    assert (vectors <= told.keys()) is not words_fixed
    assert {name for name, _ in model.named_parameters()} == seen.keys() | told.keys() | vectors
