from __future__ import annotations

from importlib.metadata import metadata, requires

from packaging.requirements import Requirement

from twist_scout.machine import declared as module
from twist_scout.machine.declared import declared


def test_a_checkout_and_its_package_say_the_same_of_the_core() -> None:
    found, installed = declared(), module._installed()
    assert {one.name for one in found.core} >= {"torch", "transformers", "peft", "pillow"}
    assert {one.name for one in installed.core} == {
        Requirement(line).name for line in requires("twist-scout") or [] if "extra ==" not in line
    }
    assert found.python == metadata("twist-scout")["Requires-Python"] == installed.python
    assert {"scout", "ray", "eval", "router"} <= set(found.extras)
    assert {one.name for one in found.extras["ray"]} == {"ray"}
    assert set(installed.extras) == set(metadata("twist-scout").get_all("Provides-Extra") or []) - {
        "dev",
        "docs",
        "test",
    }
    assert all(one.name == "ray" for one in installed.extras["ray"])
    assert "dev" not in found.extras


def test_groups_that_name_groups_are_taken_apart() -> None:
    extras = {
        "serve": (Requirement("fastapi>=1"),),
        "app": (Requirement("twist-scout[serve,app]"), Requirement("gradio")),
        "dev": (Requirement("twist-scout[app]"),),
        "empty": (),
    }
    found = module._of_users(extras)
    assert {name: [one.name for one in lines] for name, lines in found.items()} == {
        "serve": ["fastapi"],
        "app": ["fastapi", "gradio"],
        "empty": [],
    }
