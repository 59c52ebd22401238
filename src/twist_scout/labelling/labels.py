"""What was found: boxes with labels, picture by picture."""

from __future__ import annotations

from dataclasses import dataclass

from twist_scout.boxes.box import Corners

#: Digits behind the point that a box in pixels keeps; finer than any model points.
DIGITS = 2


@dataclass(frozen=True, slots=True)
class LabelledBox:
    """A thing in a picture.

    Attributes:
        label: the number of its class.
        box: corners ``x1, y1, x2, y2`` in pixels of the upright picture.
        phrase: what was asked for.
        score: how sure the model was of its answer, in (0, 1]: the geometric mean of its tokens' probabilities; None where
            it is not known.
        contested: whether a box of a class that excludes this one is in the same place.
    """

    label: int
    box: Corners
    phrase: str
    score: float | None = None
    contested: bool = False

    @property
    def area(self) -> float:
        """In square pixels."""
        x1, y1, x2, y2 = self.box
        return (x2 - x1) * (y2 - y1)


@dataclass(frozen=True, slots=True)
class LabelledPicture:
    """A picture and what was found in it.

    Attributes:
        name: its path below the folder, with ``/``.
        width: of the upright picture in pixels.
        height: of the upright picture in pixels.
        boxes: by class.
        refused: phrases of which the model said that nothing in the picture is one.
    """

    name: str
    width: int
    height: int
    boxes: tuple[LabelledBox, ...] = ()
    refused: tuple[str, ...] = ()

    @property
    def lowest(self) -> float:
        """The score of the box that the model was least sure of; 1 without boxes or scores."""
        return min((box.score for box in self.boxes if box.score is not None), default=1.0)

    @property
    def contested(self) -> bool:
        """Whether two classes claim the same place."""
        return any(box.contested for box in self.boxes)


@dataclass(frozen=True)
class Labels:
    """A labelled folder.

    Attributes:
        classes: names, numbered from 0 in this order.
        pictures: those that could be read, by name.
    """

    classes: tuple[str, ...]
    pictures: tuple[LabelledPicture, ...]
