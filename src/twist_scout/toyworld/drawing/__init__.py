"""Drawings of the toy world: friendly sticker people and things in named colours, in calm settings."""

from __future__ import annotations

from twist_scout.toyworld.drawing.backgrounds import HORIZONS, SETTINGS
from twist_scout.toyworld.drawing.canvas import Canvas, Sketch
from twist_scout.toyworld.drawing.categories import CATEGORIES, Category, Figure, sketch_of
from twist_scout.toyworld.drawing.colors import COLORS, HAIRS, SKINS, Palette
from twist_scout.toyworld.drawing.people import PEOPLE
from twist_scout.toyworld.drawing.rendering import Domain, Drawing, Placed, draw_scene, image_of, measure_scene

__all__ = [
    "CATEGORIES",
    "COLORS",
    "HAIRS",
    "HORIZONS",
    "PEOPLE",
    "SETTINGS",
    "SKINS",
    "Canvas",
    "Category",
    "Domain",
    "Drawing",
    "Figure",
    "Palette",
    "Placed",
    "Sketch",
    "draw_scene",
    "image_of",
    "measure_scene",
    "sketch_of",
]
