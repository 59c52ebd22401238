"""Captions name everything once; what is called absent is absent."""

from __future__ import annotations

import numpy as np

from twist_scout.toyworld.expressions import plain
from twist_scout.toyworld.lots import Lots
from twist_scout.toyworld.scene import sample_scene
from twist_scout.toyworld.telling import absent, caption, captions, clauses, mention, reading_order

SCENES = [sample_scene(s) for s in range(200)]


def test_clauses_speak_of_every_object_exactly_once_and_of_every_deed() -> None:
    for scene in SCENES:
        told = [i for c in clauses(scene) for i in c.members]
        assert sorted(told) == list(range(len(scene.objects)))
        deeds = {(c.subject, c.verb, k) for c in clauses(scene) for k in c.objects}
        assert deeds == {(it.subject, it.verb, it.object) for it in scene.interactions}


def test_the_plain_caption_names_everything() -> None:
    for scene in SCENES:
        text = caption(scene)
        assert all(mention(scene, i) in text for i in range(len(scene.objects)))
        alone = [c.subject for c in clauses(scene) if not c.verb]
        places = [text.index(mention(scene, i)) for i in reading_order(scene) if i in alone]
        assert len(alone) == len(scene.objects) or places == places[: len(places)]


def test_several_captions_are_different_and_true() -> None:
    for scene in SCENES:
        found = captions(scene)
        assert len(set(found)) == len(found) >= 4
        assert found[0] == caption(scene)
        there = {o.kind for o in scene.objects}
        for text in found:
            assert text[0].isupper()
            assert text.endswith(".")
            assert any(kind in text for kind in there)
        assert any(all(plain(scene, i).split()[-1] in text for i in range(len(scene.objects))) for text in found)


def test_absent_things_are_absent() -> None:
    lots = Lots(np.random.default_rng(2))
    for scene in SCENES:
        for _ in range(10):
            what = absent(scene, lots)
            if " in the " in what:
                kind, worn = what.split(" in the ")
                color, garment = worn.split()
                assert not any(o.kind == kind and o.placed.colors.get(garment) == color for o in scene.objects)
            else:
                assert not any(what in (o.kind, f"{o.color} {o.kind}") for o in scene.objects)
