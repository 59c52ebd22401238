"""A whole vision-language model of a few thousand weights, for every test that needs one.

It is built here, in code, from ordinary parts (LLaVA with a CLIP tower and a Qwen3-MoE decoder, a
byte-level tokenizer, a CLIP image processor, a chat template) and saved as any model folder is;
nothing is downloaded.
"""

from __future__ import annotations

import os
import string

# Before torch is imported: models this small are fastest on one thread, and nothing may reach for
# the network.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ["HF_HUB_OFFLINE"] = "1"

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from PIL import Image
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import (
    CLIPVisionConfig,
    LlavaConfig,
    LlavaForConditionalGeneration,
    LlavaProcessor,
    PreTrainedTokenizerFast,
    Qwen3MoeConfig,
)
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

PAD, END, IMAGE = "<pad>", "<end>", "<image>"
SIDE, PATCH = 28, 14
WIDTH = 32
WORDS = ["Step", ": ", "Find", " the", " red", " car", " So", " answer", " is", ". "]
CHAT_TEMPLATE = (
    "{% for m in messages %}{{ m['role'] }}: "
    "{% if m['role'] == 'assistant' %}{% generation %}"
    "{% if m['content'] is string %}{{ m['content'] }}{% else %}"
    "{% for c in m['content'] %}{{ c['text'] }}{% endfor %}{% endif %}"
    + END
    + "{% endgeneration %}{% else %}{% if m['content'] is string %}{{ m['content'] }}{% else %}"
    "{% for c in m['content'] %}{% if c['type'] == 'image' %}"
    + IMAGE
    + "{% else %}{{ c['text'] }}{% endif %}{% endfor %}{% endif %}{{ '\n' }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}assistant: {% endif %}"
)

#: What the tiny base was taught to say to everything, unless the prompt starts with "#".
BASE_ANSWER = "a red car"
#: What the tiny adapter was taught to say to everything. The base says it after a "#": an adapter
#: leaves attention as it is, so the base must have words of that length in it.
ADAPTER_ANSWER = "Step 1: Find the red car [[10,20,50,80]]. Step 2: So the answer is red."


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> None:
    torch.set_num_threads(1)


def build_tiny_processor(*, width: int = SIDE, height: int = SIDE) -> LlavaProcessor:
    """A byte-level tokenizer without merges (any text survives a round trip) and a stretching image
    processor.
    """
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {token: i for i, token in enumerate([PAD, END, IMAGE, *alphabet])}
    core = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    core.add_special_tokens([PAD, END, IMAGE])
    # Whole words keep the answers of the tests short, so that they are learned in a second.
    core.add_tokens([*WORDS, "[[", "]]", *(str(number) for number in range(10, 101))])
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=core,
        pad_token=PAD,
        eos_token=END,
        extra_special_tokens={"image_token": IMAGE},
        clean_up_tokenization_spaces=False,
    )
    images = CLIPImageProcessorPil(size={"height": height, "width": width}, do_center_crop=False, do_convert_rgb=True)
    return LlavaProcessor(
        image_processor=images,
        tokenizer=tokenizer,
        patch_size=PATCH,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        chat_template=CHAT_TEMPLATE,
    )


