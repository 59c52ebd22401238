"""Enters MoE-LLaVA in the tables behind transformers' Auto classes.

``import twist_scout.backbones`` sees to it as soon as transformers has loaded those tables, so
``AutoModelForImageTextToText.from_pretrained(folder)`` opens an imported checkpoint. Until then
nothing is imported.

MoE-LLaVA's classes are subclasses of LLaVA's, and LLaVA's modules import the tables. So the moment
at which a table is loaded may lie within the import of a class that is needed to fill it; then the
table is filled when that import is done.
"""

from __future__ import annotations

import sys

_AUTO = "transformers.models.auto."
_LLAVA = "transformers.models.llava."
_OURS = "twist_scout.backbones."

_complete: set[str] = set()  # modules whose import is done, of those that on_loaded is told of
_filled: set[str] = set()  # tables that are filled, or being filled


def register() -> None:
    """Make ``"moe_llava"`` known to AutoConfig, AutoModel, AutoModelForImageTextToText, AutoProcessor.

    Calling it again is harmless.
    """
    _register_config()
    _register_models()


def on_loaded(module: str) -> None:
    """Fill the tables that can be filled, now that a module they need has been imported."""
    _complete.add(module)
    # to describe themselves, LLaVA's modules import the table of models too
    tables = f"{_AUTO}modeling_auto", f"{_AUTO}auto_factory"
    if _can_fill("configuration_auto", f"{_LLAVA}configuration_llava", f"{_OURS}configuration", *tables):
        _register_config()
        _complete.add("config")
    if "config" in _complete and _can_fill("modeling_auto", f"{_LLAVA}modeling_llava", f"{_OURS}moe_llava"):
        _register_models()


def _can_fill(table: str, *needed: str) -> bool:
    """Whether a table is there, not filled yet, and nothing that fills it is within its own import."""
    within = [module for module in needed if module in sys.modules and module not in _complete]
    if table in _filled or f"{_AUTO}{table}" not in _complete or within:
        return False
    _filled.add(table)
    return True


def _register_config() -> None:
    from transformers.models.auto.configuration_auto import AutoConfig

    from twist_scout.backbones.configuration import MODEL_TYPE, MoeLlavaConfig

    AutoConfig.register(MODEL_TYPE, MoeLlavaConfig, exist_ok=True)


def _register_models() -> None:
    """The model classes, and LLaVA's processor, which serves MoE-LLaVA as it is."""
    from transformers import AutoModel, AutoModelForImageTextToText, AutoProcessor, LlavaProcessor

    from twist_scout.backbones.configuration import MoeLlavaConfig
    from twist_scout.backbones.moe_llava import MoeLlavaForConditionalGeneration, MoeLlavaModel

    AutoModel.register(MoeLlavaConfig, MoeLlavaModel, exist_ok=True)
    AutoModelForImageTextToText.register(MoeLlavaConfig, MoeLlavaForConditionalGeneration, exist_ok=True)
    AutoProcessor.register(MoeLlavaConfig, LlavaProcessor, exist_ok=True)
