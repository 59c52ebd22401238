"""What every reader has in common: a stream of items, and a tally of what was mended or left out."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from twist_scout.data.images import image_size
from twist_scout.data.records import PixelBox, is_confined
from twist_scout.errors import BadImage, BadInput
from twist_scout.scout.items import SourceItem

SLACK = 1.0  # how far a box may stick out before it counts as clipped, in pixels
_WARNINGS = 20  # kept word for word; the rest is only counted


@dataclass
class SourceTally:
    """What a reader met on its way.

    Attributes:
        items: items given.
        boxes: boxes given.
        events: how often something was mended or left out, by name: ``clipped``, ``turned round``, ``no area``,
            ``outside``, ``not a number``, ``picture missing``, ``unreadable row``, ...
        warnings: the first of them in words, with file and line.
    """

    items: int = 0
    boxes: int = 0
    events: Counter[str] = field(default_factory=Counter)
    warnings: list[str] = field(default_factory=list)

    def note(self, event: str, where: str) -> None:
        """Count an event, and remember the first ones in words."""
        self.events[event] += 1
        if len(self.warnings) < _WARNINGS:
            self.warnings.append(f"{where}: {event}")


class Source(ABC):
    """A stream of items in an order that is the same every time.

    Args:
        path: what is read.
        images: the folder that pictures are in; each reader has a default of its own.
    """

    kind: str

    def __init__(self, path: Path, images: Path | None = None) -> None:
        if not path.exists():
            raise BadInput(f"{path} does not exist: check the path of the source.")
        self.path = path
        self.images = images if images is not None else self.default_images()
        self.tally = SourceTally()

    @property
    def name(self) -> str:
        """What stands in records as their source."""
        return self.kind

    def default_images(self) -> Path:
        """Where the pictures are, if the user does not say."""
        return self.path if self.path.is_dir() else self.path.parent

    @abstractmethod
    def read(self) -> Iterator[SourceItem]:
        """The items; raises `BadInput` where the source as a whole cannot be read."""

    def __iter__(self) -> Iterator[SourceItem]:
        """The items, counted."""
        self.tally = SourceTally()
        for item in self.read():
            self.tally.items += 1
            self.tally.boxes += len(item.boxes)
            yield item

    def length(self) -> int | None:
        """How many items there will be, where that is known without reading all of them."""
        return None

    # --- what readers are made of ---

    def picture(self, name: str, where: str) -> Path | None:
        """The path of a picture below the images folder; None, and a note, where there is none.

        A name that leads out of the folder is not followed: data sets come from strangers.
        """
        if not is_confined(name):
            self.tally.note("picture outside of the images folder", f"{where} ({name})")
            return None
        path = self.images / name
        if not path.is_file():
            self.tally.note("picture missing", f"{where} ({path})")
            return None
        return path

    def size(self, path: Path, where: str) -> tuple[int, int] | None:
        """Width and height of a picture; None, and a note, where it is damaged."""
        try:
            return image_size(path)
        except BadImage as error:
            self.tally.note("picture cannot be read", f"{where} ({error})")
            return None

    def box(self, corners: Sequence[float], width: int, height: int, where: str) -> PixelBox | None:
        """Put a box in order, cut it at the border, or leave it out; what was done is noted.

        Args:
            corners: x1, y1, x2, y2 in pixels.
            width: of the picture.
            height: of the picture.
            where: file and line, for the note.
        """
        try:
            values = [float(value) for value in corners]
        except (TypeError, ValueError):
            values = []
        if len(values) != 4 or not all(map(math.isfinite, values)):
            self.tally.note("box is not four numbers", where)
            return None
        x1, y1, x2, y2 = values
        if x1 > x2 or y1 > y2:
            self.tally.note("box turned round", where)
            x1, x2, y1, y2 = min(x1, x2), max(x1, x2), min(y1, y2), max(y1, y2)
        if x1 < -SLACK or y1 < -SLACK or x2 > width + SLACK or y2 > height + SLACK:
            self.tally.note("box clipped", where)
        x1, x2 = max(0.0, x1), min(float(width), x2)
        y1, y2 = max(0.0, y1), min(float(height), y2)
        if x1 >= x2 or y1 >= y2:
            self.tally.note("box without area inside the picture", where)
            return None
        return (x1, y1, x2, y2)
