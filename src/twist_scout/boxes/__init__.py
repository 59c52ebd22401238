"""Boxes, frames, the text dialects of boxes, and grounded text."""

from __future__ import annotations

from twist_scout.boxes.box import Box, boxes_array, iou_matrix, paired_iou
from twist_scout.boxes.dialects import (
    BoxSpan,
    Codec,
    Dialect,
    dialect_frame,
    get_dialect,
    known_dialects,
    register_dialect,
)
from twist_scout.boxes.frame import CenterCropped, Frame, PaddedSquare, SmartResized, Stretched, make_frame
from twist_scout.boxes.grounded import GroundedText, Phrase, Step, Unread
from twist_scout.boxes.steps import StepSpan, find_steps

__all__ = [
    "Box",
    "BoxSpan",
    "CenterCropped",
    "Codec",
    "Dialect",
    "Frame",
    "GroundedText",
    "PaddedSquare",
    "Phrase",
    "SmartResized",
    "Step",
    "StepSpan",
    "Stretched",
    "Unread",
    "boxes_array",
    "dialect_frame",
    "find_steps",
    "get_dialect",
    "iou_matrix",
    "known_dialects",
    "make_frame",
    "paired_iou",
    "register_dialect",
]
