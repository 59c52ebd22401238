"""Every convention once more, for one sample, as plain as can be and in exact fractions: what the tests compare with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction

Corners = Sequence[Fraction]
HALF = Fraction(1, 2)
NOTHING = (Fraction(0),) * 4


def iou(a: Corners, b: Corners) -> Fraction:
    across = max(Fraction(0), min(a[2], b[2]) - max(a[0], b[0]))
    down = max(Fraction(0), min(a[3], b[3]) - max(a[1], b[1]))
    areas = [max(Fraction(0), box[2] - box[0]) * max(Fraction(0), box[3] - box[1]) for box in (a, b)]
    union = sum(areas) - across * down
    return across * down / union if union else Fraction(0)


def scaled(box: Sequence[Fraction | int], width: Fraction | int, height: Fraction | int) -> list[Fraction]:
    return [Fraction(value) * (width, height)[place % 2] for place, value in enumerate(box)]


def original(boxes: list[Corners], truth: Corners, size: tuple[int, int]) -> tuple[Fraction, bool]:
    """scout, and kosmos2 and qwen for boxes of other dialects: the first box, from 0.5 on."""
    found = iou(boxes[0], truth) if boxes else Fraction(0)
    return found, found >= HALF


def shikra(boxes: list[Corners], truth: Corners, size: tuple[int, int]) -> tuple[Fraction, bool]:
    """Exactly one box, above 0.5."""
    found = iou(boxes[0], truth) if len(boxes) == 1 else Fraction(0)
    return found, found > HALF


def ferret(boxes: list[Corners], truth: Corners, size: tuple[int, int]) -> tuple[Fraction, bool]:
    """The first box in whole pixels, from 0.5 on."""
    found = iou([Fraction(int(edge)) for edge in boxes[0]], truth) if boxes else Fraction(0)
    return found, found >= HALF


def oracle(boxes: list[Corners], truth: Corners, size: tuple[int, int]) -> tuple[Fraction, bool]:
    """The best box, from 0.5 on."""
    found = max((iou(box, truth) for box in boxes), default=Fraction(0))
    return found, found >= HALF


def squeezed_truth(truth: Corners, size: tuple[int, int]) -> list[Fraction]:
    x, y, wide, high = (float(v) for v in (truth[0], truth[1], truth[2] - truth[0], truth[3] - truth[1]))
    across, down = 224 / size[0], 224 / size[1]
    left, top = int(x * across), int(y * down)
    return [Fraction(v) for v in (left, top, min(left + int(wide * across), 223), min(top + int(high * down), 223))]


def pin(boxes: list[Corners], truth: Corners, size: tuple[int, int]) -> tuple[Fraction, bool]:
    """The first box on 224 x 224, else the top left cell, from 0.5 on."""
    cell = [Fraction(0), Fraction(0), Fraction(14), Fraction(14)]
    box = scaled(boxes[0], Fraction(224, size[0]), Fraction(224, size[1])) if boxes else cell
    found = iou(box, squeezed_truth(truth, size))
    return found, found >= HALF


PLAIN: dict[str, Callable[[list[Corners], Corners, tuple[int, int]], tuple[Fraction, bool]]] = {
    "scout": original,
    "shikra": shikra,
    "ferret": ferret,
    "kosmos2": original,
    "qwen": original,
    "pin": pin,
    "oracle": oracle,
}
"""Of boxes in pixels of the original picture that a dialect has read."""


def shikra_own(text_boxes: list[Sequence[Fraction]], truth: Corners, size: tuple[int, int]) -> tuple[Fraction, bool]:
    """Fractions of the padded square against the truth there, rounded to three decimals."""
    if len(text_boxes) != 1:
        return Fraction(0), False
    width, height = size
    side = max(size)
    margins = ((side - width) // 2, (side - height) // 2)
    meant = [round(min(max(float(v + margins[n % 2]) / side, 0.0), 1.0), 3) for n, v in enumerate(truth)]
    found = iou([box * 1000 for box in text_boxes[0]], [Fraction(str(v)) * 1000 for v in meant])
    return found, found > HALF


def ferret_own(text_boxes: list[Sequence[int]], truth: Corners, size: tuple[int, int]) -> tuple[Fraction, bool]:
    """Thousandths, cut to whole pixels."""
    if not text_boxes:
        return Fraction(0), False
    ratios = (size[0] * 1.0 / 1000, size[1] * 1.0 / 1000)
    box = [Fraction(int(value * ratios[n % 2])) for n, value in enumerate(text_boxes[0])]
    found = iou(box, truth)
    return found, found >= HALF


def of(full: int) -> Callable[[list[Sequence[int]], Corners, tuple[int, int]], tuple[Fraction, bool]]:
    """The first box, in parts of a whole."""

    def scored(text_boxes: list[Sequence[int]], truth: Corners, size: tuple[int, int]) -> tuple[Fraction, bool]:
        if not text_boxes:
            return Fraction(0), False
        found = iou(scaled([Fraction(value, full) for value in text_boxes[0]], *size), truth)
        return found, found >= HALF

    return scored


def guessed(text_boxes: list[Sequence[Fraction]], truth: Corners, size: tuple[int, int]) -> tuple[Fraction, bool]:
    """VLMEvalKit: by the largest number."""
    if not text_boxes:
        return Fraction(0), False
    box, largest = text_boxes[0], max(abs(value) for value in text_boxes[0])
    if largest <= Fraction(3, 2):
        pixels = scaled(box, *size)
    elif largest <= 1000:
        pixels = scaled(box, Fraction(size[0], 1000), Fraction(size[1], 1000))
    else:
        pixels = [Fraction(value) for value in box]
    cut = [min(max(value, Fraction(0)), Fraction(size[n % 2])) for n, value in enumerate(pixels)]
    ordered = [min(cut[0], cut[2]), min(cut[1], cut[3]), max(cut[0], cut[2]), max(cut[1], cut[3])]
    found = iou(ordered, truth)
    return found, found >= HALF


def either(text_boxes: list[Sequence[Fraction]], truth: Corners, size: tuple[int, int]) -> tuple[Fraction, bool]:
    """lmms-eval's refcoco_grounding: the best box, as pixels or as thousandths."""
    thousandths = [scaled(box, Fraction(size[0], 1000), Fraction(size[1], 1000)) for box in text_boxes]
    readings = [*text_boxes, *thousandths]
    found = max((iou(box, truth) for box in readings), default=Fraction(0))
    return found, found >= HALF


def grid(text_boxes: list[Sequence[int]], truth: Corners, size: tuple[int, int]) -> tuple[Fraction, bool]:
    """PIN: lines of the grid, else the top left cell."""
    lines = set(range(0, 225, 14))
    good = bool(text_boxes) and set(text_boxes[0]) <= lines
    box = (
        text_boxes[0] if good and text_boxes[0][0] < text_boxes[0][2] and text_boxes[0][1] < text_boxes[0][3] else None
    )
    found = iou([Fraction(v) for v in box or (0, 0, 14, 14)], squeezed_truth(truth, size))
    return found, found >= HALF
