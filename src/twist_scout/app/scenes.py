"""Pictures of the toy world for the page, and questions that fit them."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import numpy as np

from twist_scout.toyworld import questions
from twist_scout.toyworld.lots import Lots
from twist_scout.toyworld.scene import Scene, render, sample_scene
from twist_scout.toyworld.tasks import make_task

#: Side of the pictures in pixels.
SIDE = 480
#: Questions about pictures of which nothing is known.
ANYWHERE = (
    "Describe the picture and give a box for each object.",
    "Where is the person? Give the box.",
    "What is in the picture?",
    "What is on the left? Think step by step.",
)
_TASKS = ("rec", "gic", "partner", "garment", "color", "absent")
_TALK = ("caption", "count")
_SEED = 0xA44


@lru_cache(maxsize=16)
def scene(seed: int) -> dict[str, Any]:
    """A picture of the stream that no model was trained on, with questions about it.

    Args:
        seed: of the scene; the same seed is the same picture.

    Returns:
        ``seed``, the picture as a data URL (``picture``), its ``width`` and ``height``, and ``examples``.
    """
    drawn = sample_scene(seed)
    image = render(drawn, SIDE).image
    file = io.BytesIO()
    image.save(file, "PNG")
    return {
        "seed": seed,
        "picture": f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode('ascii')}",
        "width": image.width,
        "height": image.height,
        "examples": list(dict.fromkeys(_examples(drawn))),
    }


def _examples(drawn: Scene) -> Iterator[str]:
    """Questions of every kind that the scene admits: those that ask for boxes first."""
    lots = Lots(np.random.default_rng([_SEED, drawn.seed]))
    for kind in _TASKS:
        task = make_task(drawn, kind, lots)
        if task is not None:
            yield task.prompt
    for kind in _TALK:
        question = questions.ask(drawn, kind, lots)
        if question is not None:
            yield question.prompt
