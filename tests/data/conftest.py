"""A LLaVA processor made from code: word-level tokenizer, 16-px pictures of 4 x 4 patches, chat
template.
"""

from __future__ import annotations

import pytest
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
from tokenizers.trainers import BpeTrainer
from transformers import LlavaProcessor, PreTrainedTokenizerFast
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

PATCHES = 16  # per picture
SPECIAL = ["<pad>", "<unk>", "<s>", "<|im_start|>", "<|im_end|>", "<image>"]

#: ChatML, as many models write it: every turn is followed by a line break that is nobody's words.
CHATML = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n"
    "{% for c in m['content'] %}{% if c['type'] == 'image' %}<image>{% else %}{{ c['text'] }}"
    "{% endif %}{% endfor %}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
#: As LLaVA-1.5: words instead of special tokens, and nothing that ends the assistant's turn.
BARE = (
    "{% for m in messages %}{{ m['role'].upper() }}: {% for c in m['content'] %}"
    "{% if c['type'] == 'image' %}<image>\n{% else %}{{ c['text'] }} {% endif %}{% endfor %}"
    "{% endfor %}{% if add_generation_prompt %}ASSISTANT:{% endif %}"
)
#: Forgets what an earlier assistant turn said, as templates of thinking models do with their
#: thoughts.
UNSTABLE = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{% for c in m['content'] %}"
    "{% if c['type'] == 'image' %}<image>{% elif m['role'] == 'assistant' and not loop.last %}"
    "{% else %}{{ c['text'] }}{% endif %}{% endfor %}"
    "{% if m['role'] == 'assistant' and not loop.last %}...{% endif %}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n<think>{% endif %}"
)
TEMPLATES = {"chatml": CHATML, "bare": BARE, "unstable": UNSTABLE}


def build_tokenizer(kind: str) -> PreTrainedTokenizerFast:
    corpus = ["USER: user ASSISTANT: assistant SYSTEM: system Step 1: Find the dog. Where is it? [[1,2,3,4]]"]
    if kind == "byte":  # as GPT-2 and Qwen: the space belongs to the word that follows
        core = Tokenizer(models.BPE())
        core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        core.decoder = decoders.ByteLevel()
        alphabet = pre_tokenizers.ByteLevel.alphabet()
    else:  # as Llama: "▁" stands for the space, also before the first word
        core = Tokenizer(models.BPE(unk_token="<unk>"))
        core.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
        core.decoder = decoders.Metaspace(prepend_scheme="always")
        alphabet = sorted({*map(chr, range(32, 127)), "\n", "é"})
    core.train_from_iterator(
        corpus * 4,
        BpeTrainer(vocab_size=500, special_tokens=SPECIAL, initial_alphabet=alphabet),
    )
    core.add_special_tokens([AddedToken(s, special=True, normalized=False) for s in SPECIAL])
    return PreTrainedTokenizerFast(
        tokenizer_object=core,
        pad_token="<pad>",
        unk_token="<unk>",
        bos_token="<s>",
        eos_token="<|im_end|>",
        extra_special_tokens={"image_token": "<image>"},
        padding_side="left",  # as a processor made for generation has it
    )


def build_processor(tokenizer: str = "byte", template: str = "chatml") -> LlavaProcessor:
    return LlavaProcessor(
        image_processor=CLIPImageProcessorPil(size={"shortest_edge": 16}, crop_size={"height": 16, "width": 16}),
        tokenizer=build_tokenizer(tokenizer),
        patch_size=4,
        vision_feature_select_strategy="full",
        chat_template=TEMPLATES[template],
    )


@pytest.fixture(scope="session")
def processors():
    """``processors(tokenizer, template)``: built once each."""
    built: dict[tuple[str, str], LlavaProcessor] = {}

    def get(tokenizer: str = "byte", template: str = "chatml") -> LlavaProcessor:
        key = (tokenizer, template)
        if key not in built:
            built[key] = build_processor(*key)
        return built[key]

    return get
