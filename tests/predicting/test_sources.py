from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from twist_scout.errors import BadConfig, BadInput, TwistScoutError
from twist_scout.evaluation.localization import read_subset
from twist_scout.evaluation.rejection import read_rejection_questions
from twist_scout.predicting.questions import Task
from twist_scout.predicting.sources import Asked, read_questions

from .conftest import write_lines


def test_drawn_scenes_are_asked_about_in_every_grounding_task(scenes: Path) -> None:
    for data in (scenes, scenes.parent):
        referring = read_questions("referring", Asked(data)).questions
        assert [q.id for q in referring][:4] == ["test-0-0", "test-1-0", "test-1-1", "test-2-0"]
        assert "the owl" in referring[2].prompt
        localization = read_questions("localization", Asked(data))
        assert [q.id for q in localization.questions] == [q.id for q in read_subset(scenes).queries]
        assert "10 annotations" in localization.remark
        captions = read_questions("captioning", Asked(data)).questions
        assert [(q.id, q.image) for q in captions][:2] == [("test-0", "test-0.png"), ("test-1", "test-1.png")]
        asked = read_questions("rejection", Asked(data))
        assert [q.id for q in asked.questions] == [q.id for q in read_rejection_questions(scenes).questions]


def test_a_prompt_of_ones_own_is_filled(scenes: Path) -> None:
    asked = Asked(scenes, prompt="In the image is {a_name} located at", limit=3)
    found = read_questions("localization", asked)
    assert [q.prompt for q in found.questions] == [
        "In the image is a car located at",
        "In the image is a car located at",
        "In the image is an owl located at",
    ]
    with pytest.raises(BadConfig, match=r"\{name\}, \{a_name\}, \{plural\}"):
        read_questions("localization", Asked(scenes, prompt="{expression}?"))


def test_the_wording_depends_on_the_seed_alone(scenes: Path) -> None:
    first, again = (read_questions("referring", Asked(scenes, seed=1)) for _ in range(2))
    assert first == again
    assert first.digest != read_questions("referring", Asked(scenes, seed=2)).digest


def test_several_splits_have_to_be_chosen_from(tmp_path: Path) -> None:
    row = {"image": "a.jpg", "width": 9, "height": 9, "bbox": [1, 1, 5, 5]}
    data = write_lines(
        tmp_path / "rows.jsonl",
        [{**row, "id": n, "expression": f"thing {n}.", "split": split} for n, split in enumerate(("val", "testA"))],
    )
    with pytest.raises(BadInput, match="choose one with --split"):
        read_questions("referring", Asked(data))
    assert [q.id for q in read_questions("referring", Asked(data, split="testA")).questions] == ["1"]
    assert [q.id for q in read_questions("referring", Asked(data, split="all")).questions] == ["0", "1"]
    with pytest.raises(BadInput, match=r"Its splits: testA 1, val 1\."):
        read_questions("referring", Asked(data, split="train"))


