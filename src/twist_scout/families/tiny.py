"""Tiny random models of real families, and inputs that fit them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from twist_scout.errors import BadModel
from twist_scout.families.shrinking import change, shrink

Batch = dict[str, Tensor]
Inputs = Callable[[Any, int, torch.Generator], Batch]


@dataclass(frozen=True)
class Family:
    """One model type of transformers in miniature.

    Attributes:
        model_type: its name in transformers.
        changes: settings of its tiny config, ``{"text_config.rope_parameters": ...}``, made after the
            general shrinking.
        start: settings that the config class is made with, for defaults that it cannot do without.
        inputs: a batch for a model of the family: ``inputs(model, rows, generator)``.
        needs: libraries, beside this package's own, that transformers wants for it.
        refused: why TWIST does not wrap it; None where it does.
        note: what a user of the family should know, in a sentence.
    """

    model_type: str
    changes: dict[str, Any] = field(default_factory=dict)
    start: dict[str, Any] = field(default_factory=dict)
    inputs: Inputs | None = None
    needs: tuple[str, ...] = ()
    refused: str | None = None
    note: str | None = None

    def config(self) -> Any:
        """Its tiny config.

        Raises:
            BadModel: the installed transformers does not know the family.
        """
        from transformers.models.auto.configuration_auto import CONFIG_MAPPING

        if self.model_type not in CONFIG_MAPPING:
            raise BadModel(f"transformers does not know the family {self.model_type!r}: check the name, or update it.")
        config = CONFIG_MAPPING[self.model_type](**self.start)
        shrink(config)
        for path, value in self.changes.items():
            change(config, path, value)
        return config

    def model(self, seed: int = 0) -> Any:
        """A model of that config with random weights, in evaluation mode and fp32.

        Weights are spread wide enough that a network is far from linear and two answers differ; biases, which start at
        zero, are filled too, for a bias that is used wrongly would not show, and so are gates that start closed.
        """
        torch.manual_seed(seed)
        model = build(self.config()).float().eval()
        _spread(model)
        return model

    def batch(self, model: Any, rows: int = 3, seed: int = 1) -> Batch:
        """A batch of ``rows`` pictures with random words."""
        from twist_scout.families.inputs import picture_and_words

        generator = torch.Generator().manual_seed(seed)
        return (self.inputs or picture_and_words)(model, rows, generator)


def build(config: Any) -> nn.Module:
    """A model of the family's own class, with random weights, as the auto class builds it."""
    import transformers
    from transformers.models.auto.modeling_auto import (
        MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING,
        MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES,
    )

    if type(config) in MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING:
        model: nn.Module = transformers.AutoModelForImageTextToText.from_config(config)
        return model
    # two model types with one config class (Evolla) escape the auto class, though its table names the family
    named: nn.Module = getattr(transformers, MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES[config.model_type])(config)
    return named


def _spread(model: nn.Module) -> None:
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if not parameter.is_floating_point():
                continue
            if name.endswith("bias"):
                parameter.normal_(std=0.02)
            elif not parameter.any():  # a gate that is closed, or queries and positions that are all alike
                parameter.normal_(std=0.3)
            elif parameter.dim() > 1:
                parameter.mul_(3)
