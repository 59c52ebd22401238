"""Expressions single out one object; relations are what the boxes say."""

from __future__ import annotations

import numpy as np
import pytest

from twist_scout.toyworld.expressions import (
    RELATIONS,
    Description,
    descriptions,
    plural,
    refer,
    related,
    shortest,
    with_article,
)
from twist_scout.toyworld.scene import sample_scene

SCENES = [sample_scene(s) for s in range(120)]


def test_every_description_fits_its_object_and_no_other() -> None:
    for scene in SCENES:
        for index in range(len(scene.objects)):
            options = list(descriptions(scene, index))
            assert options
            for d in options:
                assert [i for i in range(len(scene.objects)) if d.fits(scene, i)] == [index]


def test_referring_is_deterministic_and_says_the_name() -> None:
    for scene in SCENES[:30]:
        for index, o in enumerate(scene.objects):
            said = refer(scene, index, np.random.default_rng(3))
            assert said == refer(scene, index, np.random.default_rng(3))
            assert said.startswith("the ")
            assert o.category in said


def test_the_shortest_description_is_the_plain_name_where_that_is_enough() -> None:
    for scene in SCENES:
        for index, o in enumerate(scene.objects):
            single = sum(x.category == o.category for x in scene.objects) == 1
            assert shortest(scene, index) == Description(o.category, None if single else o.color)


@pytest.mark.parametrize(("relation", "inverse"), [("left of", "right of"), ("above", "below")])
def test_relations_are_inverse_to_each_other_and_irreflexive(relation, inverse) -> None:
    for scene in SCENES:
        for i in range(len(scene.objects)):
            assert not related(scene, i, relation, i)
            for j in range(len(scene.objects)):
                assert related(scene, i, relation, j) == related(scene, j, inverse, i)


def test_a_strict_relation_is_also_a_generous_one_and_excludes_its_inverse() -> None:
    for scene in SCENES:
        for i in range(len(scene.objects)):
            for j in range(len(scene.objects)):
                held = [r for r in RELATIONS if related(scene, i, r, j)]
                assert len(held) <= 1
                assert all(related(scene, i, r, j, generously=True) for r in held)


def test_words() -> None:
    assert with_article("orange car") == "an orange car"
    assert with_article("car") == "a car"
    assert plural("person") == "people"