def build_tiny_model(processor: LlavaProcessor, *, experts: int = 4, layers: int = 2) -> LlavaForConditionalGeneration:
    """LLaVA with random weights; ``experts=0`` makes every layer dense, else every other layer is a
    mixture.
    """
    tokenizer = processor.tokenizer
    text = Qwen3MoeConfig(
        vocab_size=len(tokenizer),
        hidden_size=WIDTH,
        num_hidden_layers=layers,
        num_attention_heads=2,
        num_key_value_heads=2,
        head_dim=WIDTH // 2,
        intermediate_size=2 * WIDTH,
        moe_intermediate_size=2 * WIDTH,
        num_experts=max(experts, 1),
        num_experts_per_tok=min(2, max(experts, 1)),
        decoder_sparse_step=2,
        mlp_only_layers=[] if experts else list(range(layers)),
        max_position_embeddings=512,
        initializer_range=WIDTH**-0.5,
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
        bos_token_id=None,
        tie_word_embeddings=False,
    )
    vision = CLIPVisionConfig(
        image_size=SIDE,
        patch_size=PATCH,
        hidden_size=WIDTH,
        intermediate_size=2 * WIDTH,
        num_hidden_layers=2,
        num_attention_heads=2,
        projection_dim=WIDTH,
    )
    return LlavaForConditionalGeneration(
        LlavaConfig(
            vision_config=vision,
            text_config=text,
            image_token_index=tokenizer.convert_tokens_to_ids(IMAGE),
            image_token_id=tokenizer.convert_tokens_to_ids(IMAGE),
            image_seq_length=(SIDE // PATCH) ** 2,
            tie_word_embeddings=False,
        )
    )


def teach_to_say(
    model: torch.nn.Module,
    processor: LlavaProcessor,
    answer: str,
    *,
    after_hash: str | None = None,
    steps: int = 600,
    rows: int = 8,
) -> float:
    """Train ``model``'s trainable weights to say ``answer`` to any prompt; returns the last loss.

    ``after_hash`` is what to say to prompts that start with ``#``.
    """
    generator = torch.Generator().manual_seed(0)
    pieces = [*string.ascii_letters, *" .?!,'", *(WORDS * 3)]
    weights = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(weights, lr=5e-3, weight_decay=0.0)
    model.train()
    loss = float("nan")
    for _ in range(steps):
        lengths = torch.randint(1, 50, (rows,), generator=generator).tolist()
        prompts = ["".join(pieces[i] for i in torch.randint(len(pieces), (n,), generator=generator)) for n in lengths]
        answers = [answer] * rows
        if after_hash is not None:
            prompts[::2] = ["#" + p for p in prompts[::2]]
            answers[::2] = [after_hash] * len(answers[::2])
        pixels = torch.randint(0, 255, (rows, 20, 24, 3), generator=generator, dtype=torch.uint8)
        batch = processor(
            images=[Image.fromarray(p.numpy()) for p in pixels],
            text=[chat(processor, p, a) for p, a in zip(prompts, answers, strict=True)],
            padding=True,
            padding_side="left",
            return_tensors="pt",
        )
        labels = torch.full_like(batch["input_ids"], -100)
        for row, said in enumerate(answers):
            tail = len(processor.tokenizer(said)["input_ids"]) + 1  # the answer and its end of turn
            labels[row, -tail:] = batch["input_ids"][row, -tail:]
        result = model(**batch, labels=labels).loss
        result.backward()
        optimizer.step()
        optimizer.zero_grad()
        loss = result.item()
        if loss < 0.005:
            break
    model.eval()
    return loss


def chat(processor: LlavaProcessor, prompt: str, answer: str | None = None) -> str:
    """One turn with a picture, as the chat template writes it."""
    turns = [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": prompt}]}]
    if answer is None:
        return processor.apply_chat_template(turns, add_generation_prompt=True)
    turns.append({"role": "assistant", "content": [{"type": "text", "text": answer}]})
    return processor.apply_chat_template(turns)


@pytest.fixture(scope="session")
def tiny_processor() -> LlavaProcessor:
    return build_tiny_processor()


@pytest.fixture
def make_tiny_model(tiny_processor: LlavaProcessor) -> Callable[..., LlavaForConditionalGeneration]:
    """Make a fresh random model: ``make_tiny_model(seed=0, experts=4, layers=2)``."""

    def make(*, seed: int = 0, experts: int = 4, layers: int = 2) -> LlavaForConditionalGeneration:
        torch.manual_seed(seed)
        return build_tiny_model(tiny_processor, experts=experts, layers=layers).eval()

    return make


@pytest.fixture(scope="session")
def tiny_base(tmp_path_factory: pytest.TempPathFactory, tiny_processor: LlavaProcessor) -> Path:
    """A model folder whose model answers :data:`BASE_ANSWER` to everything."""
    folder = tmp_path_factory.mktemp("tiny") / "base"
    torch.manual_seed(0)
    model = build_tiny_model(tiny_processor)
    loss = teach_to_say(model, tiny_processor, BASE_ANSWER, after_hash=ADAPTER_ANSWER)
    assert loss < 0.02, f"the tiny base did not learn its one sentence (loss {loss:.3f})"
    model.save_pretrained(folder)
    tiny_processor.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def tiny_adapter(tmp_path_factory: pytest.TempPathFactory, tiny_base: Path) -> Path:
    """A TWIST adapter folder for :func:`tiny_base` with which it answers :data:`ADAPTER_ANSWER` to
    everything.
    """
    from peft import get_peft_model

    from twist_scout import TwistConfig

    folder = tmp_path_factory.mktemp("tiny") / "adapter"
    torch.manual_seed(0)
    processor = build_tiny_processor()
    base = LlavaForConditionalGeneration.from_pretrained(tiny_base)
    model = get_peft_model(base, TwistConfig(layers="all"))
    loss = teach_to_say(model, processor, ADAPTER_ANSWER)
    assert loss < 0.02, f"the tiny adapter did not learn its answer (loss {loss:.3f})"
    model.save_pretrained(folder)
    return folder
