"""Twist & Scout: teach any vision-language model to point at things, without it forgetting
anything.

Importing this package makes the tuner ``"TWIST"`` known to peft, now or as soon as peft is
imported, so that ``peft.PeftModel.from_pretrained`` can open an adapter folder. It does not import
torch: names below are loaded when they are first used, which keeps the command line quick to start.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wrapt import when_imported

from twist_scout.lazy import lazy_names

__version__ = "0.1.0"

# public name -> module of this package that defines it
_HOMES = {
    "Box": "boxes.box",
    "Frame": "boxes.frame",
    "GroundedText": "boxes.grounded",
    "Phrase": "boxes.grounded",
    "Step": "boxes.grounded",
    "Grounder": "grounder",
    "TwistConfig": "twist.config",
    "TwistModel": "twist.model",
    "StepwiseLoss": "twist.losses",
    "TwistTrainer": "twist.trainer",
    "Certificate": "twist.certificate",
    "certify": "twist.certificate",
    "verify_certificate": "twist.certificate",
    "TwistScoutError": "errors",
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


__getattr__, __dir__ = lazy_names(__name__, _HOMES)
