"""Makes the config of any family tiny: every size by the name that transformers gives it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

VOCABULARY = 160

# Sizes by name. They fit together: heads x head size = width, and a 32-pixel picture has 4 x 4 patches.
SIZES: dict[str, int] = {
    **dict.fromkeys(("hidden_size", "d_model", "dim", "embed_dim", "n_embd", "width", "out_hidden_size"), 32),
    **dict.fromkeys(
        ("intermediate_size", "ffn_dim", "encoder_ffn_dim", "decoder_ffn_dim", "d_ff", "moe_intermediate_size"), 48
    ),
    **dict.fromkeys(("num_hidden_layers", "num_layers", "n_layer", "encoder_layers", "decoder_layers", "depth"), 2),
    **dict.fromkeys(("num_attention_heads", "num_heads", "encoder_attention_heads", "decoder_attention_heads"), 4),
    **dict.fromkeys(("num_experts", "n_routed_experts", "num_local_experts"), 4),
    **dict.fromkeys(("qk_rope_head_dim", "qk_nope_head_dim", "v_head_dim", "head_dim", "patch_size"), 8),
    **dict.fromkeys(("linear_key_head_dim", "linear_value_head_dim"), 8),
    **dict.fromkeys(("q_lora_rank", "kv_lora_rank"), 16),
    "shared_expert_intermediate_size": 48,
    "num_experts_per_tok": 2,
    "linear_num_key_heads": 2,
    "linear_num_value_heads": 4,
    "num_key_value_heads": 2,
    "vocab_size": VOCABULARY,
    "image_size": 32,
    "num_position_embeddings": 16,
    "max_position_embeddings": 256,
}
SPREAD = 0.02  # of random weights, as most families have it
SPECIAL = {"pad": 0, "bos": 1, "eos": 2}  # ids of these tokens; the other special tokens follow
PER_LAYER = ("layer_types", "mlp_layer_types", "layers_block_type")


def shrink(config: Any) -> None:
    """Make a config and the configs inside it tiny, in place."""
    _shrink_sizes(config)
    ids: dict[str, int] = {}
    _number_tokens(config, ids)


def _shrink_sizes(config: Any) -> None:
    for name, size in SIZES.items():
        value = getattr(config, name, None)
        if isinstance(value, int) and not isinstance(value, bool):
            setattr(config, name, size)
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
    """Set one value, ``text_config.num_experts`` for example; raises `AttributeError` where there is no such part."""
    *parts, name = path.split(".")
    for part in parts:
        config = getattr(config, part)
    setattr(config, name, value)


def inner_configs(config: Any) -> Iterator[tuple[str, Any]]:
    """The configs inside a config, with their names."""
    from transformers import PreTrainedConfig

    for name, value in list(vars(config).items()):
        if isinstance(value, PreTrainedConfig):
            yield name, value
