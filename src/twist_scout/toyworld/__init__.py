"""The toy world: drawn scenes with exact truth, and the pocket model that lets everything run offline on two cores."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from twist_scout.toyworld.scene import Rendered, Scene, render, sample_scene
    from twist_scout.toyworld.truth import truth_record

__all__ = [
    "Rendered",
    "Scene",
    "pocket_adapter",
    "pocket_base",
    "render",
    "sample_scene",
    "truth_record",
]

_WEIGHTS = Path(__file__).parent / "weights"


def pocket_base() -> Path:
    """Folder of the shipped pocket base: an ordinary LLaVA that chats about the toy world and cannot point."""
    return _WEIGHTS / "pocket-base"


def pocket_adapter() -> Path:
    """Folder of the shipped TWIST adapter that teaches the pocket base to point."""
    return _WEIGHTS / "pocket-adapter"


def __getattr__(name: str) -> object:
    """Drawing and sampling are imported on first use: asking for a folder should not cost numpy and Pillow."""
    if name in {"Rendered", "Scene", "render", "sample_scene"}:
        from twist_scout.toyworld import scene

        return getattr(scene, name)
    if name == "truth_record":
        from twist_scout.toyworld.truth import truth_record

        return truth_record
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
