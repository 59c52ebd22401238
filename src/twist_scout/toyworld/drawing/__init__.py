"""Drawings of the toy world: friendly sticker objects in named colours on calm settings."""

from __future__ import annotations

from twist_scout.toyworld.drawing.backgrounds import BACKGROUNDS
from twist_scout.toyworld.drawing.canvas import Canvas
from twist_scout.toyworld.drawing.categories import CATEGORIES, Category
from twist_scout.toyworld.drawing.colors import COLORS, Palette
from twist_scout.toyworld.drawing.rendering import Drawing, Placed, draw_scene

__all__ = [
    "BACKGROUNDS",
    "CATEGORIES",
    "COLORS",
    "Canvas",
    "Category",
    "Drawing",
    "Palette",
    "Placed",
    "draw_scene",
]
