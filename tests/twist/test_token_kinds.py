from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch

from twist_scout.twist.token_kinds import BOX_DIGITS, IMAGE, KINDS, PADDING, TEXT, image_token_ids, token_kinds


def kinds_of(tokenizer, text, dialect="scout", image_ids=frozenset()):
    """Each token of a text and what it is."""
    ids = tokenizer(text)["input_ids"]
    kinds = token_kinds(torch.tensor([ids]), tokenizer=tokenizer, image_ids=set(image_ids), dialect=dialect)[0]
    assert kinds.shape == (len(ids),)
    return [(tokenizer.decode([number]), KINDS[kind]) for number, kind in zip(ids, kinds.tolist(), strict=True)]


def test_digits_of_boxes_and_only_they_are_box_digits(tiny_processor):
    found = kinds_of(tiny_processor.tokenizer, "Step 1: the 20 cars [[10,20,50,7; 1,2,33,44]] at 50.")
    digits = [piece for piece, kind in found if kind == "box digits"]
    assert digits == ["10", "20", "50", "7", "1", "2", "33", "44"]
    text = "".join(piece for piece, kind in found if kind == "text")
    assert text == "Step 1: the 20 cars [[,,,; ,,,]] at 50."


def test_a_box_that_is_never_closed_still_has_digits(tiny_processor):
    found = kinds_of(tiny_processor.tokenizer, "the car [[10,20,50")
    assert [piece for piece, kind in found if kind == "box digits"] == ["10", "20", "50"]


def test_a_token_that_reaches_out_of_its_box_counts_by_its_part_inside(tiny_processor):
    class Joined:  # spells a box's end together with a number that is outside
        def decode(self, ids):
            return ["a [[1,2,3,", "4]", "] 7", "7 [", "[", "5,6,7,8]]"][ids[0]]

    kinds = token_kinds(torch.arange(6)[None], tokenizer=Joined(), image_ids=set())
    assert kinds.tolist() == [[BOX_DIGITS, BOX_DIGITS, TEXT, TEXT, TEXT, BOX_DIGITS]]


def test_pictures_and_padding_are_told_apart_in_a_processed_batch(tiny_processor, make_tiny_model):
    from PIL import Image

    config = make_tiny_model().config
    texts = ["user: <image>the car [[10,20,50,80]]<end>", "user: <image>a<end>"]
    pictures = [[Image.new("RGB", (30, 20))]] * 2
    batch = tiny_processor(text=texts, images=pictures, padding=True, padding_side="right", return_tensors="pt")
    kinds = token_kinds(
        batch["input_ids"],
        batch["attention_mask"],
        tokenizer=tiny_processor.tokenizer,
        image_ids=image_token_ids(config),
    )
    assert (kinds == IMAGE).sum(dim=1).tolist() == [config.image_seq_length] * 2
    assert (kinds == BOX_DIGITS).sum(dim=1).tolist() == [4, 0]
    assert torch.equal(kinds == PADDING, batch["attention_mask"] == 0)
    left = tiny_processor(text=texts, images=pictures, padding=True, padding_side="left", return_tensors="pt")
    turned = token_kinds(
        left["input_ids"],
        left["attention_mask"],
        tokenizer=tiny_processor.tokenizer,
        image_ids=image_token_ids(config),
    )
    for ours, theirs in zip(turned, kinds, strict=True):
        assert torch.equal(ours[ours != PADDING], theirs[theirs != PADDING])


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"image_token_id": 7, "image_token_index": 7}, {7}),
        ({"image_token_id": 7, "video_token_id": 8}, {7, 8}),
        ({"image_token_index": None}, set()),
        ({}, set()),
    ],
)
def test_image_tokens_are_those_that_the_config_names(fields, expected):
    assert image_token_ids(SimpleNamespace(**fields)) == expected
