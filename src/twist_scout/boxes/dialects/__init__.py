"""Text dialects of boxes: one file each, all reachable by `get_dialect`."""

from __future__ import annotations

from twist_scout.boxes.dialects.protocol import BoxSpan, Dialect
from twist_scout.boxes.dialects.registry import get_dialect, known_dialects, register_dialect
from twist_scout.boxes.dialects.scout import Scout

register_dialect(Scout())

__all__ = ["BoxSpan", "Dialect", "Scout", "get_dialect", "known_dialects", "register_dialect"]
