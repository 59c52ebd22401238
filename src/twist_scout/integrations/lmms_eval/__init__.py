"""A model of lmms-eval: its suites run on a base with a TWIST adapter, each request on the right expert.

    lmms_eval --model twist_scout --model_args base=BASE,adapter=ADAPTER,mode=auto --tasks pope,mme --batch_size 16

lmms-eval finds :func:`manifest` through the entry point ``lmms_eval.models`` of this package; the model itself is imported
when it is asked for.
"""

from __future__ import annotations

from typing import Any

MODEL = "twist_scout"


def manifest() -> Any:
    """What lmms-eval has to know of the model: its name and where its class is."""
    from lmms_eval.models.registry_v2 import ModelManifest  # type: ignore[import-not-found]

    return ModelManifest(
        model_id=MODEL,
        simple_class_path="twist_scout.integrations.lmms_eval.model.TwistScout",
        aliases=("twist-scout",),
    )
