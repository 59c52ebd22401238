from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from twist_scout.errors import BadInput
from twist_scout.labelling import Labels, read_classes
from twist_scout.labelling.asking import make_questions, question_id
from twist_scout.labelling.folder import find_pictures
from twist_scout.labelling.reading import ReadingRules, read_labels
from twist_scout.labelling.report import Report

REFUSAL = (
    "Step 1: Find the cat. Step 2: There is a dog [[10,20,50,80]] in the image, not a cat. This question is invalid."
)


def read(
    tmp_path: Path, said: dict[str, Any], classes: str, rules: ReadingRules | None = None, **sidecar: Any
) -> tuple[Labels, Report]:
    """Labels from answers: a text, or a row's other keys, by the picture's name and the phrase."""
    folder = tmp_path / "photos"
    for name in dict.fromkeys(key.partition("|")[0] for key in said):
        folder.mkdir(exist_ok=True)
        if not (folder / name).exists():
            Image.new("RGB", (200, 100)).save(folder / name)
    found, wanted = find_pictures(folder), read_classes(classes)
    rows = []
    for picture in found.pictures:
        for asked in wanted.asked:
            answer = said[f"{picture.name}|{asked.phrase}"]
            row = {"text": answer} if isinstance(answer, str) else {"text": "", **answer}
            rows.append({"id": question_id(picture, asked), "image": picture.name, **row})
    answers = tmp_path / "answers.jsonl"
    answers.write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "answers.meta.json").write_text(json.dumps({"dialect": "scout", **sidecar}))
    return read_labels(answers, found, wanted, rules)


def test_boxes_are_in_pixels_and_refusals_give_none(tmp_path: Path) -> None:
    said = {"1.png|dog": {"text": "The dogs [[10,20,50,80; 60,0,100,100]].", "score": -0.5}, "1.png|cat": REFUSAL}
    labels, report = read(tmp_path, said, "dog, cat")
    (picture,) = labels.pictures
    assert [box.box for box in picture.boxes] == [(20, 20, 100, 80), (120, 0, 200, 100)]
    assert [box.score for box in picture.boxes] == pytest.approx([math.exp(-0.5)] * 2)
    assert (picture.refused, picture.width, picture.height) == (("cat",), 200, 100)
    assert [(one.label, one.boxes, one.pictures, one.refused, one.nothing) for one in report.classes] == [
        ("dog", 2, 1, 0, 0),
        ("cat", 0, 0, 1, 0),
    ]


def test_every_question_is_counted_once(tmp_path: Path) -> None:
    said = {
        "1.png|dog": "The dog [[10,20,50,80]].",
        "2.png|dog": REFUSAL.replace("cat", "dog"),
        "3.png|dog": "I do not know.",
        "4.png|dog": {"error": "4.png is damaged"},
        "5.png|dog": "The dog [[50,20,10,80]].",
    }
    labels, report = read(tmp_path, said, "dog")
    (one,) = report.classes
    assert (one.pictures, one.refused, one.nothing, one.failed) == (1, 1, 2, 0)
    assert report.unreadable == {"4.png": "4.png is damaged"}
    assert [picture.name for picture in labels.pictures] == ["1.png", "2.png", "3.png", "5.png"]
    assert (report.pictures, report.empty, report.unread) == (4, 3, 1)
    assert json.loads(json.dumps(report.to_dict()))["boxes"] == 1


def test_one_question_that_fails_does_not_take_its_picture_along(tmp_path: Path) -> None:
    said = {"1.png|dog": "The dog [[10,20,50,80]].", "1.png|cat": {"error": "too elongated"}}
    labels, report = read(tmp_path, said, "dog, cat")
    assert len(labels.pictures[0].boxes) == 1
    assert [one.failed for one in report.classes] == [0, 1]
    assert report.unreadable == {}


