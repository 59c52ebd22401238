"""Rotary positions with several axes."""

from __future__ import annotations

from typing import Any


def axes(*sections: int) -> dict[str, Any]:
    """A change of the text config: as many frequencies for each axis; a head of size 8 has 4 together."""
    parameters = {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": list(sections)}
    return {"text_config.rope_parameters": parameters}


AXES = axes(2, 1, 1)  # time, height, width
