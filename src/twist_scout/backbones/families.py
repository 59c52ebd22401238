"""How the published MoE-LLaVA checkpoints name and shape things, and what transformers calls them.

The checkpoints are of several language models. Here each is a table, not a class: which decoder of
transformers it is, what its config calls the decoder's fields, and how its weights are renamed.

====================  ==========================  =================================================
model type            published checkpoints       what differs from transformers' own names
====================  ==========================  =================================================
moe_llava_phi         MoE-LLaVA-Phi2-2.7B-4e      nothing
moe_llava_stablelm    MoE-LLaVA-StableLM-1.6B-4e  two config fields
moe_llava_qwen        MoE-LLaVA-Qwen-1.8B-4e      the first Qwen's names; query, key, value in one
                                                  matrix; the same computation as Qwen2
moe_llava_qwen1_5     (trained by users)          nothing
moe_llava_mistral     (OpenChat)                  nothing
moe_llava_llama       (trained by users)          nothing
====================  ==========================  =================================================

Facts: the checkpoints' own modelling code (PKU-YuanGroup/MoE-LLaVA) and DeepSpeed 0.9.5, which names
the mixtures' weights.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from twist_scout.backbones.configuration import MoeLlavaConfig
from twist_scout.errors import BadModel

# The vision towers that the published configs name.
TOWERS: dict[str, dict[str, Any]] = {
    "clip-vit-large-patch14-336": {
        "model_type": "clip_vision_model",
        "hidden_size": 1024,
        "intermediate_size": 4096,
        "num_hidden_layers": 24,
        "num_attention_heads": 16,
        "image_size": 336,
        "patch_size": 14,
        "projection_dim": 768,
    },
    "siglip-so400m-patch14-384": {
        "model_type": "siglip_vision_model",
        "hidden_size": 1152,
        "intermediate_size": 4304,
        "num_hidden_layers": 27,
        "num_attention_heads": 16,
        "image_size": 384,
        "patch_size": 14,
    },
}

# Either prefix stands for the whole model: the first Qwen calls it "transformer".
_ROOT = r"^(?:model|transformer)\."
_COMMON: tuple[tuple[str, tuple[str, ...]], ...] = (
    (_ROOT + r"image_tower\.image_tower\.(?:vision_model\.)?(.+)$", (r"model.vision_tower.\1",)),
    (_ROOT + r"mm_projector\.image_spatial_proj\.0\.(.+)$", (r"model.multi_modal_projector.linear_1.\1",)),
    (_ROOT + r"mm_projector\.image_spatial_proj\.2\.(.+)$", (r"model.multi_modal_projector.linear_2.\1",)),
    (r"\.mlp\.deepspeed_moe\.gate\.wg\.", (".mlp.gate.wg.",)),
    (r"\.mlp\.deepspeed_moe\.experts\.deepspeed_experts\.", (".mlp.experts.",)),
    (_ROOT + r"(layers|embed_tokens|norm|final_layernorm)\.", (r"model.language_model.\1.",)),
)
_QWEN: tuple[tuple[str, tuple[str, ...]], ...] = (
    (_ROOT + r"wte\.", ("model.embed_tokens.",)),
    (_ROOT + r"ln_f\.", ("model.norm.",)),
    (_ROOT + r"h\.(\d+)\.", (r"model.layers.\1.",)),
    (r"(layers\.\d+)\.ln_1\.", (r"\1.input_layernorm.",)),
    (r"(layers\.\d+)\.ln_2\.", (r"\1.post_attention_layernorm.",)),
    (r"\.attn\.c_proj\.", (".self_attn.o_proj.",)),
    (r"\.attn\.c_attn\.", (".self_attn.q_proj.", ".self_attn.k_proj.", ".self_attn.v_proj.")),
    (r"\.(mlp\.(?:.+\.)?)w1\.", (r".\1up_proj.",)),
    (r"\.(mlp\.(?:.+\.)?)w2\.", (r".\1gate_proj.",)),
    (r"\.(mlp\.(?:.+\.)?)c_proj\.", (r".\1down_proj.",)),
)
# Stored by some versions of the libraries, and computed by transformers
_COMPUTED = re.compile(r"(rotary_emb\.inv_freq|\.position_ids|\.masked_bias|\.logn_tensor)$")


@dataclass(frozen=True)
class Family:
    """One language model of the published checkpoints.

    Attributes:
        decoder: its model type in transformers.
        fields: names in the checkpoint's config that differ from the decoder's.
        defaults: the decoder's fields, where its config is silent and transformers' default differs.
        renames: patterns and what replaces them, one after the other; several replacements: the
            tensor is cut into that many equal parts along its first dimension.
        halved_inner: whether the config's ``intermediate_size`` counts gate and up together.
    """

    decoder: str
    fields: dict[str, str] = field(default_factory=dict)
    defaults: dict[str, Any] = field(default_factory=dict)
    renames: tuple[tuple[str, tuple[str, ...]], ...] = ()
    halved_inner: bool = False


FAMILIES: dict[str, Family] = {
    "moe_llava_phi": Family("phi"),
    "moe_llava_stablelm": Family(
        "stablelm",
        fields={"rope_pct": "partial_rotary_factor", "norm_eps": "layer_norm_eps"},
        defaults={"use_qkv_bias": True},
    ),
    "moe_llava_qwen": Family(
        "qwen2",
        fields={
            "layer_norm_epsilon": "rms_norm_eps",
            "rotary_emb_base": "rope_theta",
            "seq_length": "max_position_embeddings",
        },
        defaults={"tie_word_embeddings": False},
        renames=_QWEN,
        halved_inner=True,
    ),
    "moe_llava_qwen1_5": Family("qwen2"),
    "moe_llava_mistral": Family("mistral"),
    "moe_llava_llama": Family("llama"),
}


def new_names(key: str, family: Family) -> tuple[str, ...] | None:
    """What a tensor of a checkpoint is called in a :class:`MoeLlavaForConditionalGeneration`.

    Returns:
        One name; several for a tensor to be cut along its first dimension; none at all (``()``) for
        one that transformers computes itself; ``None`` for a key that no MoE-LLaVA has.
    """
    if _COMPUTED.search(key):
        return ()
    names: tuple[str, ...] = (key,)
    for pattern, replacements in (*family.renames, *_COMMON):
        if re.search(pattern, names[0]):
            names = tuple(re.sub(pattern, new, name) for name in names for new in replacements)
    known = ("model.language_model.", "model.vision_tower.", "model.multi_modal_projector.", "lm_head.")
    return names if all(name.startswith(known) for name in names) else None


def family_of(source: dict[str, Any]) -> Family:
    """The family that a checkpoint's ``config.json`` names.

    Raises:
        BadModel: none of them, or no MoE-LLaVA at all.
    """
    kind = source.get("model_type")
    if kind not in FAMILIES or not isinstance(source.get("moe"), dict):
        raise BadModel(
            f"This is no checkpoint of MoE-LLaVA: its config.json says model_type {kind!r}"
            f"{'' if 'moe' in source else ' and has no moe section'}, and known are {', '.join(FAMILIES)}."
        )
    return FAMILIES[kind]


def read_config(
    source: dict[str, Any], *, tower: dict[str, Any] | None = None, image_token_id: int | None = None
) -> MoeLlavaConfig:
    """Turn a checkpoint's ``config.json`` into a configuration of this package.

    Args:
        source: the file's content.
        tower: config of the vision tower; None: found by the name in the file.
        image_token_id: of the image placeholder; None: the last row of the vocabulary.

    Raises:
        BadModel: it asks for something that no published checkpoint has.
    """
    family = family_of(source)
    vision = _config_of(_tower(source) if tower is None else tower)
    moe = source["moe"]
    experts = moe.get("num_experts", 4)
    counts = set(experts) if isinstance(experts, list) else {experts}
    text = _config_of(_text_fields(source, family))
    refusals = {
        f"layers with different numbers of experts ({experts})": len(counts) != 1,
        "a residual mixture (use_residual)": bool(moe.get("use_residual")),
        f"the projector {source.get('image_projector_type')!r}": source.get("image_projector_type") != "mlp2x_gelu",
        "a video tower": bool(source.get("mm_video_tower")),
    }
    for what, wrong in refusals.items():
        if wrong:
            raise BadModel(
                f"This checkpoint has {what}, which no published MoE-LLaVA for images has; import supports "
                "equal, non-residual mixtures, the projector 'mlp2x_gelu' and an image tower."
            )
    selects = {"patch": "default", "cls_patch": "full"}[source.get("mm_vision_select_feature", "patch")]
    has_class_token = vision.model_type == "clip_vision_model"
    patches = (vision.image_size // vision.patch_size) ** 2 + has_class_token
    layers = moe.get("moe_layers_idx")
    return MoeLlavaConfig(
        vision_config=vision,
        text_config=text,
        image_token_index=text.vocab_size - 1 if image_token_id is None else image_token_id,
        image_seq_length=patches - (selects == "default"),
        vision_feature_layer=source.get("mm_vision_select_layer", -2),
        vision_feature_select_strategy=selects,
        tie_word_embeddings=bool(text.tie_word_embeddings),
        moe_layers=moe.get("moe_mode", "sparse") if layers is None else list(layers),
        moe_num_experts=counts.pop(),
        moe_top_k=moe.get("top_k_experts", 2),
        moe_capacity_factor=moe.get("capacity_factor", 1.0),
        moe_eval_capacity_factor=moe.get("eval_capacity_factor", 1.0),
        moe_min_capacity=moe.get("min_capacity", 4),
        router_aux_loss_coef=moe.get("router_aux_loss_coef", 0.01),
    )


def _text_fields(source: dict[str, Any], family: Family) -> dict[str, Any]:
    """The decoder's own fields, under transformers' names."""
    from transformers import CONFIG_MAPPING

    known = {*CONFIG_MAPPING[family.decoder].__annotations__, "rope_theta", "rope_scaling", "partial_rotary_factor"}
    replaced = family.fields.values()  # a field of the checkpoint wins over one that only shares its new name
    given = {family.fields.get(name, name): value for name, value in source.items() if name not in replaced}
    text = {"model_type": family.decoder, **family.defaults, **{k: v for k, v in given.items() if k in known}}
    text.setdefault("num_key_value_heads", text.get("num_attention_heads"))  # where there is no such field, all
    if family.halved_inner:
        text["intermediate_size"] //= 2
    return text


def _config_of(fields: dict[str, Any]) -> Any:
    """A configuration of transformers, with its defaults filled in."""
    from transformers import CONFIG_MAPPING

    fields = dict(fields)
    kind = fields.pop("model_type", None)
    if kind not in CONFIG_MAPPING:
        raise BadModel(f"transformers knows no model type {kind!r}; give a vision tower of type CLIP or SigLIP.")
    return CONFIG_MAPPING[kind](**fields)


def _tower(source: dict[str, Any]) -> dict[str, Any]:
    name = str(source.get("mm_image_tower") or source.get("mm_vision_tower"))
    known = TOWERS.get(name.rstrip("/").rpartition("/")[2])
    if known is None:
        raise BadModel(
            f"The checkpoint's vision tower, {name!r}, is none of {', '.join(TOWERS)}; pass vision_tower=, a folder "
            "with its config.json."
        )
    return known
