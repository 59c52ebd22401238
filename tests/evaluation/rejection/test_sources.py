from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from twist_scout.boxes import Box
from twist_scout.errors import TwistScoutError
from twist_scout.evaluation.rejection import read_rejection_questions

SHARED = Path(__file__).resolve().parents[4] / "shared" / "data"


def lines(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


POPE = [
    {"question_id": 1, "image": "COCO_val2014_000000000007.jpg", "text": "Is there a dog in the image?", "label": "yes"},
    {"question_id": 2, "image": "COCO_val2014_000000000007.jpg", "text": "Is there an apple in the image?", "label": "no"},
    {"question_id": 3, "image": "other.jpg", "text": "Are there any wine glasses in this picture?", "label": "No"},
]  # fmt: skip


def coco(path: Path) -> Path:
    def row(id: int, category: int, box: list[float], crowd: int = 0) -> dict[str, Any]:
        return {"id": id, "image_id": 7, "category_id": category, "bbox": box, "area": 1, "iscrowd": crowd}

    names = ["dog", "person", "bear", "teddy bear", "car", "kite"]
    content = {
        "images": [{"id": 7, "file_name": "000000000007.jpg", "width": 100, "height": 50}],
        "annotations": [row(1, 1, [10, 10, 20, 20]), row(2, 2, [0, 0, 50, 50], 1), row(3, 4, [50, 0, 50, 50])],
        "categories": [{"id": n, "name": name} for n, name in enumerate(names, start=1)],
    }
    path.write_text(json.dumps(content))
    return path


def test_questions_of_pope_ask_for_things(tmp_path: Path) -> None:
    found = read_rejection_questions(lines(tmp_path / "pope.json", POPE))
    assert found.form == "pope"
    assert [(q.id, q.thing, q.present) for q in found.questions] == [
        ("1", "dog", True),
        ("2", "apple", False),
        ("3", "wine glasses", False),
    ]
    assert found.questions[0].objects is None
    assert found.questions[0].text == "Is there a dog in the image?"


def test_boxes_come_from_another_file_by_cocos_number(tmp_path: Path) -> None:
    path = lines(tmp_path / "pope.jsonl", POPE)
    found = read_rejection_questions(path, boxes=coco(tmp_path / "instances.json"))
    assert found.questions[0].objects == (("dog", Box(0.1, 0.2, 0.3, 0.6)), ("teddy bear", Box(0.5, 0, 1, 1)))
    assert found.questions[0].size == (100, 50)
    assert found.questions[2].objects is None
    assert "person" in found.classes


def test_questions_are_drawn_from_annotations_as_pope_does(tmp_path: Path) -> None:
    found = read_rejection_questions(coco(tmp_path / "instances.json"))
    assert found.form == "coco"
    assert [q.thing for q in found.questions if q.present] == ["dog", "teddy bear"]
    # no bears, with a teddy bear in the picture; no persons, who are there as a crowd
    assert [q.thing for q in found.questions if not q.present] == ["car", "kite"]
    assert [q.id for q in found.questions][:2] == ["7-present-dog", "7-present-teddy_bear"]
    assert found == read_rejection_questions(coco(tmp_path / "instances.json"))
    fewer = read_rejection_questions(coco(tmp_path / "instances.json"), per_image=1)
    assert [q.present for q in fewer.questions] == [True, False]


def test_drawn_scenes_are_a_closed_world(tmp_path: Path) -> None:
    def scene(image: str, *names: str) -> dict[str, Any]:
        things = [{"name": name, "box": [0, 0, 10 + n, 10]} for n, name in enumerate(names)]
        return {"image": image, "width": 40, "height": 40, "objects": things, "grounded_caption": [], "relations": []}

    lines(tmp_path / "truth.jsonl", [scene("a.png", "dog", "dog", "car"), scene("b.png", "kite")])
    found = read_rejection_questions(tmp_path)
    assert [(q.id, q.present) for q in found.questions] == [
        ("a-present-car", True),
        ("a-present-dog", True),
        ("a-absent-kite", False),
        ("b-present-kite", True),
        (f"b-absent-{found.questions[-1].thing}", False),
    ]
    assert found.classes == ("car", "dog", "kite")
    assert len(found.questions[0].objects or ()) == 3


def test_records_ask_in_their_own_words(tmp_path: Path) -> None:
    def record(id: str, task: str, asked: str, said: str, negative: bool, **meta: str) -> dict[str, Any]:
        messages = [{"role": "user", "content": asked}, {"role": "assistant", "content": said}]
        common = {"image": "a.png", "width": 10, "height": 10, "boxes": [[0, 0, 5, 5]], "meta": meta}
        return {"id": id, "task": task, "messages": messages, "negative": negative, **common}

    refusal = "Step 1: Find the dog. Step 2: There is a little girl <box:0> in the image, not a dog. This question is invalid."
    path = lines(
        tmp_path / "train.jsonl",
        [
            record("n", "negative", "Where is the dog?", refusal, True, missing="dog"),
            record("p", "rec", "Find the girl.", "The girl <box:0>.", False, expression="the girl"),
            record("u", "understanding", "What is it?", "A girl.", False),
        ],
    )
    found = read_rejection_questions(path)
    assert [(q.id, q.present, q.text, q.thing) for q in found.questions] == [
        ("n", False, "Where is the dog?", "dog"),
        ("p", True, "Find the girl.", "the girl"),
    ]
    assert found.questions[0].objects == (("girl", Box(0, 0, 0.5, 0.5)),)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "holds no questions"),
        ('{"id": 1, "label": "yes", "text": "What is this?"}\n', "line 1"),
        ('{"id": 1, "label": "maybe", "text": "Is there a dog in the image?"}\n', "line 1"),
        ('{"id": 1, "label": "yes", "text": "Is there a dog in the image?"}\n' * 2, "two questions with the id '1'"),
        ('{"id": 1}\n', "no questions about present and absent things"),
        ("nonsense\n", "line 1"),
        ('{"image": "a", "objects": 3, "width": 1, "height": 1}\n', "line 1"),
    ],
)
def test_what_cannot_be_read_is_one_sentence(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "questions.jsonl"
    path.write_text(text)
    with pytest.raises(TwistScoutError, match=message):
        read_rejection_questions(path)
    with pytest.raises(TwistScoutError, match="does not exist"):
        read_rejection_questions(tmp_path / "nothing")


def test_the_real_pope() -> None:
    path = SHARED / "pope" / "coco_pope_random.json"
    if not path.is_file():
        pytest.skip("the shared data are not here")
    boxes = SHARED / "coco_val2014_100" / "instances.json"
    found = read_rejection_questions(path, boxes=boxes)
    assert len(found.questions) == 3000
    assert sum(question.present for question in found.questions) == 1500
    shown = [question for question in found.questions if question.objects is not None]
    assert shown
    for question in shown:  # POPE's labels are those of COCO's annotations
        assert question.present is any(name == question.thing for name, _ in question.objects or ())