def test_two_words_for_one_thing_are_one_box(tmp_path: Path) -> None:
    said = {"1.png|dog": "The dog [[10,20,50,80]].", "1.png|puppy": {"text": "The dog [[10,20,50,79]].", "score": -0.1}}
    labels, report = read(tmp_path, said, "dog, puppy: dog")
    assert [(box.label, box.phrase) for box in labels.pictures[0].boxes] == [(0, "puppy")]
    assert report.merged == 1


def test_what_is_small_or_unsure_is_left_out_and_counted(tmp_path: Path) -> None:
    said = {
        "1.png|dog": {"text": "The dogs [[0,0,1,1; 10,20,50,80; 30,30,30,60]].", "score": -0.1},
        "1.png|cat": {"text": "The cat [[60,60,90,90]].", "score": -2.0},
    }
    labels, report = read(tmp_path, said, "dog, cat", ReadingRules(min_area=10, min_score=0.5))
    assert [box.box for box in labels.pictures[0].boxes] == [(20, 20, 100, 80)]
    assert (report.small, report.unsure) == (2, 1)
    everything, report = read(tmp_path, said, "dog, cat")
    assert len(everything.pictures[0].boxes) == 3
    assert report.small == 1  # without area there is no box


def test_a_place_that_two_classes_claim_is_marked(tmp_path: Path) -> None:
    said = {"1.png|gizmo": "The gizmo [[10,20,50,80]].", "1.png|widget": "The widget [[10,20,50,80]]."}
    labels, report = read(tmp_path, said, "gizmo, widget")
    assert [box.contested for box in labels.pictures[0].boxes] == [True, True]
    assert report.contested == 2


def test_the_frame_of_the_sidecar_is_undone(tmp_path: Path) -> None:
    said = {"1.png|dog": "The dog [[0,25,50,75]]."}
    labels, _ = read(tmp_path, said, "dog", frame="padded")
    assert labels.pictures[0].boxes[0].box == (0, 0, 100, 100)  # the square's margin of 50 rows above is gone


def test_boxes_of_another_thing_are_left_out(tmp_path: Path) -> None:
    said = {"1.png|apple": "The dog [[10,20,50,80]].", "1.png|dog": "The dog [[10,20,50,80]]."}
    labels, report = read(tmp_path, said, "apple, dog")
    assert [box.label for box in labels.pictures[0].boxes] == [1]
    assert (report.another, report.classes[0].nothing) == (1, 1)


def test_answers_that_belong_to_something_else_are_refused(tmp_path: Path) -> None:
    read(tmp_path, {"1.png|dog": "x"}, "dog")
    found = find_pictures(tmp_path / "photos")
    with pytest.raises(BadInput, match="holds no answer to"):
        read_labels(tmp_path / "answers.jsonl", found, read_classes("cat"))
    (tmp_path / "answers.jsonl").write_text("{\n")
    with pytest.raises(BadInput, match="cannot be read"):
        read_labels(tmp_path / "answers.jsonl", found, read_classes("dog"))
    with pytest.raises(BadInput, match="says how its boxes are written"):
        read_labels(tmp_path / "none.jsonl", found, read_classes("dog"))


def test_there_is_a_question_for_each_class_of_each_picture(tmp_path: Path) -> None:
    read(tmp_path, {"1.png|dog": "x", "2.png|dog": "x"}, "dog")
    found, classes = find_pictures(tmp_path / "photos"), read_classes("dogs, red cars: car, glasses")
    questions = make_questions(found, classes).questions
    assert [question.prompt for question in questions[:3]] == [
        "Where is the dog?",
        "Where is the red car?",
        "Where is the pair of glasses?",
    ]
    assert len(questions) == 6
    assert [q.prompt for q in make_questions(found, classes, "Box {plural}, {a_name}.").questions[:3]] == [
        "Box dogs, a dog.",
        "Box red cars, a red car.",
        "Box glasses, a pair of glasses.",
    ]
