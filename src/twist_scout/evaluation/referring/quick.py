"""The short way to a box: answers that hold one box, written as their dialect writes it, and nothing that could be another.

Most answers to referring expressions are such. One pattern recognises them, and everything after that is arithmetic on
arrays; whatever is the least bit unusual is left to the dialect itself. Both ways give the same floats.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Sequence

import numpy as np

from twist_scout.boxes.dialects import get_dialect, known_dialects
from twist_scout.boxes.dialects.pixels import SizedCodec
from twist_scout.boxes.frame import PaddedSquare, SmartResized, Stretched
from twist_scout.evaluation.reading import AnswerReader
from twist_scout.evaluation.referring.truth import FloatArray, IntArray, Truth

_NUMBER = r"([0-9]{1,4}(?:\.[0-9]{1,4})?+)"
_FOUR = rf"{_NUMBER}, ?{_NUMBER}, ?{_NUMBER}, ?{_NUMBER}"
_DOUBLED = re.compile(rf"[^\[\]]*+\[\[{_FOUR}\]\][^\[\]]*+")
_SINGLE = re.compile(rf"[^\[\]]*+\[{_FOUR}\][^\[\]]*+")
_LABEL = r'(?:, "label": "[^"\\\[\](){}<>:\n]*+")?+'
_JSON = re.compile(rf'(?:```json\s?)?+\s*+\[?+\s*+\{{"bbox_2d": \[{_FOUR}\]{_LABEL}\}}\s*+\]?+\s*+(?:```)?+')

#: The pattern of a dialect, and the number at the right and bottom border; 0 where that is the size of the model's picture.
_FORMS: dict[str, tuple[re.Pattern[str], float]] = {
    "scout": (_DOUBLED, 100),
    "cogvlm": (_DOUBLED, 1000),
    "shikra": (_SINGLE, 1),
    "llava": (_SINGLE, 1),
    "ferret": (_SINGLE, 1000),
    "pin": (_SINGLE, 224),
    "pixels": (_SINGLE, 0),
    "qwen2.5-vl": (_JSON, 0),
    "qwen3-vl": (_JSON, 1000),
}


def read_quickly(answers: Sequence[object], truth: Truth, reader: AnswerReader) -> tuple[FloatArray, IntArray]:
    """The boxes of answers in plain form.

    Args:
        answers: N answers; only strings are looked at.
        truth: of the same N expressions, for the sizes of their pictures.
        reader: the dialect and the frames.

    Returns:
        (K, 4) boxes in fractions of the original pictures, and (K,) the answers that hold them and no other, ascending.

    Raises:
        BadInput: the dialect needs the size of the pictures, which is not known; or its model refuses a picture.
    """
    name = reader.dialect.name
    if name not in _FORMS or name not in known_dialects() or get_dialect(name) is not reader.dialect:
        return np.zeros((0, 4)), np.zeros(0, dtype=np.int64)
    pattern, border = _FORMS[name]
    numbers, rows = array("d"), array("q")
    fullmatch = pattern.fullmatch
    for row, answer in enumerate(answers):
        if type(answer) is str:
            match = fullmatch(answer)
            if match is not None:
                numbers.extend(map(float, match.groups()))
                rows.append(row)
    if not rows:
        return np.zeros((0, 4)), np.zeros(0, dtype=np.int64)
    written = np.frombuffer(numbers, dtype=np.float64).reshape(-1, 4)
    return _placed(written, np.frombuffer(rows, dtype=np.int64), truth, reader, border)


def _placed(
    written: FloatArray, rows: IntArray, truth: Truth, reader: AnswerReader, border: float
) -> tuple[FloatArray, IntArray]:
    """From numbers to fractions of the original pictures; rows that need a closer look are left out."""
    sizes, which = np.unique(truth.sizes[rows], axis=0, return_inverse=True)
    borders = np.full((len(sizes), 2), border, dtype=np.float64)
    padded, plain = np.zeros(len(sizes), dtype=bool), np.zeros(len(sizes), dtype=bool)
    for n, (width, height) in enumerate(sizes.tolist()):
        codec, view = reader.for_size((int(width), int(height)) if truth.sized else None)
        padded[n] = type(view) is PaddedSquare
        plain[n] = padded[n] or type(view) in (Stretched, SmartResized)
        if not border and isinstance(codec, SizedCodec) and codec.size is not None:
            borders[n] = codec.size
    which = which.reshape(-1)
    full = np.tile(borders, 2)[which]
    ordered = (written[:, 0] <= written[:, 2]) & (written[:, 1] <= written[:, 3])
    keep = ordered & (written <= full).all(axis=1) & plain[which]
    boxes = written[keep] / full[keep]
    rows, which = rows[keep], which[keep]
    margins = padded[which]
    if margins.any():
        size = sizes[which[margins]]
        side = size.max(axis=1, keepdims=True)
        moved = boxes[margins] * side - np.tile((side - size) // 2, 2)
        boxes[margins] = np.clip(moved / np.tile(size, 2), 0.0, 1.0)
    return boxes, rows
