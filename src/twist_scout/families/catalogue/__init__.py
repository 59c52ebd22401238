"""What a family's miniature needs beyond the general rules, in one file for each kind of vision input."""

from __future__ import annotations

from twist_scout.families.catalogue.encoder_decoders import ENCODER_DECODERS
from twist_scout.families.catalogue.native_sizes import NATIVE_SIZES
from twist_scout.families.catalogue.other_patches import OTHER_PATCHES
from twist_scout.families.catalogue.others import OTHERS
from twist_scout.families.catalogue.patches import PATCHES
from twist_scout.families.catalogue.squares import SQUARES
from twist_scout.families.tiny import Family

_ALL = (*SQUARES, *PATCHES, *OTHER_PATCHES, *NATIVE_SIZES, *OTHERS, *ENCODER_DECODERS)
FAMILIES: dict[str, Family] = {family.model_type: family for family in _ALL}


def find_family(model_type: str) -> Family:
    """The miniature of a family; one that needs nothing special has no entry of its own."""
    return FAMILIES.get(model_type) or Family(model_type)
