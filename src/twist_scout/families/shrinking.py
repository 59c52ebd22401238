"""Makes the config of any family tiny: every size by the name that transformers gives it."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

VOCABULARY = 160

# Sizes by name. They fit together: heads x head size = width, and a 32-pixel picture has 4 x 4 patches.
SIZES: dict[str, int] = {
    **dict.fromkeys(("hidden_size", "d_model", "dim", "embed_dim", "n_embd", "width", "out_hidden_size"), 32),
    **dict.fromkeys(("encoder_hidden_size", "text_hidden_size", "word_embed_proj_dim", "projection_dim"), 32),
    **dict.fromkeys(("projector_hidden_size", "projection_hidden_size", "projection_hidden_dim"), 32),
    **dict.fromkeys(
        ("intermediate_size", "ffn_dim", "encoder_ffn_dim", "decoder_ffn_dim", "d_ff", "moe_intermediate_size"), 48
    ),
    **dict.fromkeys(("num_hidden_layers", "num_layers", "n_layer", "encoder_layers", "decoder_layers", "depth"), 2),
    **dict.fromkeys(("num_attention_heads", "num_heads", "encoder_attention_heads", "decoder_attention_heads"), 4),
    **dict.fromkeys(("num_experts", "n_routed_experts", "num_local_experts"), 4),
    **dict.fromkeys(("qk_rope_head_dim", "qk_nope_head_dim", "v_head_dim", "head_dim", "patch_size"), 8),
    **dict.fromkeys(("linear_key_head_dim", "linear_value_head_dim", "linear_head_dim", "index_head_dim"), 8),
    **dict.fromkeys(("q_lora_rank", "kv_lora_rank"), 16),
    **dict.fromkeys(("latent_query_num", "attention_heads"), 4),
    "layers": 2,
    **dict.fromkeys(("shared_expert_intermediate_size", "moe_shared_expert_intermediate_size", "mlp_dim"), 48),
    **dict.fromkeys(("dense_intermediate_size", "shared_intermediate_size", "share_expert_dim"), 48),
    "d_kv": 8,
    "num_experts_per_tok": 2,
    "first_k_dense_replace": 1,
    "linear_num_key_heads": 2,
    "linear_num_value_heads": 4,
    "linear_num_heads": 4,
    "index_n_heads": 2,
    "index_topk": 8,
    "num_key_value_heads": 2,
    **dict.fromkeys(("vocab_size", "vocab_size_per_layer_input"), VOCABULARY),
    "hidden_size_per_layer_input": 8,
    "image_size": 32,
    **dict.fromkeys(("num_position_embeddings", "num_patches"), 16),
    **dict.fromkeys(("pos_emb_height", "pos_emb_width", "posemb_grid_size"), 4),
    "mm_tokens_per_image": 4,
    "max_position_embeddings": 256,
    "downsample_hidden_size": 8,
    "sliding_window": 8,  # less than a prompt
}
SIDES = ("image_size", "patch_size")  # given once, or for height and width
SPREAD = 0.02  # of random weights, as most families have it
SPECIAL = {"pad": 0, "bos": 1, "eos": 2}  # ids of these tokens; the other special tokens follow
PER_LAYER = ("layer_types", "mlp_layer_types", "layers_block_type", "indexer_types")


def shrink(config: Any) -> None:
    """Make a config and the configs inside it tiny, in place."""
    _shrink_sizes(config)
    ids: dict[str, int] = {}
    _number_tokens(config, ids)


def _shrink_sizes(config: Any) -> None:
    uneven = getattr(config, "per_layer_attributes", None) or ()  # sizes that are not the same in all layers
    if uneven:
        config.per_layer_config = None
    for name, size in SIZES.items():
        value = getattr(config, name, None)
        if isinstance(value, int) and not isinstance(value, bool):
            setattr(config, name, size)
        elif name in SIDES and isinstance(value, (list, tuple)):
            setattr(config, name, type(value)([size] * len(value)))
    if hasattr(config, "kv_lora_rank"):  # latent attention has no fewer heads for keys and values
        config.num_key_value_heads = config.num_attention_heads
    if getattr(config, "image_grid_pinpoints", None):  # pictures of two tiles, beside or above each other
        side = SIZES["image_size"]
        config.image_grid_pinpoints = [[side, 2 * side], [2 * side, side]]
    if (getattr(config, "initializer_range", None) or SPREAD) < SPREAD:  # some towers' would make all pictures alike
        config.initializer_range = SPREAD
    for _, inner in inner_configs(config):
        _shrink_sizes(inner)
    layers = getattr(config, "num_hidden_layers", None)
    for name in PER_LAYER:
        value = getattr(config, name, None)
        if isinstance(value, list) and isinstance(layers, int):
            kinds = list(dict.fromkeys(value))  # each kind of layer, as far as there are layers
            setattr(config, name, [kinds[number % len(kinds)] for number in range(layers)])
    if uneven and isinstance(layers, int):  # the last layer keeps another size than the others
        config.per_layer_config = {layers - 1: {name: 2 * SIZES[name] for name in uneven if name in SIZES}}


def _number_tokens(config: Any, ids: dict[str, int]) -> None:
    """Give special tokens small ids, the same one wherever a name stands."""
    for name in sorted(vars(config)):
        token, _, suffix = name.rpartition("_token_")
        if suffix not in ("id", "index"):
            continue
        value = getattr(config, name)
        if isinstance(value, list) and value:
            value = value[0]
        if isinstance(value, int):
            if token not in SPECIAL:
                ids.setdefault(token, len(SPECIAL) + len(ids))
            setattr(config, name, SPECIAL.get(token, ids.get(token)))
    for _, inner in inner_configs(config):
        _number_tokens(inner, ids)


def change(config: Any, path: str, value: Any) -> None:
    """Set one value, ``text_config.num_experts`` for example; raises `AttributeError` where there is no such part.

    A dict with a ``model_type`` is the config of a part of another model type, such as a vision tower.
    """
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING

    *parts, name = path.split(".")
    for part in parts:
        config = getattr(config, part)
    if isinstance(value, dict) and "model_type" in value:
        # past the setter: where a config names the class of its part, it lets no other class in
        vars(config)[name] = CONFIG_MAPPING[value["model_type"]](**value)
    else:
        setattr(config, name, copy.deepcopy(value))  # configs complete their own dicts


def inside(part: str, changes: dict[str, Any]) -> dict[str, Any]:
    """Changes of an inner config, for :func:`change`."""
    return {f"{part}.{name}": value for name, value in changes.items()}


def inner_configs(config: Any) -> Iterator[tuple[str, Any]]:
    """The configs inside a config, with their names."""
    from transformers import PreTrainedConfig

    for name, value in list(vars(config).items()):
        if isinstance(value, PreTrainedConfig):
            yield name, value
