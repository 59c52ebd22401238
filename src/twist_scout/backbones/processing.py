"""The processor of an imported MoE-LLaVA: what MoE-LLaVA does to pictures and prompts.

Pictures are padded to a square with the mean colour and scaled to the tower's size
(``image_aspect_ratio pad``). Prompts are ``<system> USER: <image>``, newline, ``<question> ASSISTANT:``, the
conversation form of all published checkpoints; an answer ends with the end-of-text token.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from twist_scout.backbones.configuration import MoeLlavaConfig
from twist_scout.errors import BadModel

SYSTEM = (
    "A chat between a curious user and an artificial intelligence assistant. "
    "The assistant gives helpful, detailed, and polite answers to the user's questions."
)
_PARTS = (
    "{%- macro words(message) -%}"
    "{%- if message.content is string -%}{{ message.content }}{%- else -%}"
    "{%- for part in message.content -%}{%- if part.type == 'image' -%}{{ 'IMAGE\\n' }}"
    "{%- elif part.type == 'text' -%}{{ part.text }}{%- endif -%}{%- endfor -%}"
    "{%- endif -%}{%- endmacro -%}"
)
CHAT_TEMPLATE = (
    _PARTS + "{%- if messages[0].role != 'system' -%}{{ 'SYSTEM ' }}{%- endif -%}"
    "{%- for message in messages -%}"
    "{%- if message.role == 'system' -%}{{ words(message) + ' ' }}"
    "{%- elif message.role == 'user' -%}{{ 'USER: ' + words(message) + ' ' }}"
    "{%- else -%}{{ 'ASSISTANT:' }}{%- generation -%}{{ ' ' + words(message) + 'END' }}{%- endgeneration -%}"
    "{%- endif -%}{%- endfor -%}"
    "{%- if add_generation_prompt -%}{{ 'ASSISTANT:' }}{%- endif -%}"
)


def add_processor(folder: str | Path, tokenizer: Any = None, *, image_token: str = "<image>") -> Any:
    """Put a processor into a folder that :func:`~twist_scout.backbones.import_checkpoint` wrote.

    The id of the image placeholder is entered in the folder's ``config.json``. A token that the
    tokenizer does not have yet takes its first free row of the vocabulary: Phi-2, StableLM-2 and Qwen
    have some that no word uses.

    Args:
        folder: the imported model.
        tokenizer: of the language model; None: the one in the folder, if it needs no code of its own
            (Phi-2's does not; for StableLM and Qwen pass one).
        image_token: the placeholder for a picture in a prompt.

    Returns:
        A ``LlavaProcessor``.

    Raises:
        BadModel: no tokenizer that can be opened, or no free row for the placeholder.
    """
    from transformers import AutoTokenizer, LlavaProcessor
    from transformers.models.llava.image_processing_pil_llava import LlavaImageProcessorPil

    folder = Path(folder)
    config = MoeLlavaConfig.from_pretrained(folder)
    if tokenizer is None:
        try:
            tokenizer = AutoTokenizer.from_pretrained(folder)
        except Exception as error:  # each kind of tokenizer raises its own
            raise BadModel(
                f"{folder} holds no tokenizer that opens without code of its own; pass tokenizer=, the language model's."
            ) from error
    tokenizer.add_tokens([image_token], special_tokens=True)
    image_id = tokenizer.convert_tokens_to_ids(image_token)
    if image_id >= config.text_config.vocab_size:
        raise BadModel(
            f"The model's vocabulary has {config.text_config.vocab_size} rows and none is left for {image_token!r}; "
            "pass image_token=, a token of the tokenizer that no prompt uses."
        )
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.unk_token or tokenizer.eos_token

    vision = config.vision_config
    is_clip = vision.model_type == "clip_vision_model"
    # SigLIP's own mean and deviation; CLIP's are the image processor's defaults
    colours = {} if is_clip else {"image_mean": [0.5] * 3, "image_std": [0.5] * 3}
    edge = vision.image_size
    images = LlavaImageProcessorPil(
        do_pad=True, size={"shortest_edge": edge}, crop_size={"height": edge, "width": edge}, **colours
    )
    template = CHAT_TEMPLATE.replace("SYSTEM", SYSTEM.replace("'", "\\'"))
    template = template.replace("IMAGE", image_token).replace("END'", f"{tokenizer.eos_token}'")
    processor = LlavaProcessor(
        image_processor=images,
        tokenizer=tokenizer,
        patch_size=vision.patch_size,
        vision_feature_select_strategy=config.vision_feature_select_strategy,
        num_additional_image_tokens=int(is_clip),
        image_token=image_token,
        chat_template=template,
    )
    processor.save_pretrained(folder)
    config.image_token_index = image_id
    config.save_pretrained(folder)
    return processor
