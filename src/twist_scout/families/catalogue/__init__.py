"""What a family's miniature needs beyond the general rules, in one file for each kind of vision input."""

from __future__ import annotations

from twist_scout.families.catalogue.patches import PATCHES
from twist_scout.families.catalogue.squares import SQUARES
from twist_scout.families.tiny import Family

FAMILIES: dict[str, Family] = {family.model_type: family for family in (*SQUARES, *PATCHES)}


def find_family(model_type: str) -> Family:
    """The miniature of a family; one that needs nothing special has no entry of its own."""
    return FAMILIES.get(model_type) or Family(model_type)
