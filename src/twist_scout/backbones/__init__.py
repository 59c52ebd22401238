"""Backbones that transformers does not hold: MoE-LLaVA, the model that the paper builds on.

===================  ============================================================================
``configuration``    what can be chosen about a MoE-LLaVA
``gating``           which experts a token goes to, and at what weight: DeepSpeed 0.9.5's top-k gate
``block``            the mixture-of-experts block that takes the place of a feed-forward network
``moe_llava``        the model, out of transformers' own LLaVA and any text decoder
``families``         how the published checkpoints name and shape things, per text decoder
``import_moe_llava`` published checkpoints into folders that ``from_pretrained`` opens
``processing``       their processor: pictures, prompts, the image placeholder
``registration``     makes all of it known to transformers' Auto classes
===================  ============================================================================

Importing this package registers the model type ``"moe_llava"`` with transformers, and so loads it. What loads models
here (:mod:`twist_scout.loading`, the commands, ``Grounder``) does that by itself; code of your own that calls
``AutoModelForImageTextToText.from_pretrained`` needs ``import twist_scout.backbones`` before it.
"""

from __future__ import annotations

from twist_scout.backbones.configuration import MoeLlavaConfig
from twist_scout.backbones.import_moe_llava import import_checkpoint
from twist_scout.backbones.moe_llava import MoeLlavaForConditionalGeneration, MoeLlavaModel
from twist_scout.backbones.processing import add_processor
from twist_scout.backbones.registration import register

__all__ = [
    "MoeLlavaConfig",
    "MoeLlavaForConditionalGeneration",
    "MoeLlavaModel",
    "add_processor",
    "import_checkpoint",
    "register",
]

register()
