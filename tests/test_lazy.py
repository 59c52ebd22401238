"""Names that are loaded when they are used."""

import subprocess
import sys

import pytest

import twist_scout
from twist_scout import backbones, twist


@pytest.mark.parametrize("package", [twist_scout, twist, backbones], ids=lambda package: package.__name__)
def test_every_public_name_is_there_and_listed(package):
    for name in package.__all__:
        assert getattr(package, name) is not None
        assert name in dir(package)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="'twist_scout' has no attribute 'Nothing'"):
        twist_scout.Nothing  # noqa: B018


def test_importing_makes_moe_llava_known_to_transformers():
    code = "import twist_scout\nfrom transformers import AutoConfig\nprint(AutoConfig.for_model('moe_llava').model_type)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "moe_llava"
