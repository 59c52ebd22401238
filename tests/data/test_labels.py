from __future__ import annotations

import pytest
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from twist_scout.data.chat import ChatText
from twist_scout.data.labels import label_tail
from twist_scout.errors import BadModel


def words(*vocabulary: str) -> PreTrainedTokenizerFast:
    """A tokenizer that cuts at ``|`` and knows these pieces."""
    core = Tokenizer(models.WordLevel({w: i for i, w in enumerate(["<unk>", *vocabulary])}, unk_token="<unk>"))
    core.pre_tokenizer = pre_tokenizers.Split("|", "removed")
    return PreTrainedTokenizerFast(tokenizer_object=core, unk_token="<unk>")


def label(tokenizer, text, answers):
    tail = label_tail(tokenizer, ChatText(text, answers), add_special_tokens=False)
    return list(zip(tokenizer.convert_ids_to_tokens(tail.ids.tolist()), tail.steps.tolist(), strict=True))


def test_a_token_that_begins_in_the_prompt_is_refused_unless_only_space_sticks_out():
    assert label(words("Q:", " A", "b"), "Q:| A|b", [(4, 7)]) == [(" A", 1), ("b", 1)]
    with pytest.raises(BadModel, match="':A' holds both"):
        label(words("Q", ":A", "b"), "Q|:A|b", [(3, 6)])


def test_steps_start_again_with_every_turn():
    text = "q|Step 1: a| Step 2: b|q|c"
    pieces = words("q", "Step 1: a", " Step 2: b", "c")
    assert label(pieces, text, [(2, 23), (25, 26)]) == [
        ("Step 1: a", 1),
        (" Step 2: b", 2),
        ("q", 0),
        ("c", 1),
    ]


def test_an_answer_can_be_tokenised_apart_from_its_prompt():
    """As PaliGemma's processor does: nothing of the prompt reaches into the first token."""
    chat = ChatText("Q A|b|Q|c", [(2, 5), (8, 9)])
    tail = label_tail(words("A", "b", "Q", "c"), chat, add_special_tokens=True, apart=True)
    assert tail.steps.tolist() == [1, 1, 0, 1]
    assert tail.ids.tolist() == [1, 2, 3, 4]
