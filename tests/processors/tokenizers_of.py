"""The tokenizer of each family: its class, its special tokens and a vocabulary of a few hundred pieces.

Three ways of splitting text cover the families: bytes (GPT-2, Qwen, Llama 3, Mistral's Tekken), Llama's
pieces, whose "▁" also precedes the first word, and Gemma's, whose "▁" only replaces a space.
"""

from __future__ import annotations

import json
from typing import Any, Literal

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers
from tokenizers.trainers import BpeTrainer
from transformers import GemmaTokenizer, LlamaTokenizer, PreTrainedTokenizerFast, Qwen2Tokenizer

Splitting = Literal["bytes", "qwen", "llama", "gemma"]

#: Enough to merge the words of the tests; everything else falls apart into letters.
CORPUS = (
    "USER: user User ASSISTANT: assistant Assistant SYSTEM: system model\n\n"
    "Step 1: Find the dog. Step 2: So the answer is red. Where is it? Where is the dog? What is this? "
    "[[10,20,50,80]] [[1,2,3,4]]. It is here. Yes. No. And it? Be brief. You are a helpful assistant. <row_1_col_1>"
)
LETTERS = [*map(chr, range(32, 127)), "\n", "é", "▁"]


def make_tokenizer(
    splitting: Splitting, special: list[str], *, named: dict[str, str] | None = None, **roles: Any
) -> PreTrainedTokenizerFast:
    """A fast tokenizer.

    Args:
        splitting: how text falls into pieces.
        special: the family's special tokens.
        named: tokens that the tokenizer is asked for by name, such as ``image_token``.
        roles: ``pad_token``, ``eos_token``, ``bos_token``, ``add_bos_token`` and so on.
    """
    reserved = list(dict.fromkeys([*(v for v in roles.values() if isinstance(v, str)), *special]))
    core = Tokenizer(models.BPE(unk_token=roles.get("unk_token")))
    if splitting in ("bytes", "qwen"):
        alphabet = pre_tokenizers.ByteLevel.alphabet()
        core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    else:
        alphabet = LETTERS
        core.normalizer = normalizers.Replace(" ", "▁")
        core.pre_tokenizer = pre_tokenizers.Split(Regex(r"▁?\w+|."), "isolated")  # learn words, not sentences
    core.train_from_iterator(
        [CORPUS] * 4,
        BpeTrainer(vocab_size=420, special_tokens=reserved, initial_alphabet=alphabet, show_progress=False),
    )
    learned = json.loads(core.to_str())["model"]
    pieces = {"vocab": learned["vocab"], "merges": [tuple(merge) for merge in learned["merges"]]}
    options = {"extra_special_tokens": named or {}, "clean_up_tokenization_spaces": False, **roles}
    if splitting == "qwen":
        tokenizer: Any = Qwen2Tokenizer(**pieces, **options)
    elif splitting == "llama":
        tokenizer = LlamaTokenizer(**pieces, **options)
    elif splitting == "gemma":
        tokenizer = GemmaTokenizer(**pieces, **options)
    else:
        core.decoder = decoders.ByteLevel()
        tokenizer = PreTrainedTokenizerFast(tokenizer_object=core, **options)
    tokenizer.add_special_tokens(
        {"additional_special_tokens": [AddedToken(token, special=True, normalized=False) for token in reserved]}
    )
    return tokenizer
