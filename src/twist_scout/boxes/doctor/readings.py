"""Readings: what four numbers may mean.

A reading says what the numbers are counted in, in which picture they are counted, in which order
they stand, and what the four of them are. All readings together are the hypotheses of the doctor.

    number --unit--> fraction of the model's picture --frame--> fraction of the original picture
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from twist_scout.boxes.doctor.samples import FloatArray, IntArray, Samples
from twist_scout.boxes.frame import SmartResized

SMART = {
    "smart28": (28, 4 * 28 * 28, 16384 * 28 * 28),
    "smart28-1280": (28, 56 * 56, 1280 * 28 * 28),
    "smart32": (32, 64 * 32 * 32, 16384 * 32 * 32),
}
"""Smart-resized pictures that are tried: factor, smallest and largest area in pixels. Qwen2.5-VL as
released, transformers' default, and Qwen3-VL as released."""

RANGES = (1.0, 100.0, 1000.0, 999.0, 1024.0)
SIDES = (224.0, 336.0, 384.0, 448.0, 490.0, 640.0, 768.0, 800.0, 896.0, 1333.0)
FRAMES = ("stretched", "padded", "corner", "short", "cropped", "swapped")
FORMS = ("corners", "xywh", "cxcywh", "xxyy")

_FRAME_WORDS = {
    "stretched": "of the whole picture",
    "padded": "in a padded square",
    "corner": "of the longer edge (or in a square with the picture in its top left corner)",
    "short": "of the shorter edge",
    "cropped": "in the central square of the picture",
    "swapped": "of the whole picture with width and height swapped",
}
_PIXEL_FRAME_WORDS = {
    "stretched": "pixels of the original picture",
    "padded": "pixels of the picture padded to a square",
    "cropped": "pixels of the central square of the picture",
}
_FORM_WORDS = {
    "corners": "",
    "xywh": "as x, y, width, height",
    "cxcywh": "as centre x, centre y, width, height",
    "xxyy": "as x1, x2, y1, y2",
}
_COST = {"padded": 1, "corner": 2, "short": 2, "cropped": 2, "swapped": 3, "xywh": 2, "cxcywh": 2, "xxyy": 3}


@dataclass(frozen=True)
class Reading:
    """One hypothesis.

    Args:
        unit: the number that stands for the whole edge; or ``pixels``, ``said`` (pixels of the size
            in the predictions file), or a key of `SMART`.
        frame: one of `FRAMES`.
        y_first: whether y comes before x.
        form: one of `FORMS`.
        flipped: ``x`` or ``y`` if that axis runs the other way.
    """

    unit: float | str
    frame: str = "stretched"
    y_first: bool = False
    form: str = "corners"
    flipped: str = ""

    @property
    def cost(self) -> int:
        """How far-fetched the reading is: of two that fit alike, the cheaper one is believed."""
        rare_unit = 0 if self.unit in ("pixels", 1.0, 100.0, 1000.0) else 2 if self.unit in SIDES else 1
        frame, form = _COST.get(self.frame, 0), _COST.get(self.form, 0)
        return rare_unit + frame + form + 2 * self.y_first + 4 * bool(self.flipped)

    def __str__(self) -> str:
        return ", ".join(filter(None, (self._place(), *self._oddities())))

    def _place(self) -> str:
        if self.unit == "pixels":
            return _PIXEL_FRAME_WORDS[self.frame]
        if self.unit == "said":
            return "pixels of the size that the predictions file gives"
        if isinstance(self.unit, str):
            factor, _, largest = SMART[self.unit]
            return f"pixels after smart resizing (multiples of {factor}, at most {largest:,} pixels)"
        kind = f"pixels 0-{self.unit:g}" if self.unit in SIDES else f"0-{self.unit:g}"
        return f"{kind} {_FRAME_WORDS[self.frame]}"

    def _oddities(self) -> Iterator[str]:
        if self.y_first:
            yield "y before x"
        yield _FORM_WORDS[self.form]
        if self.flipped:
            yield "mirrored left to right" if self.flipped == "x" else "upside down"

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "words": str(self),
            "unit": self.unit,
            "frame": self.frame,
            "y_first": self.y_first,
            "form": self.form,
            "flipped": self.flipped or None,
        }

    def decode(self, samples: Samples) -> FloatArray:
        """The boxes of this reading: (K, 4) corners in fractions of the original picture, cut off
        at its borders.
        """
        return decode(self, corners(samples.numbers, self.y_first, self.form), samples)


def corners(numbers: FloatArray, y_first: bool, form: str) -> FloatArray:
    """(K, 4) numbers in some order and form as corners ``x1, y1, x2, y2`` in the same unit."""
    if form == "xxyy":
        order = [2, 0, 3, 1] if y_first else [0, 2, 1, 3]
        return numbers[:, order]
    a, b, c, d = (numbers[:, n] for n in ((1, 0, 3, 2) if y_first else (0, 1, 2, 3)))
    if form == "xywh":
        return np.stack([a, b, a + c, b + d], axis=1)
    if form == "cxcywh":
        return np.stack([a - c / 2, b - d / 2, a + c / 2, b + d / 2], axis=1)
    return np.stack([a, b, c, d], axis=1)


