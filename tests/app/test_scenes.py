"""Scenes of the page."""

from __future__ import annotations

import base64
import io

import numpy as np
from PIL import Image

from twist_scout.app.scenes import SIDE, scene
from twist_scout.routing import decide
from twist_scout.toyworld.scene import render, sample_scene


def test_the_picture_is_the_scene_of_its_seed() -> None:
    found = scene(11)
    image = Image.open(io.BytesIO(base64.b64decode(found["picture"].partition(",")[2])))
    assert image.size == (found["width"], found["height"]) == (SIDE, SIDE)
    assert np.array_equal(np.asarray(image), np.asarray(render(sample_scene(11), SIDE).image))
    assert scene(12)["picture"] != found["picture"]


def test_there_are_questions_of_both_modes() -> None:
    for seed in range(20):
        examples = scene(seed)["examples"]
        assert len(examples) == len(set(examples)) >= 4
        assert {decide(prompt).mode for prompt in examples} == {"grounding", "understanding"}, examples
