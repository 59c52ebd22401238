"""Laws of scenes: deterministic, in two streams that never meet, what is held out kept out, boxes as drawn."""

from __future__ import annotations

import numpy as np
import pytest

from twist_scout.toyworld.casting import HELD_OUT_PAIRS, HELD_OUT_RELATIONS, MAX_OBJECTS
from twist_scout.toyworld.drawing import CATEGORIES, COLORS, PEOPLE, SETTINGS
from twist_scout.toyworld.placing import SIZES
from twist_scout.toyworld.scene import MIN_VISIBLE, MIN_VISIBLE_PARTNER, render, sample_scene, size_word
from twist_scout.toyworld.staging import PARTNERS, PET_SEATS

SEEDS = range(60)
SCENES = [sample_scene(s) for s in range(200)]


@pytest.mark.parametrize("split", ["train", "test"])
def test_a_seed_gives_the_same_scene_and_the_same_pixels(split) -> None:
    one, two = sample_scene(7, split=split), sample_scene(7, split=split)
    assert one == two
    assert np.array_equal(np.asarray(render(one, 120).image), np.asarray(render(two, 120).image))


def test_the_streams_differ() -> None:
    assert all(sample_scene(s, split="train").objects != sample_scene(s, split="test").objects for s in SEEDS)


def test_no_training_scene_holds_anything_held_out() -> None:
    assert not any(sample_scene(s, split="train").held_out for s in range(300))
    for variant in ("pairs", "relations", "crowded"):
        with pytest.raises(ValueError, match="never sampled for training"):
            sample_scene(0, split="train", variant=variant)


def test_what_is_held_out_exists_and_leaves_enough_to_learn_from() -> None:
    for kind, color in HELD_OUT_PAIRS:
        assert color in COLORS
        assert kind in CATEGORIES
    assert {kind for kind, _ in HELD_OUT_PAIRS} == set(CATEGORIES)
    for subject, verb, partner in HELD_OUT_RELATIONS:
        assert partner in (PARTNERS[verb] if subject in PEOPLE else PET_SEATS)
        others = [r for r in HELD_OUT_RELATIONS if r[1:] == (verb, partner)]
        assert len(others) <= 2, "others must be seen to do it"


def test_each_variant_holds_what_it_is_named_after() -> None:
    for seed in SEEDS:
        pairs = sample_scene(seed, variant="pairs")
        assert sum(o.pair in HELD_OUT_PAIRS for o in pairs.objects) == 1
        relations = sample_scene(seed, variant="relations")
        assert sum(relations.relation_held_out(it) for it in relations.interactions) == 1
        assert len(sample_scene(seed, variant="crowded").objects) == MAX_OBJECTS


def test_scenes_keep_their_promises() -> None:
    counts, settings = set(), set()
    for scene in SCENES:
        counts.add(len(scene.objects))
        settings.add(scene.setting)
        looks = [(o.kind, *sorted(o.placed.colors.items())) for o in scene.objects]
        assert len(set(looks)) == len(looks)  # no two are the same in all their words
        joined = {i for it in scene.interactions for i in (it.subject, it.object)}
        for k, o in enumerate(scene.objects):
            assert (MIN_VISIBLE_PARTNER if k in joined else MIN_VISIBLE) <= o.visible <= 1
            assert o.size in ("", *SIZES)
            assert o.person == (o.color is None)
    assert counts == set(range(1, MAX_OBJECTS))
    assert settings == set(SETTINGS)


def test_every_kind_and_every_deed_occurs() -> None:
    scenes = [sample_scene(s, split="train") for s in range(1200)]
    assert {o.kind for s in scenes for o in s.objects} == set(CATEGORIES)
    verbs = [it.verb for s in scenes for it in s.interactions]
    assert all(verbs.count(verb) > 40 for verb in PARTNERS)
    two = [s for s in scenes for i in range(len(s.objects)) if len(s.partner(i, "playing with")) == 2]
    assert two, "somebody plays with two things"


def test_the_gaps_between_sizes_are_real() -> None:
    for scene in SCENES:
        for o in scene.objects:
            assert o.size == size_word(o.placed)


@pytest.mark.parametrize("size", [144, 240, 333])
def test_boxes_are_the_extent_of_what_is_drawn(size) -> None:
    for scene in SCENES[:10]:
        drawn = render(scene, size)
        assert drawn.image.size == (size, size)
        for k, (x1, y1, x2, y2) in enumerate(drawn.boxes):
            rows, columns = np.nonzero(drawn.ids == k + 1)
            assert (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1) == (x1, y1, x2, y2)
            assert np.allclose(np.array([x1, y1, x2, y2]) / size, scene.objects[k].box.as_tuple(), atol=2.1 / 120)


def test_parts_lie_within_their_person_and_have_the_colour_they_are_said_to_have() -> None:
    seen = set()
    for scene in SCENES[:60]:
        drawn = render(scene, 240, antialias=1)
        pixels = np.asarray(drawn.image).astype(int)
        for index, o in enumerate(scene.objects):
            for part in o.parts:
                seen.add(part.name)
                box = drawn.part_box(index, part.name)
                assert box is not None
                outer = drawn.boxes[index]
                assert box[0] >= outer[0]
                assert box[1] >= outer[1]
                assert box[2] <= outer[2]
                assert box[3] <= outer[3]
                if part.color:
                    mask = drawn.parts == drawn.part_names.index((index, part.name)) + 1
                    names = list(COLORS)
                    distance = np.linalg.norm(pixels[mask][:, None] - np.array(list(COLORS.values()))[None], axis=-1)
                    votes = np.bincount(distance.argmin(1), minlength=len(names))
                    assert names[int(votes.argmax())] == part.color
    assert seen == {"head", "hand", "hat", "shirt", "trousers", "dress"}


def test_partners_touch() -> None:
    for scene in SCENES:
        for it in scene.interactions:
            if it.verb != "playing with":
                a, b = scene.objects[it.subject].placed, scene.objects[it.object].placed
                assert min(a.x2, b.x2) > max(a.x1, b.x1) - 0.01
                assert min(a.y2, b.y2) > max(a.y1, b.y1) - 0.01


def test_a_diagram_shows_the_same_truth_without_colours() -> None:
    for scene in SCENES[:12]:
        picture, diagram = render(scene, 144), render(scene, 144, domain="diagram")
        assert np.array_equal(picture.ids, diagram.ids)
        assert np.array_equal(picture.parts, diagram.parts)
        assert picture.boxes == diagram.boxes
        pixels = np.asarray(diagram.image).astype(int)
        assert (pixels.max(-1) - pixels.min(-1)).max() < 48
