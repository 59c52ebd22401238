from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from twist_scout.boxes.grounded import GroundedText
from twist_scout.scout.backends import ChatMessage, Reply, Request, make_backend
from twist_scout.toyworld.scene import render, sample_scene


def asked(text: str, image: Path | None, **options) -> Request:
    return Request("k", [ChatMessage("system", "Be exact."), ChatMessage("user", text)], image, **options)


def replies(*requests: Request) -> list[Reply]:
    async def run() -> list[Reply]:
        backend = make_backend("pocket")
        try:
            return await asyncio.gather(*(backend.complete(request) for request in requests))
        finally:
            await backend.close()

    return asyncio.run(run())


@pytest.fixture
def scene(tmp_path: Path) -> tuple[Path, list]:
    drawn = sample_scene(7, split="test", objects=1)
    rendered = render(drawn, 240)
    rendered.image.save(tmp_path / "scene.png")
    (thing,) = drawn.objects
    return tmp_path / "scene.png", [f"the {thing.color} {thing.category}", rendered.boxes[0]]


def test_it_points_at_what_is_drawn(scene: tuple[Path, list]) -> None:
    path, (name, (x1, y1, x2, y2)) = scene
    (reply,) = replies(asked(f"Where is {name}?", path))
    (box,) = GroundedText.parse(reply.text, dialect="scout").boxes
    left, top, right, bottom = box.to_pixels(240, 240)
    shared = max(0, min(x2, right) - max(x1, left)) * max(0, min(y2, bottom) - max(y1, top))
    both = (x2 - x1) * (y2 - y1) + (right - left) * (bottom - top) - shared
    assert shared / both >= 0.5
    assert reply.finish == "stop"
    assert reply.prompt_tokens > 0
    assert reply.completion_tokens > 0


def test_each_bad_request_costs_one_reply(scene: tuple[Path, list]) -> None:
    path, (name, _) = scene
    good, missing, blind, short = replies(
        asked(f"Where is {name}?", path),
        asked("Where?", path.with_name("gone.png")),
        asked("Where?", None),
        asked(f"Where is {name}?", path, max_tokens=3),
    )
    assert good.problem is None
    assert missing.problem is not None
    assert "gone.png" in missing.problem
    assert blind.problem == "pocket answers questions about a picture, and there is none."
    assert short.finish == "length"


def test_where_no_boxes_are_wanted_its_base_answers(scene: tuple[Path, list]) -> None:
    path, (name, _) = scene
    thing = name.rpartition(" ")[2]
    other = "umbrella" if thing != "umbrella" else "car"
    there, missing, pointed = replies(
        asked(f"Is there a {thing}?", path, grounding=False),
        asked(f"Is there a {other}?", path, grounding=False),
        asked(f"Is there a {thing}?", path),
    )
    assert (there.text, missing.text) == ("yes", "no")
    assert "[[" in pointed.text
