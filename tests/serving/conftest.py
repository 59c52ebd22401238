"""The tiny models of tests/conftest.py, ready to be served."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import get_peft_model

from twist_scout import TwistConfig
from twist_scout.serving.model import RowModel

from ..conftest import build_tiny_model
from .running import Running, running


@pytest.fixture(scope="session")
def tiny(tiny_base: Path, tiny_adapter: Path) -> RowModel:
    """The taught model: it says BASE_ANSWER or ADAPTER_ANSWER of tests/conftest.py."""
    model: RowModel = RowModel.from_pretrained(tiny_base, tiny_adapter, "cpu")  # type: ignore[assignment]
    model.probe()
    return model


@pytest.fixture(scope="session")
def babbler(tiny_processor: Any) -> RowModel:
    """A random model with a random twin: what it says depends on every pixel and letter, and seldom ends by itself."""
    torch.manual_seed(3)
    wrapped = get_peft_model(build_tiny_model(tiny_processor), TwistConfig(layers="all"))
    with torch.no_grad():
        for name, value in wrapped.named_parameters():
            if "twin_experts" in name:
                value.add_(torch.randn_like(value) * 0.5)
    model = RowModel(wrapped, tiny_processor)
    model.probe()
    return model


@pytest.fixture
def server(tiny: RowModel) -> Iterator[Running]:
    """The taught model behind a server with the usual limits."""
    with running(tiny) as found:
        yield found