def decode(reading: Reading, edges: FloatArray, samples: Samples) -> FloatArray:
    """The same from corners that are already in order."""
    slope, shift = line_of(reading, samples)
    boxes = edges.reshape(-1, 2, 2) * slope[:, None, :] + shift[:, None, :]  # (K, corner, axis)
    axis = {"x": 0, "y": 1}.get(reading.flipped)
    if axis is not None:
        boxes[:, :, axis] = boxes[:, ::-1, axis]
    return np.clip(boxes.reshape(-1, 4), 0.0, 1.0)


def line_of(reading: Reading, samples: Samples) -> tuple[FloatArray, FloatArray]:
    """Slope and shift, (K, 2) each, from a number to a fraction of the original picture, x and y."""
    scale, (slope, shift) = _whole(reading, samples), _frame_line(reading.frame, samples.sizes)
    axis = {"x": 0, "y": 1}.get(reading.flipped)
    if axis is not None:  # f becomes 1 - f in the model's picture
        shift = shift.copy()
        shift[:, axis] += slope[:, axis]
        slope = slope.copy()
        slope[:, axis] *= -1
    return slope / scale, shift


def _whole(reading: Reading, samples: Samples) -> FloatArray:
    """(K, 2) the numbers that stand for the right and the bottom border of the model's picture."""
    sizes = samples.sizes
    if not isinstance(reading.unit, str):
        return np.full_like(sizes, reading.unit)
    if reading.unit == "said":
        return samples.said_sizes
    if reading.unit == "pixels":
        if reading.frame == "padded":
            return np.broadcast_to(sizes.max(axis=1, keepdims=True), sizes.shape)
        if reading.frame == "cropped":
            return np.broadcast_to(sizes.min(axis=1, keepdims=True), sizes.shape)
        return sizes
    factor, least, largest = SMART[reading.unit]
    kinds, which = _distinct(sizes)
    frames = [SmartResized(int(w), int(h), factor, least, largest) for w, h in kinds]
    return np.array([frame.model_size for frame in frames], dtype=np.float64).reshape(-1, 2)[which]


def _distinct(sizes: FloatArray) -> tuple[FloatArray, IntArray]:
    kinds, which = np.unique(sizes, axis=0, return_inverse=True)
    return kinds, which.reshape(-1)


def _frame_line(frame: str, sizes: FloatArray) -> tuple[FloatArray, FloatArray]:
    """(K, 2) slope and shift from a fraction of the model's picture to one of the original."""
    longer, shorter = sizes.max(axis=1, keepdims=True), sizes.min(axis=1, keepdims=True)
    if frame == "padded":  # the margin is rounded down, as in `PaddedSquare`
        return longer / sizes, -((longer - sizes) // 2) / sizes
    if frame == "corner":
        return longer / sizes, np.zeros_like(sizes)
    if frame == "short":
        return shorter / sizes, np.zeros_like(sizes)
    if frame == "cropped":
        return shorter / sizes, (sizes - shorter) / 2 / sizes
    if frame == "swapped":
        return sizes[:, ::-1] / sizes, np.zeros_like(sizes)
    return np.ones_like(sizes), np.zeros_like(sizes)


def all_readings(samples: Samples) -> Iterator[Reading]:
    """Every hypothesis for these samples, the common ones first."""
    for place in _places(samples):
        for y_first in (False, True):
            for form in FORMS:
                for flipped in ("", "x", "y"):
                    yield replace(place, y_first=y_first, form=form, flipped=flipped)


def _places(samples: Samples) -> Iterator[Reading]:
    for frame in _PIXEL_FRAME_WORDS:
        yield Reading("pixels", frame)
    if not np.array_equal(samples.said_sizes, samples.sizes):
        yield Reading("said")
    elongated = samples.sizes.max(axis=1) / samples.sizes.min(axis=1)
    if elongated.max(initial=1.0) <= 200:  # else smart resizing refuses the picture
        for unit in SMART:
            yield Reading(unit)
    for whole in RANGES:
        for frame in FRAMES:
            yield Reading(whole, frame)
    for side in SIDES:
        for frame in FRAMES[:-1]:
            yield Reading(side, frame)


OF_DIALECT = {
    "scout": Reading(100.0),
    "cogvlm": Reading(1000.0),
    "shikra": Reading(1.0, "padded"),
    "llava": Reading(1.0, "padded"),
    "ferret": Reading(1000.0),
    "kosmos-2": Reading(1.0),  # patches are read as fractions
    "florence-2": Reading(1000.0),
    "paligemma": Reading(1024.0, y_first=True),
    "qwen-vl": Reading(999.0),
    "qwen2-vl": Reading(1000.0),
    "qwen2.5-vl": Reading("smart28"),
    "qwen3-vl": Reading(1000.0),
    "internvl": Reading(1000.0),
    "pin": Reading(224.0),
    "pixels": Reading("pixels"),
}
"""How each dialect reads its numbers."""


def reading_of(dialect: str, frame: str | None = None) -> Reading | None:
    """How a dialect of this package reads its numbers, in its own frame or another.

    Args:
        dialect: its name.
        frame: ``stretched``, ``padded`` or ``smart_resized``; None is the dialect's own.
    """
    reading = OF_DIALECT.get(dialect)
    if reading is None or frame is None:
        return reading
    if isinstance(reading.unit, str):
        unit = {"smart_resized": "smart28"}.get(frame, "pixels")
        return Reading(unit, "padded" if frame == "padded" else "stretched")
    return replace(reading, frame="padded" if frame == "padded" else "stretched")
