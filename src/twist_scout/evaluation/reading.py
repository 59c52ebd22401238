"""From what a model wrote to what an evaluator scores."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from twist_scout.boxes.box import Box, paired_iou
from twist_scout.boxes.grounded import GroundedText


def as_grounded(prediction: str | GroundedText, dialect: str = "scout") -> GroundedText:
    """Read a prediction.

    A string is parsed in ``dialect`` and its boxes are taken as they stand, that is, relative to
    the whole original image. Where a model saw a padded or resized frame, parse with that frame
    first and hand over the :class:`GroundedText`: its boxes are in the original image already.
    """
    if isinstance(prediction, GroundedText):
        return prediction
    return GroundedText.parse(prediction, dialect=dialect)


def first_box_ious(
    predictions: Sequence[str | GroundedText], truths: Sequence[Box], dialect: str = "scout"
) -> tuple[npt.NDArray[np.float64], int]:
    """IoU of each prediction's first box with its truth; a prediction without a readable box scores
    0.

    Args:
        predictions: N predictions.
        truths: N boxes of the original images.
        dialect: how boxes are written in predictions that are plain text.

    Returns:
        IoUs of shape (N,), and how many of the predictions held no readable box.
    """
    firsts = [next(iter(as_grounded(p, dialect).boxes), None) for p in predictions]
    pairs = [(n, box, t) for n, (box, t) in enumerate(zip(firsts, truths, strict=True)) if box]
    ious = np.zeros(len(firsts), dtype=np.float64)
    if pairs:
        rows, found, meant = zip(*pairs, strict=True)
        ious[list(rows)] = paired_iou(found, meant)
    return ious, len(firsts) - len(pairs)
