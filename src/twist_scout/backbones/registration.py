"""Enters MoE-LLaVA in the tables behind transformers' Auto classes."""

from __future__ import annotations

from transformers import AutoConfig, AutoModel, AutoModelForImageTextToText, AutoProcessor, LlavaProcessor

from twist_scout.backbones.configuration import MODEL_TYPE, MoeLlavaConfig
from twist_scout.backbones.moe_llava import MoeLlavaForConditionalGeneration, MoeLlavaModel


def register() -> None:
    """Make ``"moe_llava"`` known to AutoConfig, AutoModel, AutoModelForImageTextToText and AutoProcessor.

    Its processor is LLaVA's, which serves it as it is. Calling it again is harmless.
    """
    AutoConfig.register(MODEL_TYPE, MoeLlavaConfig, exist_ok=True)
    AutoModel.register(MoeLlavaConfig, MoeLlavaModel, exist_ok=True)
    AutoModelForImageTextToText.register(MoeLlavaConfig, MoeLlavaForConditionalGeneration, exist_ok=True)
    AutoProcessor.register(MoeLlavaConfig, LlavaProcessor, exist_ok=True)
