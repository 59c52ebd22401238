"""TWIST, section 3 of the paper: twin-expert stepwise tuning, as a peft method.

====================  ============================================================================
``config``            every choice a user can make, validated
``finding``           where a model's text decoder keeps its feed-forward networks;
                      ``layer_network`` in one layer, ``paired`` where its halves lie apart,
                      ``special_cases`` where structure cannot tell
``anatomy``           what one feed-forward network is made of: ``form``, ``dense``, ``stacks``,
                      ``mixtures``, ``surroundings``; every reading is tried (``probing``)
``initialisation``    what the twin's experts start from; ``expert_use`` counts which are used
``experts, router``   the learnable mixture of experts, MoE^VG of Eq. 5
``dispatch``          tokens to experts and back
``layer``             one frozen network with its twins: Eq. 6, 9 and 10
``state``             what the layers share during a forward pass
``model``             the tuner: what ``peft_model.base_model`` is
``telemetry``         what a model says about itself: R(g), alpha, expert load
``load_report``       which expert takes image tokens, text and box digits (``token_kinds``);
                      ``load_picture`` draws it
``offload``           reading weights that accelerate keeps elsewhere
``balance``           the load-balancing loss R(g) of Eq. 7
``losses, trainer``   the step-by-step loss of Eq. 8 and training
``certificate``       the proof that nothing was forgotten
====================  ============================================================================

Names are loaded on first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

# peft comes before everything here: its import registers TWIST (see twist_scout/__init__.py), which
# imports modules of this package; were one of them to import peft first, it would be needed before
# it is finished.
import peft  # noqa: F401

from twist_scout.lazy import lazy_names

_HOMES = {
    "TwistConfig": "config",
    "TwistModel": "model",
    "TwistLayer": "layer",
    "DecoderFfn": "finding",
    "find_decoder_ffns": "finding",
    "count_expert_use": "expert_use",
    "LoadReport": "load_report",
    "measure_load": "load_report",
    "RouterStatistics": "balance",
    "load_balancing_loss": "balance",
    "StepwiseLoss": "losses",
    "StepwiseResult": "losses",
    "TwistTrainer": "trainer",
    "Certificate": "certificate",
    "certify": "certificate",
    "verify_certificate": "certificate",
    "register": "registration",
}

__all__ = sorted(_HOMES)

if TYPE_CHECKING:
    from twist_scout.twist.balance import RouterStatistics as RouterStatistics
    from twist_scout.twist.balance import load_balancing_loss as load_balancing_loss
    from twist_scout.twist.certificate import Certificate as Certificate
    from twist_scout.twist.certificate import certify as certify
    from twist_scout.twist.certificate import verify_certificate as verify_certificate
    from twist_scout.twist.config import TwistConfig as TwistConfig
    from twist_scout.twist.expert_use import count_expert_use as count_expert_use
    from twist_scout.twist.finding import DecoderFfn as DecoderFfn
    from twist_scout.twist.finding import find_decoder_ffns as find_decoder_ffns
    from twist_scout.twist.layer import TwistLayer as TwistLayer
    from twist_scout.twist.load_report import LoadReport as LoadReport
    from twist_scout.twist.load_report import measure_load as measure_load
    from twist_scout.twist.losses import StepwiseLoss as StepwiseLoss
    from twist_scout.twist.losses import StepwiseResult as StepwiseResult
    from twist_scout.twist.model import TwistModel as TwistModel
    from twist_scout.twist.registration import register as register
    from twist_scout.twist.trainer import TwistTrainer as TwistTrainer


__getattr__, __dir__ = lazy_names(__name__, _HOMES)
