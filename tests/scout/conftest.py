"""An item as a caption source gives it, one as an annotated source gives it, and a model that says what a test tells it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from twist_scout.data.records import FrameChoice
from twist_scout.scout.backends.base import Reply, Request
from twist_scout.scout.items import Entity, SourceItem


@dataclass
class Scripted:
    """A backend whose words are written down beforehand; it remembers what it was asked."""

    script: Callable[[Request], Reply | str]
    name: str = "scripted"
    dialect: str | None = "scout"
    frame: FrameChoice | None = None
    asked: list[Request] = field(default_factory=list)

    async def complete(self, request: Request) -> Reply:
        self.asked.append(request)
        reply = self.script(request)
        return Reply(reply) if isinstance(reply, str) else reply

    async def close(self) -> None:
        return None


@pytest.fixture
def scripted():
    return Scripted


@pytest.fixture
def captioned() -> SourceItem:
    """As Flickr30k Entities has it: a caption with boxes, and nothing else."""
    return SourceItem(
        id="7",
        source="flickr30k",
        image="7.jpg",
        width=500,
        height=400,
        boxes=((20, 40, 200, 390), (30, 20, 120, 80), (250, 200, 480, 380)),
        captions=("A man <box:0> in an orange hat <box:1> looks at two bicycles <box:2>.",),
    )


@pytest.fixture
def annotated() -> SourceItem:
    """As the toy world has it: every thing, with its attributes and relations."""
    return SourceItem(
        id="s1",
        source="toyworld",
        image="s1.png",
        width=240,
        height=240,
        boxes=((10, 20, 60, 80), (100, 30, 160, 90), (180, 150, 230, 220)),
        captions=("a red dog, a blue dog and a green car",),
        entities=(
            Entity(name="dog", boxes=(0,), attributes={"color": "red", "size": "small"}),
            Entity(name="dog", boxes=(1,), attributes={"color": "blue", "size": "small"}),
            Entity(name="car", boxes=(2,), attributes={"color": "green", "size": "large"}),
        ),
        relations=((0, "left of", 1), (1, "left of", 2), (0, "left of", 2)),
        complete=("dog", "car", "cat", "person"),
    )
