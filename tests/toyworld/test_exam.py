"""The exam asks every part about every scene, and a perfect answer is perfect."""

from __future__ import annotations

from collections import Counter

from twist_scout.boxes.grounded import GroundedText
from twist_scout.evaluation.referring import ReferringRecord, evaluate_referring
from twist_scout.evaluation.understanding import answer_matches
from twist_scout.toyworld import render, sample_scene, truth_record
from twist_scout.toyworld.exam import exam_items
from twist_scout.toyworld.questions import EXAM_KINDS
from twist_scout.toyworld.scene import HELD_OUT_PAIRS


def items(count=60, held_out=False):
    scenes = [sample_scene(s, held_out=held_out) for s in range(count)]
    return [(s, i) for s in scenes for i in exam_items(s, render(s, 240))]


def test_every_scene_gets_every_part_and_kinds_are_about_equally_frequent() -> None:
    parts = Counter(i.part for _, i in items())
    assert parts["rec"] == parts["gic"] == parts["absent"] == 60
    assert parts["localization"] > 40
    assert parts["understanding"] == 120
    kinds = Counter(i.kind for _, i in items() if i.part == "understanding")
    assert set(kinds) == set(EXAM_KINDS)
    assert max(kinds.values()) <= 4 * min(kinds.values())


def test_it_is_deterministic_and_ids_are_unique() -> None:
    assert items(10) == items(10)
    ids = [i.id for _, i in items(30)] + [i.id for _, i in items(30, held_out=True)]
    assert len(set(ids)) == len(ids)


def test_true_answers_score_full_marks() -> None:
    records = []
    for _, item in items(30):
        if item.part == "rec":
            text = GroundedText.parse("It [[0,0,1,1]]")
            text.phrases[0].boxes[:] = list(item.boxes)
            records.append(ReferringRecord(text, item.boxes[0]))
        if item.part == "understanding":
            assert answer_matches(item.answer, item.answer)
    assert evaluate_referring(records).accuracy == 1


def test_held_out_scenes_ask_about_the_held_out_object() -> None:
    for _, item in items(30, held_out=True):
        if item.part == "rec":
            assert item.held_out
    assert not any(i.held_out for _, i in items(30))


def test_the_truth_record_is_the_scene() -> None:
    for seed in range(30):
        scene = sample_scene(seed)
        drawn = render(scene, 200)
        record = truth_record(scene, drawn, "a.png")
        assert (record["image"], record["width"], record["height"]) == ("a.png", 200, 200)
        assert [o["box"] for o in record["objects"]] == [list(b) for b in drawn.boxes]
        assert len({o["expression"] for o in record["objects"]}) == len(scene.objects)
        assert all(o["held_out"] == ((o["name"], o["color"]) in HELD_OUT_PAIRS) for o in record["objects"])
