"""Expressions single out one object; relations are what the boxes say."""

from __future__ import annotations

import numpy as np
import pytest

from twist_scout.toyworld.expressions import (
    RELATIONS,
    Description,
    descriptions,
    in_line,
    named,
    plural,
    refer,
    related,
    shortest,
    the,
    with_article,
)
from twist_scout.toyworld.lots import Lots
from twist_scout.toyworld.scene import sample_scene

SCENES = [sample_scene(s) for s in range(150)]


def lots(seed: int = 3) -> Lots:
    return Lots(np.random.default_rng(seed))


def test_every_description_fits_its_object_and_no_other() -> None:
    forms = set()
    for scene in SCENES:
        for index in range(len(scene.objects)):
            for d, weight in descriptions(scene, index):
                assert weight > 0
                assert [i for i in range(len(scene.objects)) if d.fits(scene, i)] == [index]
                forms |= {
                    name for name in ("color", "size", "clothes", "deed", "relation", "ordinal") if getattr(d, name)
                }
    assert forms == {"color", "size", "clothes", "deed", "relation", "ordinal"}


def test_two_descriptions_in_the_same_words_mean_the_same_object() -> None:
    for scene in SCENES:
        said: dict[str, int] = {}
        for index in range(len(scene.objects)):
            for d, _ in descriptions(scene, index):
                assert said.setdefault(d.text(scene), index) == index


def test_almost_everything_can_be_referred_to() -> None:
    found = [refer(scene, i, lots()) for scene in SCENES for i in range(len(scene.objects))]
    assert sum(one is None for one in found) < 0.01 * len(found)
    assert all(one.startswith("the ") for one in found if one)


def test_referring_is_deterministic() -> None:
    for scene in SCENES[:30]:
        for index in range(len(scene.objects)):
            assert refer(scene, index, lots()) == refer(scene, index, lots())


def test_the_shortest_description_is_the_plain_name_where_that_is_enough() -> None:
    for scene in SCENES:
        for index, o in enumerate(scene.objects):
            found = shortest(scene, index)
            assert named(scene, index) == (found is not None)
            if sum(x.kind == o.kind for x in scene.objects) == 1:
                assert found == Description(o.kind)
                assert the(scene, index) == f"the {o.kind}"


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


def test_lines_from_both_sides_are_each_others_reverse() -> None:
    for scene in SCENES:
        for kind in {o.kind for o in scene.objects}:
            assert in_line(scene, kind, "left") == in_line(scene, kind, "right")[::-1]


def test_words() -> None:
    assert with_article("orange car") == "an orange car"
    assert with_article("car") == "a car"
    assert with_article("blue trousers") == "blue trousers"
    assert plural("person") == "people"
    assert plural("woman") == "women"
