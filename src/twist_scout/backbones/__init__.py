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

Importing this package imports neither torch nor transformers: names are loaded on first use, and
the model type ``"moe_llava"`` is entered in transformers' tables once transformers loads those.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wrapt import when_imported

from twist_scout.lazy import lazy_names

_HOMES = {
    "MoeLlavaConfig": "configuration",
    "MoeLlavaModel": "moe_llava",
    "MoeLlavaForConditionalGeneration": "moe_llava",
    "import_checkpoint": "import_moe_llava",
    "add_processor": "processing",
    "register": "registration",
}

__all__ = sorted(_HOMES)

if TYPE_CHECKING:
    from twist_scout.backbones.configuration import MoeLlavaConfig as MoeLlavaConfig
    from twist_scout.backbones.import_moe_llava import import_checkpoint as import_checkpoint
    from twist_scout.backbones.moe_llava import MoeLlavaForConditionalGeneration as MoeLlavaForConditionalGeneration
    from twist_scout.backbones.moe_llava import MoeLlavaModel as MoeLlavaModel
    from twist_scout.backbones.processing import add_processor as add_processor
    from twist_scout.backbones.registration import register as register


def _when_ready(module: Any) -> None:
    from twist_scout.backbones.registration import on_loaded

    on_loaded(module.__name__)


for _name in (
    "transformers.models.auto.auto_factory",
    "transformers.models.auto.configuration_auto",
    "transformers.models.auto.modeling_auto",
    "transformers.models.llava.configuration_llava",
    "transformers.models.llava.modeling_llava",
    f"{__name__}.configuration",
    f"{__name__}.moe_llava",
):
    when_imported(_name)(_when_ready)


__getattr__, __dir__ = lazy_names(__name__, _HOMES)
