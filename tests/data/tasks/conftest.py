"""Pictures as a source annotates them, without any source."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from twist_scout.data.records import PixelBox

NAMES = (
    *"person bicycle car dog cat pizza couch cake skis scissors broccoli giraffe orange toilet sheep mouse".split(),
    *"train surfboard".split(),
    *("dining table", "wine glass", "hot dog", "sports ball", "baseball bat", "stop sign", "tennis racket"),
)


@dataclass(frozen=True)
class Thing:
    name: str
    boxes: tuple[int, ...]


@dataclass(frozen=True)
class Picture:
    boxes: tuple[PixelBox, ...]
    entities: tuple[Thing, ...]
    captions: tuple[str, ...] = ()
    complete: tuple[str, ...] = NAMES
    id: str = "1"
    source: str = "coco"
    width: int = 640
    height: int = 480


@pytest.fixture
def picture() -> Callable[..., Picture]:
    """``picture(person=2, wine_glass=1)``: things in a row from the left, each as large as the others."""

    def make(*captions: str, crowds: tuple[str, ...] = (), **counts: int) -> Picture:
        names = [name.replace("_", " ") for name, count in counts.items() for _ in range(count)]
        boxes = tuple((10.0 * i, 10.0, 10.0 * i + 8, 100.0) for i in range(len(names)))
        things = tuple(Thing(name, (i,)) for i, name in enumerate(names))
        complete = tuple(name for name in NAMES if name not in crowds)
        return Picture(boxes, things, captions, complete)

    return make
