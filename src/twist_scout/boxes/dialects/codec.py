"""`Codec`: a dialect of this package, which also knows its model family's frame and how to name
the phrase of a box.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Self

from twist_scout.boxes.box import Box
from twist_scout.boxes.dialects.protocol import BoxSpan
from twist_scout.boxes.frame import Frame, make_frame


class Codec(ABC):
    """A `Dialect` with what its model family takes for granted.

    Attributes:
        name: the name that configuration files and the command line use.
        resolution: largest distance between a coordinate and its rendered value, as a fraction of
            the model's picture.
        default_frame: name of the frame in which the family sees pictures, for
            `twist_scout.boxes.make_frame`.
        names_phrases: whether the format says which words a box belongs to.
        needs_size: whether numbers are pixels, so that the size of the model's picture must be
            known (`for_size`).
        writes_lists: whether an answer that is nothing but phrases and boxes has a form of its own
            (`render_list`).
        spans_lines: whether that form takes several lines.
    """

    name: str
    resolution: float
    default_frame: str = "stretched"
    names_phrases: bool = False
    needs_size: bool = False
    writes_lists: bool = False
    spans_lines: bool = False

    @abstractmethod
    def render(self, boxes: Sequence[Box]) -> str:
        """Write one group of boxes; an empty group is the empty string.

        Raises:
            BadConfig: the dialect writes pixels and the size of the picture is not known.
        """

    @abstractmethod
    def find(self, text: str) -> list[BoxSpan]:
        """Find everything in a text that is or tries to be a group of boxes; never raises."""

    def frame(self, width: int, height: int) -> Frame:
        """The frame in which the model family sees an image of this size, with the limits of the
        released models.

        Args:
            width: width of the original image in pixels.
            height: height of the original image in pixels.

        Raises:
            ValueError: the size is not positive.
            BadImage: the family's preprocessing refuses an image of this shape.
        """
        return make_frame(self.default_frame, width=width, height=height)

    def for_size(self, width: int, height: int) -> Self:
        """The dialect for a model's picture of this many pixels; itself where that is all the same.

        Raises:
            ValueError: the size is not positive.
        """
        return self

    def words(self, text: str, span: BoxSpan) -> str:
        """The phrase of a span in plain words; empty if the format names none."""
        return text[slice(*span.phrase)] if span.phrase else ""

    def render_named(self, phrase: str, boxes: Sequence[Box]) -> str:
        """Write a phrase with its boxes, for use inside a sentence.

        Raises:
            BadConfig: the dialect writes pixels and the size of the picture is not known.
        """
        return f"{phrase} {self.render(boxes)}".strip()

    def render_list(self, items: Sequence[tuple[str, Sequence[Box]]]) -> str:
        """Write an answer that consists of phrases with boxes and nothing else.

        Raises:
            BadConfig: the dialect writes pixels and the size of the picture is not known.
        """
        return ", ".join(self.render_named(phrase, boxes) for phrase, boxes in items)
