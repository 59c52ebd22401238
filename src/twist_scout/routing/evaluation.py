"""How well a router decides: a report on prompts whose modes are known."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from twist_scout.routing.calibration import expected_calibration_error
from twist_scout.routing.prompts import UNDERSTANDING, Prompt
from twist_scout.routing.router import Router

#: Prompts that are timed one by one.
_TIMED = 300


@dataclass(frozen=True, slots=True)
class Wrong:
    """A prompt that went to the wrong mode."""

    prompt: str
    mode: str
    decided: str
    probability: float


@dataclass(frozen=True, slots=True)
class Report:
    """What a router did with a set of prompts.

    Attributes:
        prompts: how many.
        accuracy: share that went to the right mode.
        leaked_to_skill: share of the understanding prompts that went to a skill (grounding): the harmful direction, for there an
            answer can differ from the base model's.
        leaked_to_understanding: share of the skills' prompts that understanding answered: a box is missing, nothing is lost.
        confused_skills: share of the skills' prompts that went to another skill.
        abstained: share that went to understanding because no mode was likely enough.
        calibration_error: expected calibration error of the likeliest mode, 15 bins.
        latency_ms: median time for one prompt by itself, in milliseconds of this process.
        batch_ms: time for one prompt among all of them.
        engine: what ran the classifier.
        by_mode: for each mode, its prompts and the share that went to it.
        wrong: the prompts that went to the wrong mode.
    """

    prompts: int
    accuracy: float
    leaked_to_skill: float
    leaked_to_understanding: float
    confused_skills: float
    abstained: float
    calibration_error: float
    latency_ms: float
    batch_ms: float
    engine: str
    by_mode: dict[str, dict[str, float]]
    wrong: tuple[Wrong, ...] = field(repr=False)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready; ``leak_rates`` holds both directions by name."""
        return {
            "prompts": self.prompts,
            "accuracy": self.accuracy,
            "leak_rates": {
                "understanding_to_grounding": self.leaked_to_skill,
                "grounding_to_understanding": self.leaked_to_understanding,
                "between_skills": self.confused_skills,
            },
            "abstained": self.abstained,
            "calibration_error": self.calibration_error,
            "latency_ms": self.latency_ms,
            "batch_ms": self.batch_ms,
            "engine": self.engine,
            "by_mode": self.by_mode,
            "wrong": [
                {"prompt": one.prompt, "mode": one.mode, "decided": one.decided, "probability": one.probability}
                for one in self.wrong
            ],
        }


def evaluate(router: Router, prompts: Iterable[Prompt]) -> Report:
    """Route prompts and compare with the modes they should have.

    Args:
        router: the classifier.
        prompts: at least one; their modes are the router's.

    Raises:
        ValueError: there is no prompt.
    """
    given = list(prompts)
    if not given:
        raise ValueError("no prompt to evaluate")
    texts = [prompt.text for prompt in given]
    router.decide(texts[:1])  # the engine is opened before anything is timed
    began = time.process_time()
    probabilities = router.probabilities(texts)
    batch_ms = 1000 * (time.process_time() - began) / len(given)
    decisions = [router.decision(row) for row in probabilities]
    right = np.array([decision.mode == prompt.mode for decision, prompt in zip(decisions, given, strict=True)])
    meant = np.array([prompt.mode == UNDERSTANDING for prompt in given])
    kept = np.array([decision.mode == UNDERSTANDING for decision in decisions])
    likeliest = probabilities.argmax(axis=1)
    labels = np.array([router.modes.index(prompt.mode) for prompt in given])
    return Report(
        prompts=len(given),
        accuracy=float(right.mean()),
        leaked_to_skill=_share(~kept, meant),
        leaked_to_understanding=_share(kept, ~meant),
        confused_skills=_share(~kept & ~right, ~meant),
        abstained=sum(decision.abstained for decision in decisions) / len(given),
        calibration_error=expected_calibration_error(probabilities.max(axis=1), likeliest == labels),
        latency_ms=_latency(router, texts),
        batch_ms=batch_ms,
        engine=router.engine.name,
        by_mode={
            mode: {"prompts": int((labels == at).sum()), "right": _share(right, labels == at)}
            for at, mode in enumerate(router.modes)
        },
        wrong=tuple(
            Wrong(prompt.text, prompt.mode, decision.mode, float(row[router.modes.index(prompt.mode)]))
            for prompt, decision, row, fine in zip(given, decisions, probabilities, right, strict=True)
            if not fine
        ),
    )


def _share(what: np.ndarray, among: np.ndarray) -> float:
    return float(what[among].mean()) if among.any() else 0.0


def _latency(router: Router, texts: list[str]) -> float:
    step = max(1, len(texts) // _TIMED)
    times = []
    for text in texts[::step][:_TIMED]:
        began = time.process_time()
        router.decide([text])
        times.append(1000 * (time.process_time() - began))
    return statistics.median(times)
