"""Laws of scenes: deterministic, in two streams that never meet, held-out pairs kept out, boxes as drawn."""

from __future__ import annotations

import numpy as np
import pytest

from twist_scout.toyworld.scene import HELD_OUT_PAIRS, MAX_OBJECTS, MIN_VISIBLE, SIZES, render, sample_scene

SEEDS = range(60)


@pytest.mark.parametrize("split", ["train", "test"])
def test_a_seed_gives_the_same_scene_and_the_same_pixels(split) -> None:
    one, two = sample_scene(7, split=split), sample_scene(7, split=split)
    assert one == two
    assert np.array_equal(np.asarray(render(one, 120).image), np.asarray(render(two, 120).image))


def test_the_streams_differ() -> None:
    assert all(sample_scene(s, split="train").objects != sample_scene(s, split="test").objects for s in SEEDS)


def test_no_training_scene_holds_a_held_out_pair() -> None:
    assert not any(sample_scene(s, split="train").held_out for s in range(300))
    with pytest.raises(ValueError, match="never sampled for training"):
        sample_scene(0, split="train", held_out=True)


def test_a_held_out_scene_holds_exactly_one_such_pair() -> None:
    for seed in SEEDS:
        scene = sample_scene(seed, held_out=True)
        assert sum(o.pair in HELD_OUT_PAIRS for o in scene.objects) == 1


def test_scenes_keep_their_promises() -> None:
    counts = set()
    for seed in range(200):
        scene = sample_scene(seed)
        counts.add(len(scene.objects))
        assert len({o.pair for o in scene.objects}) == len(scene.objects)  # colour and name always single out one
        for o in scene.objects:
            low, high = SIZES[o.size]
            side = ((o.placed.x2 - o.placed.x1) * (o.placed.y2 - o.placed.y1)) ** 0.5
            assert low - 1e-9 <= side <= high + 1e-9
            assert MIN_VISIBLE <= o.visible <= 1
    assert counts == set(range(1, MAX_OBJECTS + 1))


@pytest.mark.parametrize("size", [120, 240, 333])
def test_boxes_are_the_extent_of_what_is_drawn(size) -> None:
    for seed in range(10):
        scene = sample_scene(seed)
        drawn = render(scene, size)
        assert drawn.image.size == (size, size)
        for k, (x1, y1, x2, y2) in enumerate(drawn.boxes):
            rows, columns = np.nonzero(drawn.ids == k + 1)
            assert (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1) == (x1, y1, x2, y2)
            assert np.allclose(np.array([x1, y1, x2, y2]) / size, scene.objects[k].box.as_tuple(), atol=2.1 / 120)
