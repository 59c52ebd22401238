"""Registration happens by itself, in any order of imports, and costs nothing before it is needed."""

from __future__ import annotations

import subprocess
import sys

import pytest

PACKAGE = "import twist_scout.backbones"


def run(program: str) -> None:
    subprocess.run([sys.executable, "-c", program], check=True, timeout=120)


def test_importing_the_package_imports_neither_torch_nor_transformers() -> None:
    run(f"{PACKAGE}; import sys; assert not {{'torch', 'transformers', 'peft'}} & set(sys.modules), sys.modules")


@pytest.mark.slow
@pytest.mark.parametrize(
    "imports",
    [
        [PACKAGE, "from transformers import AutoConfig"],
        [PACKAGE, "from transformers import AutoModelForImageTextToText"],
        [PACKAGE, "from transformers import LlavaConfig"],
        [PACKAGE, "from transformers import LlavaForConditionalGeneration"],
        ["from transformers import AutoConfig", PACKAGE],
        ["from transformers import LlavaForConditionalGeneration", PACKAGE],
        ["from twist_scout.backbones import MoeLlavaConfig"],
        ["from twist_scout.backbones import MoeLlavaForConditionalGeneration"],
    ],
    ids=" then ".join,
)
def test_the_auto_classes_know_moe_llava_whatever_is_imported_first(imports: list[str]) -> None:
    run(
        "\n".join(imports) + "\nfrom transformers import AutoConfig, AutoModelForImageTextToText\n"
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
