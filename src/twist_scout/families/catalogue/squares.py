"""Families that take whole pictures as squares of pixels."""

from __future__ import annotations

from twist_scout.families.tiny import Family

SQUARES: tuple[Family, ...] = ()
