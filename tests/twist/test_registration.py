"""Importing twist_scout is all it takes, in any order, and it stays light."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import twist_scout


def run(code):
    """A fresh interpreter that finds the package where this one does."""
    home = str(Path(twist_scout.__file__).parents[1])
    environment = {**os.environ, "PYTHONPATH": home}
    command = [sys.executable, "-W", "ignore", "-c", code]
    return subprocess.run(command, capture_output=True, text=True, env=environment)


@pytest.mark.parametrize(
    "first",
    [
        "import twist_scout",
        "import peft, twist_scout",
        "from twist_scout.twist.config import TwistConfig",
        "from twist_scout.twist.registration import register; register(); register()",
    ],
)
def test_peft_knows_twist_whatever_is_imported_first(first):
    check = "import peft; print(peft.PEFT_TYPE_TO_CONFIG_MAPPING['TWIST'].__name__)"
    done = run(f"{first}\n{check}")
    assert done.stdout.strip() == "TwistConfig", done.stderr


def test_importing_the_package_imports_neither_torch_nor_peft():
    heavy = "{'torch', 'peft', 'transformers', 'numpy'}"
    check = f"import sys, twist_scout; print(sorted({heavy} & set(sys.modules)))"
    done = run(check)
    assert done.stdout.strip() == "[]", done.stderr


def test_public_names_resolve():
    for package in (twist_scout, import_module("twist_scout.twist")):
        for name in package.__all__:
            assert getattr(package, name) is not None
            assert name in dir(package)
        with pytest.raises(AttributeError, match="nothing_like_this"):
            package.nothing_like_this  # noqa: B018
    assert twist_scout.__version__ == "0.1.0"
