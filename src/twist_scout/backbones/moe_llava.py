"""MoE-LLaVA (Lin et al., 2024), the base model of the paper, from transformers' own parts.

It is transformers' LLaVA (CLIP tower, two-layer projector, any text decoder), in which a
:class:`~twist_scout.backbones.block.MoeBlock` takes the place of the feed-forward network of some
decoder layers. The choice of decoder is ``config.text_config``: Phi-2, StableLM, Qwen and the rest
need no code of their own here.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import wraps
from typing import Any

import torch
from torch import Tensor, nn
from transformers import LlavaForConditionalGeneration, LlavaModel
from transformers.models.llava.modeling_llava import LlavaCausalLMOutputWithPast
from transformers.utils.generic import can_return_tuple

from twist_scout.backbones.block import MoeBlock, router_losses
from twist_scout.backbones.configuration import MoeLlavaConfig
from twist_scout.backbones.gating import TopKGate
from twist_scout.errors import BadModel

logger = logging.getLogger(__name__)


@dataclass
class MoeLlavaOutput(LlavaCausalLMOutputWithPast):
    """LLaVA's output.

    Attributes:
        aux_loss: in training, the load-balancing losses summed over layers, before their weight.
    """

    aux_loss: Tensor | None = None


class MoeLlavaModel(LlavaModel):
    """MoE-LLaVA without its language head.

    Raises:
        BadModel: a decoder whose layers keep no feed-forward network under ``mlp``.
    """

    config_class = MoeLlavaConfig
    _keep_in_fp32_modules_strict = ("gate.wg",)

    def __init__(self, config: MoeLlavaConfig) -> None:
        super().__init__(config)
        put_mixtures(self.language_model, config)
        if config.drops_in_evaluation:
            logger.warning(
                "moe_eval_capacity_factor=%s lets experts overflow in evaluation, so an answer depends on what else "
                "is in the batch; %s and above never drop a token.",
                config.moe_eval_capacity_factor,
                config.moe_num_experts / config.moe_top_k,
            )


class MoeLlavaForConditionalGeneration(LlavaForConditionalGeneration):
    """MoE-LLaVA: answers questions about pictures.

    Inputs and outputs are LLaVA's. In training the loss holds the load-balancing loss as well,
    ``loss = cross-entropy + router_aux_loss_coef * aux_loss``, where ``aux_loss`` is summed over
    layers, and the gate draws noise; evaluation is deterministic. A block that is frozen beside a
    TWIST twin stays in evaluation mode and has no part in ``aux_loss``.
    """

    config_class = MoeLlavaConfig
    _keep_in_fp32_modules_strict = ("gate.wg",)

    def __init__(self, config: MoeLlavaConfig) -> None:
        # LLaVA's own constructor would build a dense decoder first
        super(LlavaForConditionalGeneration, self).__init__(config)
        self.model = MoeLlavaModel(config)
        text = config.text_config
        self.lm_head = nn.Linear(text.hidden_size, text.vocab_size, bias=False)
        self.post_init()

    @can_return_tuple
    @wraps(LlavaForConditionalGeneration.forward)
    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """LLaVA's forward pass, with ``aux_loss`` in training."""
        kwargs["return_dict"] = True
        if not self.training:
            return super().forward(*args, **kwargs)
        with router_losses(self) as losses:
            output = MoeLlavaOutput(**super().forward(*args, **kwargs))
        if losses:
            home = losses[0].device  # a model split over devices meets on the first one
            output.aux_loss = torch.stack([loss.to(home) for loss in losses]).sum()
            if output.loss is not None:
                output.loss = output.loss + self.config.router_aux_loss_coef * output.aux_loss.to(output.loss.device)
        return output


def put_mixtures(decoder: Any, config: MoeLlavaConfig) -> None:
    """Replace the feed-forward networks of ``config.moe_layer_numbers`` by mixtures of copies of them.

    Raises:
        BadModel: the decoder's layers keep none under ``mlp``.
    """
    hidden = config.text_config.hidden_size
    layers = getattr(decoder, "layers", None)
    for number in config.moe_layer_numbers:
        layer: Any = layers[number] if isinstance(layers, nn.ModuleList) else None
        if not isinstance(getattr(layer, "mlp", None), nn.Module):
            raise BadModel(
                f"{type(decoder).__name__} keeps no feed-forward networks under layers.{number}.mlp, so no MoE-LLaVA "
                "can be built on it; Phi, StableLM, Qwen2, Mistral and Llama decoders do."
            )
        gate = TopKGate(
            hidden,
            config.moe_num_experts,
            top_k=config.moe_top_k,
            capacity_factor=config.moe_capacity_factor,
            eval_capacity_factor=config.moe_eval_capacity_factor,
            min_capacity=config.moe_min_capacity,
        )
        layer.mlp = MoeBlock(layer.mlp, config.moe_num_experts, gate)
