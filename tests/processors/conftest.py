"""Every family's real processor and a tiny model of its kind, made offline and loaded from a folder.

A test that takes ``family`` runs for each of them.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from transformers import AutoModelForImageTextToText

from twist_scout.data.collator import GroundingCollator
from twist_scout.data.records import Example
from twist_scout.processor_loading import load_processor

from . import families, qwen
from .family import Family

FAMILIES = [
    families.LLAVA,
    families.LLAVA_NEXT,
    families.LLAVA_ONEVISION,
    families.SMOLVLM,
    families.IDEFICS3,
    qwen.QWEN2_VL,
    qwen.QWEN2_5_VL,
    qwen.QWEN3_VL,
    families.PALIGEMMA,
    families.GEMMA3,
    families.INTERNVL,
    families.MISTRAL3,
]

#: Pictures as (width, height): wide, tall, tiny, square, and of the size that most data sets have.
SIZES = {"wide": (150, 90), "tall": (70, 160), "tiny": (30, 24), "square": (100, 100), "photo": (640, 480)}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "family" in metafunc.fixturenames:
        metafunc.parametrize("family", FAMILIES, ids=str, scope="session")


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Family], Path]:
    """Model folders, each written once."""
    written: dict[str, Path] = {}

    def get(family: Family) -> Path:
        if family.name not in written:
            written[family.name] = family.write(tmp_path_factory.mktemp(family.name) / "base")
        return written[family.name]

    return get


@pytest.fixture(scope="session")
def folder(family: Family, folders: Callable[[Family], Path]) -> Path:
    """The family's model folder."""
    return folders(family)


@pytest.fixture(scope="session")
def processor(folder: Path) -> Any:
    """The family's processor, as a user's folder gives it; to be left as it is."""
    return load_processor(folder)


@pytest.fixture
def load(folders: Callable[[Family], Path]) -> Callable[[str], Any]:
    """``load("gemma3")``: a processor of one's own, by the name of its family."""
    by_name = {family.name: family for family in FAMILIES}
    return lambda name: load_processor(folders(by_name[name]))


@pytest.fixture(scope="session")
def model(folder: Path) -> Any:
    """The family's tiny model; to be left as it is."""
    return AutoModelForImageTextToText.from_pretrained(folder).eval()


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one picture of each size."""
    root = tmp_path_factory.mktemp("pictures")
    for n, (name, size) in enumerate(SIZES.items()):
        Image.new("RGB", size, (40 * n, 120, 200 - 30 * n)).save(root / f"{name}.png")
    return root


@pytest.fixture
def collate(processor: Any, pictures: Path) -> Callable[..., dict[str, Any]]:
    """``collate(("wide", "Where?", "Here."), ...)``: a batch of conversations about pictures."""

    def run(*conversations: tuple[str, ...], system: str = "", boxes: tuple[Any, ...] = ()) -> dict[str, Any]:
        examples = [example(*one, system=system, boxes=boxes) for one in conversations]
        return GroundingCollator(processor, image_root=pictures)(examples)

    return run


def example(picture: str, *turns: str, system: str = "", boxes: tuple[Any, ...] = ()) -> Example:
    """A conversation about one of the pictures; questions and answers in turn."""
    messages = [{"role": "system", "content": system}] if system else []
    messages += [{"role": ("user", "assistant")[i % 2], "content": text} for i, text in enumerate(turns)]
    width, height = SIZES[picture]
    return Example(
        id=picture, image=f"{picture}.png", messages=messages, width=width, height=height, task="scout", boxes=boxes
    )
