from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from twist_scout.generation import Greedy, on_device_of
from twist_scout.loading import load_base


@pytest.fixture(scope="module")
def loaded(tiny_base: Path) -> tuple[Any, Any]:
    return load_base(tiny_base)


@pytest.fixture
def greedy(loaded: tuple[Any, Any]) -> Greedy:
    return Greedy(*loaded)


def test_an_answer_ends_where_the_model_the_tokenizer_or_the_template_says(loaded: tuple[Any, Any]) -> None:
    model, processor = loaded
    assert processor.tokenizer.eos_token_id in Greedy(model, processor).ends
    before = model.generation_config.eos_token_id
    model.generation_config.eos_token_id = [5, 6]
    assert {5, 6} <= set(Greedy(model, processor).ends)
    model.generation_config.eos_token_id = before


def test_what_follows_the_end_is_no_part_of_the_answer(greedy: Greedy, loaded: tuple[Any, Any]) -> None:
    tokenizer = loaded[1].tokenizer
    words = tokenizer("a red car", add_special_tokens=False)["input_ids"]
    written = [*words, tokenizer.eos_token_id, *words, tokenizer.pad_token_id]
    assert greedy.length(written) == len(words) + 1
    assert greedy.length(words) == len(words)
    assert greedy.text(written) == greedy.text(words) == "a red car"


def test_tokens_that_spell_boxes_stay_and_those_that_steer_go(greedy: Greedy, loaded: tuple[Any, Any]) -> None:
    """Some tokenizers call both special."""
    tokenizer = loaded[1].tokenizer
    before = list(tokenizer.additional_special_tokens) if hasattr(tokenizer, "additional_special_tokens") else []
    tokenizer.add_special_tokens({"additional_special_tokens": [*before, "[["]})
    box = tokenizer.convert_tokens_to_ids("[[")
    assert box in tokenizer.all_special_ids
    assert greedy.text([tokenizer.pad_token_id, box, tokenizer.eos_token_id]) == "[["


def test_search_is_greedy_whatever_the_model_would_do(greedy: Greedy, loaded: tuple[Any, Any]) -> None:
    settings = greedy.settings(7)
    assert (settings.do_sample, settings.num_beams, settings.max_new_tokens) == (False, 1, 7)
    assert settings.pad_token_id == loaded[1].tokenizer.pad_token_id is not None


def test_pictures_come_in_the_models_precision_and_token_numbers_stay_whole(loaded: tuple[Any, Any]) -> None:
    moved = on_device_of(loaded[0], {"pixels": torch.ones(2, dtype=torch.float64), "ids": torch.tensor([1])})
    assert moved["pixels"].dtype == loaded[0].dtype
    assert moved["ids"].dtype == torch.int64
