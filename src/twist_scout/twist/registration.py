"""Enters TWIST in peft's tables of methods.

peft's own ``register_peft_method`` accepts only the names of a closed enumeration, so the tables
that it would fill are filled here. ``import twist_scout`` sees to it when peft is imported.
"""

from __future__ import annotations

PEFT_TYPE = "TWIST"
PREFIX = "twin_"  # every adapter attribute of a tuner layer starts with this


def register() -> None:
    """Make ``"TWIST"`` known to ``get_peft_model`` and ``PeftModel.from_pretrained``.

    Calling it again is harmless.
    """
    from peft import mapping

    from twist_scout.twist.config import TwistConfig
    from twist_scout.twist.model import TwistModel

    mapping.PEFT_TYPE_TO_CONFIG_MAPPING[PEFT_TYPE] = TwistConfig
    mapping.PEFT_TYPE_TO_TUNER_MAPPING[PEFT_TYPE] = TwistModel
    mapping.PEFT_TYPE_TO_PREFIX_MAPPING[PEFT_TYPE] = PREFIX
