"""MoE-LLaVA is known to transformers once its package is imported, in any order of imports."""

from __future__ import annotations

import subprocess
import sys

import pytest

PACKAGE = "import twist_scout.backbones"


def run(program: str) -> None:
    subprocess.run([sys.executable, "-c", program], check=True, timeout=120)


@pytest.mark.slow
@pytest.mark.parametrize(
    "imports",
    [
        PACKAGE,
        f"from transformers import AutoConfig; {PACKAGE}",
        f"from transformers import LlavaProcessor; {PACKAGE}",
        "from twist_scout.backbones.block import MoeBlock",
        "from twist_scout.twist.balance import load_balancing_loss; from twist_scout.backbones.gating import TopKGate",
        f"import twist_scout; from transformers import LlavaNextImageProcessorPil; {PACKAGE}",
        f"import twist_scout; from transformers.processing_utils import ProcessorMixin; {PACKAGE}",
    ],
)
def test_the_auto_classes_know_moe_llava_whatever_is_imported_first(imports: str) -> None:
    run(
        f"{imports}\nfrom transformers import AutoConfig, AutoModelForImageTextToText\n"
        "config = AutoConfig.for_model('moe_llava')\n"
        "assert type(config).__name__ == 'MoeLlavaConfig'\n"
        "model = AutoModelForImageTextToText._model_mapping[type(config)]\n"
        "assert model.__name__ == 'MoeLlavaForConditionalGeneration'\n"
    )


def test_the_tables_hold_it_and_registering_again_is_harmless() -> None:
    from transformers import AutoModel, AutoModelForImageTextToText

    from twist_scout.backbones import MoeLlavaConfig, MoeLlavaForConditionalGeneration, MoeLlavaModel, register

    register()
    register()
    assert AutoModelForImageTextToText._model_mapping[MoeLlavaConfig] is MoeLlavaForConditionalGeneration
    assert AutoModel._model_mapping[MoeLlavaConfig] is MoeLlavaModel
