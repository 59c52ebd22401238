"""The exam asks every part about every scene, and a perfect answer is perfect."""

from __future__ import annotations

from collections import Counter

import pytest

from twist_scout.boxes.grounded import GroundedText
from twist_scout.evaluation.referring import ReferringRecord, evaluate_referring
from twist_scout.toyworld import render, sample_scene, truth_record
from twist_scout.toyworld.exam import SPLITS, colorless, exam_items
from twist_scout.toyworld.questions import EXAM_KINDS


def items(count=60, variant="plain", unseen=False):
    scenes = [sample_scene(s, variant=variant) for s in range(count)]
    return [(s, i) for s in scenes for i in exam_items(s, render(s, 240, antialias=1), unseen_wordings=unseen)]


def test_every_scene_gets_every_part_and_kinds_are_about_equally_frequent() -> None:
    found = items(120)
    parts = Counter(i.part for _, i in found)
    assert parts["gic"] == parts["absent"] == 120
    assert parts["rec"] > 115
    assert parts["localization"] > 90
    assert parts["steps"] > 110
    assert parts["understanding"] == 360
    kinds = Counter(i.kind for _, i in found if i.part == "understanding")
    assert set(kinds) == set(EXAM_KINDS)


def test_it_is_deterministic_and_ids_are_unique() -> None:
    assert items(10) == items(10)
    ids = [i.id for v in ("plain", "pairs", "relations", "crowded") for _, i in items(10, v)]
    assert len(set(ids)) == len(ids)


def test_true_answers_score_full_marks() -> None:
    records = []
    for _, item in items(30):
        if item.part == "rec":
            text = GroundedText.parse("It [[0,0,1,1]]")
            text.phrases[0].boxes[:] = list(item.boxes)
            records.append(ReferringRecord(text, item.boxes[0]))
    assert evaluate_referring(records).accuracy == 1


@pytest.mark.parametrize("variant", ["pairs", "relations"])
def test_held_out_scenes_ask_about_what_is_held_out(variant) -> None:
    found = [i for _, i in items(30, variant)]
    assert sum(i.held_out for i in found if i.part == "rec") > (25 if variant == "pairs" else -1)
    assert any(i.held_out for i in found if i.part == "understanding")
    assert not any(i.held_out for _, i in items(30))


def test_wordings_of_the_split_are_others() -> None:
    plain, unseen = items(20), items(20, unseen=True)
    assert not {i.prompt for _, i in plain} & {i.prompt for _, i in unseen}


def test_a_diagram_is_asked_nothing_about_colours() -> None:
    asked = [i for _, i in items(60) if colorless(i)]
    assert {"localization", "understanding", "gic"} <= {i.part for i in asked}
    assert not any("red" in i.prompt.split() for i in asked)


def test_every_split_is_a_change_of_one_thing() -> None:
    plain = SPLITS["plain"]
    for name, condition in SPLITS.items():
        changed = [getattr(condition, f) != getattr(plain, f) for f in ("variant", "domain", "unseen_wordings")]
        assert sum(changed) == (name != "plain")


def test_the_truth_record_is_the_scene() -> None:
    for seed in range(30):
        scene = sample_scene(seed)
        drawn = render(scene, 200)
        record = truth_record(scene, drawn, "a.png")
        assert (record["image"], record["width"], record["height"]) == ("a.png", 200, 200)
        assert [o["box"] for o in record["objects"]] == [list(b) for b in drawn.boxes]
        assert [o["category"] for o in record["objects"]] == [o.category for o in scene.objects]
        said = [o["expression"] for o in record["objects"] if "expression" in o]
        assert len(set(said)) == len(said)
        assert len(record["captions"]) >= 4
        assert len(record["interactions"]) == len(scene.interactions)
        assert not any(o["held_out"] for o in record["objects"])