def test_captions_are_asked_for_of_pictures_from_many_places(tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    (folder / "below").mkdir(parents=True)
    for name in ("b.jpg", "below/a.png", "notes.txt"):
        Image.new("RGB", (4, 4)).save(folder / name, "PNG")
    found = read_questions("captioning", Asked(folder)).questions
    assert [q.id for q in found] == ["b.jpg", "below/a.png"]
    content = {"images": [{"id": 7, "file_name": "x.jpg"}], "annotations": []}
    (tmp_path / "captions.json").write_text(json.dumps(content))
    assert [(q.id, q.image) for q in read_questions("captioning", Asked(tmp_path / "captions.json")).questions] == [
        ("7", "x.jpg")
    ]
    rows = write_lines(tmp_path / "rows.jsonl", [{"image": "x.jpg", "caption": "..."}, {"id": 3, "file_name": "y.jpg"}])
    assert [(q.id, q.image) for q in read_questions("captioning", Asked(rows)).questions] == [
        ("x.jpg", "x.jpg"),
        ("3", "y.jpg"),
    ]


def test_records_of_this_project_are_asked_again(tmp_path: Path) -> None:
    def record(id: str, task: str, content: str) -> dict[str, Any]:
        messages = [{"role": "user", "content": content}, {"role": "assistant", "content": "It."}]
        return {"id": id, "image": "a.png", "width": 9, "height": 9, "task": task, "messages": messages, "boxes": []}

    data = write_lines(
        tmp_path / "r.jsonl", [record("u", "understanding", "What is it?"), record("g", "gic", "Describe it.")]
    )
    understanding = read_questions("understanding", Asked(data)).questions
    assert [(q.id, q.prompt) for q in understanding] == [("u", "What is it?")]
    assert [q.id for q in read_questions("captioning", Asked(data)).questions] == ["g"]


def test_questions_with_choices_are_lettered(tmp_path: Path) -> None:
    problem = {"question": "Which?", "choices": ["tin", "oak"], "answer": 1, "image": "image.png", "split": "test"}
    (tmp_path / "problems.json").write_text(json.dumps({"5": problem}))
    found = read_questions("understanding", Asked(tmp_path / "problems.json", benchmark="scienceqa"))
    assert found.questions[0].prompt == "Which?\nA. tin\nB. oak\nAnswer with the letter of the right choice."
    own = Asked(tmp_path / "problems.json", prompt="{question} {choices}", benchmark="scienceqa")
    assert read_questions("understanding", own).questions[0].prompt == "Which? A. tin\nB. oak"


def test_vqa_needs_its_questions(tmp_path: Path) -> None:
    answers = [{"answer": "red"}] * 10
    annotations = {"data_subtype": "val2014", "annotations": [{"question_id": 1, "image_id": 2, "answers": answers}]}
    (tmp_path / "a.json").write_text(json.dumps(annotations))
    with pytest.raises(BadInput, match="--questions"):
        read_questions("understanding", Asked(tmp_path / "a.json", benchmark="vqa"))
    (tmp_path / "q.json").write_text(json.dumps({"questions": [{"question_id": 1, "question": "What color?"}]}))
    asked = Asked(tmp_path / "a.json", benchmark="vqa", texts=tmp_path / "q.json")
    (found,) = read_questions("understanding", asked).questions
    assert (found.id, found.prompt, found.image) == ("1", "What color?", "COCO_val2014_000000000002.jpg")


@pytest.mark.parametrize(
    ("task", "name", "text", "message"),
    [
        ("referring", "nothing.jsonl", None, "does not exist"),
        ("referring", "a.jsonl", '{"sent_id": 1, "expression": "x"}\n', "line 1"),
        ("captioning", "a.json", "[]", "no list of images"),
        ("captioning", "a.jsonl", "{}\n", "line 1"),
        ("understanding", "a.jsonl", '{"id": 1}\n', "line 1"),
        ("captioning", "a.jsonl", "", "nothing to ask"),
    ],
)
def test_what_cannot_be_read_is_one_sentence(
    tmp_path: Path, task: Task, name: str, text: str | None, message: str
) -> None:
    if text is not None:
        (tmp_path / name).write_text(text)
    with pytest.raises(TwistScoutError, match=message):
        read_questions(task, Asked(tmp_path / name))


def test_real_files_give_the_ids_of_their_evaluators(shared: Path) -> None:
    val = read_questions("referring", Asked(shared / "refcoco" / "REC_refcoco_unc_val.jsonl")).questions
    assert len(val) == 10834
    coco = shared / "coco_val2014_100" / "instances.json"
    assert [q.id for q in read_questions("localization", Asked(coco)).questions] == [
        q.id for q in read_subset(coco).queries
    ]
    pope = Asked(shared / "pope" / "coco_pope_random.json", benchmark="pope")
    assert read_questions("understanding", pope).questions[0].prompt == "Is there a snowboard in the image?"
    assert len(read_questions("rejection", Asked(pope.data)).questions) == 3000
