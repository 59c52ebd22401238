"""The whole way from prompts to an int8 router, in small; and a user's own skills."""

from __future__ import annotations

import json
from itertools import islice
from pathlib import Path

import pytest

from twist_scout.errors import BadConfig, BadInput
from twist_scout.routing.prompts import Prompt, prompts
from twist_scout.routing.router import Router
from twist_scout.routing.training import train_router
from twist_scout.routing.training_config import RouterTraining

SMALL = RouterTraining(
    steps=80, batch=32, warm_up=10, hidden=32, inner=64, layers=1, vocabulary=800, vocabulary_prompts=2_000, held_out=400,
    shortcut_steps=20,
    bfloat16=False, learning_rate=3e-3,
)  # fmt: skip
MEDICAL = [
    Prompt(f"{verb} the {thing} on this x-ray{tail}", "medical")
    for verb in ("Diagnose", "Grade", "Assess")
    for thing in ("fracture", "nodule", "lesion", "implant")
    for tail in ("", ", please.", " as a radiologist would.")
]


@pytest.fixture(scope="module")
def small(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("router") / "small"
    train_router(folder, SMALL)
    return folder


def test_training_leaves_a_router_that_decides(small: Path) -> None:
    router = Router(small)
    assert router.modes == ("understanding", "grounding")
    texts = [prompt.text for prompt in islice(prompts("test"), 50)]
    assert len(router.decide(texts)) == 50
    settings = json.loads((small / "router.json").read_text("utf-8"))
    assert settings["temperature"] > 0
    assert settings["training"]["steps"] == 80
    assert 0.5 < settings["training"]["held_out_templates"]["accuracy"] <= 1


def test_the_same_seed_gives_the_same_files(small: Path, tmp_path: Path) -> None:
    train_router(tmp_path, SMALL)
    for path in small.iterdir():
        assert (tmp_path / path.name).read_bytes() == path.read_bytes(), path.name


@pytest.mark.slow
def test_a_users_own_skill_is_learnt_and_the_others_kept(tmp_path: Path) -> None:
    from dataclasses import replace

    from twist_scout.routing.training_config import ADAPTING

    seen: list[int] = []
    config = replace(ADAPTING, steps=60, batch=32, held_out=500, bfloat16=False)
    made = train_router(tmp_path, config, extra=MEDICAL, start=Router(), watch=lambda step, loss: seen.append(step))
    assert seen == list(range(1, 61))
    router = Router(tmp_path)
    assert router.modes == ("understanding", "grounding", "medical")
    asked = ["Diagnose the nodule on this x-ray.", "Where is the dog?", "What color is the dog?"]
    assert [decision.mode for decision in router.decide(asked)] == ["medical", "grounding", "understanding"]
    assert made.own is not None
    assert made.own.accuracy == 1
    assert made.report.accuracy > 0.95


def test_a_skill_needs_some_prompts(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="3 prompts of the new mode 'medical'"):
        train_router(tmp_path, SMALL, extra=MEDICAL[:3])
    with pytest.raises(BadConfig, match="no multiple of 32"):
        train_router(tmp_path, RouterTraining(hidden=100))
