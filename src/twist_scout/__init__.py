"""Twist & Scout: teach any vision-language model to point at things, without it forgetting
anything.

Importing this package makes the tuner ``"TWIST"`` known to peft, now or as soon as peft is
imported, so that ``peft.PeftModel.from_pretrained`` can open an adapter folder. It does not import
torch: names below are loaded when they are first used, which keeps the command line quick to start.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from wrapt import when_imported

__version__ = "0.1.0"

# public name -> module that defines it
_HOMES = {
    "Box": "twist_scout.boxes.box",
    "Frame": "twist_scout.boxes.frame",
    "GroundedText": "twist_scout.boxes.grounded",
    "Phrase": "twist_scout.boxes.grounded",
    "Step": "twist_scout.boxes.grounded",
    "Grounder": "twist_scout.grounder",
    "TwistConfig": "twist_scout.twist.config",
    "TwistModel": "twist_scout.twist.model",
    "StepwiseLoss": "twist_scout.twist.losses",
    "TwistTrainer": "twist_scout.twist.trainer",
    "Certificate": "twist_scout.twist.certificate",
    "certify": "twist_scout.twist.certificate",
    "verify_certificate": "twist_scout.twist.certificate",
    "TwistScoutError": "twist_scout.errors",
}

__all__ = ["__version__", *sorted(_HOMES)]

if TYPE_CHECKING:
    from twist_scout.boxes.box import Box as Box
    from twist_scout.boxes.frame import Frame as Frame
    from twist_scout.boxes.grounded import GroundedText as GroundedText
    from twist_scout.boxes.grounded import Phrase as Phrase
    from twist_scout.boxes.grounded import Step as Step
    from twist_scout.errors import TwistScoutError as TwistScoutError
    from twist_scout.grounder import Grounder as Grounder
    from twist_scout.twist.certificate import Certificate as Certificate
    from twist_scout.twist.certificate import certify as certify
    from twist_scout.twist.certificate import verify_certificate as verify_certificate
    from twist_scout.twist.config import TwistConfig as TwistConfig
    from twist_scout.twist.losses import StepwiseLoss as StepwiseLoss
    from twist_scout.twist.model import TwistModel as TwistModel
    from twist_scout.twist.trainer import TwistTrainer as TwistTrainer


@when_imported("peft")
def _register_with_peft(_peft: Any) -> None:
    from twist_scout.twist.registration import register

    register()


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        value = getattr(import_module(_HOMES[name]), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
