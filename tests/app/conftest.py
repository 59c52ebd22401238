"""The tiny models of tests/conftest.py behind the page, and a real browser where there is one."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from twist_scout.twist.certificate import certify

from ..scout.pages.conftest import browser, chromium
from .running import Page, pair, served

__all__ = ["browser", "chromium"]


@pytest.fixture(scope="session")
def certified(tmp_path_factory: pytest.TempPathFactory, tiny_base: Path, tiny_adapter: Path) -> Path:
    """The tiny adapter with its certificate."""
    folder = tmp_path_factory.mktemp("certified") / "adapter"
    shutil.copytree(tiny_adapter, folder)
    certify(tiny_base, folder, ["What is it?"]).save(folder)
    return folder


@pytest.fixture(scope="session")
def page(tiny_base: Path, certified: Path) -> Iterator[Page]:
    with served(pair(tiny_base, certified)) as found:
        yield found
