"""Every family of the installed transformers against every law."""

from __future__ import annotations

import pytest

from twist_scout.errors import BadModel
from twist_scout.families.catalogue import FAMILIES
from twist_scout.families.matrix import known_families, try_family

MOST_USED = ("gemma3", "idefics3", "internvl", "llava", "llava_onevision", "mistral3", "paligemma")
MOST_USED += ("qwen2_5_vl", "qwen2_vl", "qwen3_vl", "smolvlm")


@pytest.mark.parametrize("name", known_families())
def test_a_family_keeps_every_law_or_is_refused_with_a_reason(name):
    trial = try_family(name)
    assert not trial.broken
    assert trial.passed or trial.refused


@pytest.mark.parametrize("name", MOST_USED)
def test_the_most_used_families_keep_every_law(name):
    assert try_family(name).passed


def test_the_catalogue_holds_no_family_that_transformers_does_not_know():
    assert set(FAMILIES) <= set(known_families())


def test_an_unknown_family_is_a_bad_model():
    with pytest.raises(BadModel, match="llavaa"):
        try_family("llavaa")
