"""Laws of the numbers that a router is trained with."""

from __future__ import annotations

import contextlib
from dataclasses import asdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twist_scout.errors import BadConfig
from twist_scout.routing.training_config import ADAPTING, RouterTraining, with_overrides


@pytest.mark.parametrize("config", [RouterTraining(), ADAPTING])
def test_without_overrides_nothing_changes(config: RouterTraining) -> None:
    assert with_overrides(config, []) == config
    assert with_overrides(config, [f"{key}={value}" for key, value in asdict(config).items()]) == config


def test_only_what_is_named_changes() -> None:
    changed = with_overrides(ADAPTING, ["learning_rate=6e-4", "bfloat16=false", " batch = 32 ", "batch=128"])
    expected = {**asdict(ADAPTING), "learning_rate": 6e-4, "bfloat16": False, "batch": 128}
    assert asdict(changed) == expected


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("learning_rate", "write key=value"),
        ("=3", "write key=value"),
        ("learning-rate=3", "did you mean 'learning_rate'"),
        ("xyz=3", "choose one of steps, batch"),
        ("steps=0", "steps=0 does not fit"),
        ("steps=many", "steps=many does not fit"),
        ("dropped=1", "dropped=1 does not fit"),
        ("learning_rate=nan", "learning_rate=nan does not fit"),
        ("confidence=1.2", "confidence=1.2 does not fit"),
    ],
)
def test_a_mistake_is_one_sentence(override: str, words: str) -> None:
    with pytest.raises(BadConfig, match=words):
        with_overrides(ADAPTING, [override])


@given(st.text(max_size=30))
def test_any_text_is_taken_or_refused(override: str) -> None:
    with contextlib.suppress(BadConfig):
        assert isinstance(with_overrides(ADAPTING, [override]), RouterTraining)
