"""The processor writes the prompts that MoE-LLaVA was trained on, and fits the model."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import AutoModelForImageTextToText, AutoProcessor, PreTrainedTokenizerFast

from twist_scout.backbones import MoeLlavaForConditionalGeneration, add_processor
from twist_scout.backbones.processing import SYSTEM
from twist_scout.boxes.frame import PaddedSquare
from twist_scout.data.chat import prompt_text, training_text
from twist_scout.errors import BadModel
from twist_scout.processor_frame import frame_for

Build = Callable[..., MoeLlavaForConditionalGeneration]


def byte_tokenizer(words: int = 0) -> PreTrainedTokenizerFast:
    alphabet = (
        sorted(pre_tokenizers.ByteLevel.alphabet())[:90] if words else sorted(pre_tokenizers.ByteLevel.alphabet())
    )
    vocabulary = {token: number for number, token in enumerate(["<|endoftext|>", *alphabet])}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<|endoftext|>")


@pytest.fixture
def folder(tiny_config: Any, tmp_path: Path) -> Path:
    config = tiny_config()
    config.text_config.vocab_size = 300
    torch.manual_seed(0)
    MoeLlavaForConditionalGeneration(config).save_pretrained(tmp_path)
    return tmp_path


def test_prompts_are_those_of_the_published_checkpoints(folder: Path) -> None:
    processor = add_processor(folder, byte_tokenizer())
    first = [{"role": "user", "content": "What is it?"}]
    assert prompt_text(processor, first) == f"{SYSTEM} USER: <image>\nWhat is it? ASSISTANT:"
    more = [*first, {"role": "assistant", "content": "A cat."}, {"role": "user", "content": "Where?"}]
    expected = f"{SYSTEM} USER: <image>\nWhat is it? ASSISTANT: A cat.<|endoftext|>USER: Where? ASSISTANT:"
    assert prompt_text(processor, more) == expected
    told = training_text(processor, more[:2])
    assert [told.text[start:end] for start, end in told.answers] == [" A cat.<|endoftext|>"]
    own = [{"role": "system", "content": "Be brief."}, *first]
    assert prompt_text(processor, own) == "Be brief. USER: <image>\nWhat is it? ASSISTANT:"


@torch.no_grad()
def test_a_folder_opens_as_a_whole_and_answers(folder: Path) -> None:
    add_processor(folder, byte_tokenizer())
    processor, model = AutoProcessor.from_pretrained(folder), AutoModelForImageTextToText.from_pretrained(folder)
    picture = Image.new("RGB", (60, 20), "red")
    text = prompt_text(processor, [{"role": "user", "content": "What?"}])
    batch = processor(images=[picture, picture], text=[text, text + " A"], padding=True, return_tensors="pt")
    # one placeholder for each of the tower's 2 x 2 patches
    assert (batch["input_ids"] == model.config.image_token_index).sum(1).tolist() == [4, 4]
    assert batch["pixel_values"].shape == (2, 3, 28, 28)
    # padded above and below with the mean colour, which normalises to about zero
    assert batch["pixel_values"][0, :, 0].abs().max() < 0.02
    assert batch["pixel_values"][0, 0, 14].min() > 1
    assert isinstance(frame_for(processor, 60, 20), PaddedSquare)
    assert model.eval().generate(**batch, max_new_tokens=3, do_sample=False).shape[0] == 2


def test_the_placeholder_needs_a_free_row_or_a_token_that_exists(tiny_model: Build, tmp_path: Path) -> None:
    tiny_model().save_pretrained(tmp_path)  # 99 rows
    with pytest.raises(BadModel, match="99 rows"):
        add_processor(tmp_path, byte_tokenizer())
    add_processor(tmp_path, byte_tokenizer(90), image_token="!")
    model = AutoModelForImageTextToText.from_pretrained(tmp_path)
    assert model.config.image_token_index == byte_tokenizer(90).convert_tokens_to_ids("!")


def test_a_folder_without_a_tokenizer_asks_for_one(folder: Path) -> None:
    with pytest.raises(BadModel, match="tokenizer="):
        add_processor(folder)
