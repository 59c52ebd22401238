"""From a path to questions about present and absent things.

===================  ==================================================================================
POPE's files         rows with a question "Is there a dog in the image?" and yes or no; boxes are in another file
COCO's instances     questions are drawn from the annotations
``truth.jsonl``      of drawn scenes: the same
records              this project's, as the data engine writes them: each asks what it asks, ``negative`` is absent
===================  ==================================================================================
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

from twist_scout.boxes.box import Box
from twist_scout.boxes.noun_phrase import noun_phrase_before
from twist_scout.data.names import head_words
from twist_scout.data.nouns import singular
from twist_scout.data.records import Example, reference_spans
from twist_scout.data.rows import read_json, read_rows, values_of
from twist_scout.errors import BadInput, BadRecord
from twist_scout.evaluation.localization.coco_files import coco_pictures, plain_name
from twist_scout.evaluation.localization.queries import LocalizationQuery
from twist_scout.evaluation.rejection.questions import (
    PER_IMAGE,
    AnnotatedObjects,
    RejectionQuestion,
    drawn_questions,
)

TRUTH = "truth.jsonl"
_HEAD = 1 << 16
_PRESENCE = re.compile(
    r"\s*(?:is|are)\s+there\s+(?:(?:an?|any|some|the)\s+)?(?P<thing>.+?)\s+(?:in|on)\s+(?:the|this)\s+"
    r"(?:image|picture|photo|photograph|scene)\s*\??\s*",
    re.IGNORECASE,
)
_ANSWERS = {"yes": True, "no": False}
_GROUNDING_TASKS = ("rec", "localization", "scout", "negative")
_COCO_ID = re.compile(r"(?:COCO_(?:train|val|test)20\d\d_)?(\d{12})")


@dataclass(frozen=True, slots=True)
class RejectionQuestions:
    """Questions, and the names of everything that their pictures' annotation knows.

    Attributes:
        questions: in the order of the file.
        classes: the closed list of names; empty where no objects are known.
        form: ``pope``, ``coco``, ``toyworld`` or ``records``.
    """

    questions: tuple[RejectionQuestion, ...]
    classes: tuple[str, ...]
    form: str


def read_rejection_questions(
    path: str | Path, *, boxes: str | Path | None = None, per_image: int = PER_IMAGE, seed: int = 0
) -> RejectionQuestions:
    """Read questions about present and absent things.

    Args:
        path: a file of one of the forms above, or the folder of a ``truth.jsonl``.
        boxes: COCO's instances about the same pictures, for questions that come without boxes (POPE).
        per_image: where questions are drawn, at most so many of each sort about a picture.
        seed: where questions are drawn.

    Raises:
        BadInput: the file cannot be read, or is of none of these forms; or two questions have one id.
        BadRecord: a row is not what it should be; names the line.
    """
    path = Path(path).expanduser()
    if path.is_dir():
        path = path / TRUTH
    if not path.exists():
        raise BadInput(f"{path} does not exist: check the path of the questions.")
    content = read_json(path) if path.suffix.lower() == ".json" and _is_one_object(path) else None
    if isinstance(content, dict):
        pictures, names = _coco_objects(content, path)
        questions = tuple(drawn_questions(pictures.values(), names, per_image=per_image, seed=seed))
        return _checked(RejectionQuestions(questions, names, "coco"), path)
    first = next((row for _, row in read_rows(path)), None)
    if first is None:
        raise BadInput(f"{path} holds no questions.")
    if {"objects", "image"} <= set(first):
        scenes = list(_scenes(path))
        names = tuple(sorted({name for scene in scenes for name, _ in scene.objects}))
        questions = tuple(drawn_questions(scenes, names, per_image=per_image, seed=seed))
        return _checked(RejectionQuestions(questions, names, "toyworld"), path)
    if {"messages", "boxes", "task"} <= set(first):
        asked = tuple(_recorded(path))
        heads = dict.fromkeys(name for question in asked for name, _ in question.objects or ())
        return _checked(RejectionQuestions(asked, tuple(heads), "records"), path)
    if {"label", "answer"} & set(first):
        asked, names = tuple(_pope(path)), ()
        if boxes is not None:
            pictures, names = _coco_objects(read_json(Path(boxes)), Path(boxes))
            asked = tuple(_with_boxes(asked, pictures))
        return _checked(RejectionQuestions(asked, names, "pope"), path)
    raise BadInput(
        f"{path} holds no questions about present and absent things: give a file of POPE, COCO's instances, truth.jsonl of "
        "drawn scenes, or records of this project."
    )


def _checked(found: RejectionQuestions, path: Path) -> RejectionQuestions:
    seen: set[str] = set()
    for question in found.questions:
        if question.id in seen:
            raise BadInput(f"{path} has two questions with the id {question.id!r}: answers are joined by id.")
        seen.add(question.id)
    if not found.questions:
        raise BadInput(f"{path} gives no question about a present or absent thing.")
    return found


def _is_one_object(path: Path) -> bool:
    """Whether a ``.json`` file is one document and not lines of JSON, which POPE's are under that name."""
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        line = file.readline(_HEAD)
    try:
        row = json.loads(line)
    except ValueError:
        return line.lstrip().startswith("{")
    return isinstance(row, dict) and "images" in row


def _pope(path: Path) -> Iterator[RejectionQuestion]:
    for number, row in read_rows(path):
        text = row.get("text") or row.get("question")
        answer = _ANSWERS.get(str(row.get("label", row.get("answer"))).strip().lower())
        found = _PRESENCE.fullmatch(text) if isinstance(text, str) else None
        if found is None or answer is None:
            raise BadRecord(path, number, 'no question "Is there a ... in the image?" with yes or no as its answer.')
        image = row.get("image") or row.get("image_source")
        id = row.get("question_id", row.get("id", number))
        yield RejectionQuestion(
            id=str(id),
            thing=found["thing"].strip(),
            present=answer,
            image=str(image) if image else None,
            text=str(text).strip(),
        )


def _with_boxes(
    questions: Iterable[RejectionQuestion], pictures: Mapping[str, AnnotatedObjects]
) -> Iterator[RejectionQuestion]:
    for question in questions:
        known = pictures.get(_key(question.image or ""))
        yield question if known is None else replace(question, objects=known.objects, size=known.size)


def _key(image: str) -> str:
    """A picture by COCO's number, which all of its names share; else by the last part of its name."""
    name = PurePosixPath(image)
    found = _COCO_ID.fullmatch(name.stem)
    return found[1] if found else name.name


def _coco_objects(content: Any, path: Path) -> tuple[dict[str, AnnotatedObjects], tuple[str, ...]]:
    if not isinstance(content, dict):
        raise BadInput(f"{path} is no file of COCO's instances: it is a list.")
    pictures: dict[str, AnnotatedObjects] = {}
    entries = zip(content.get("images") or (), coco_pictures(content, path), strict=False)
    for entry, queries in entries:
        image = str(entry.get("file_name") or entry.get("coco_url"))
        pictures[_key(image)] = AnnotatedObjects(
            id=str(entry["id"]),
            image=image,
            size=(int(entry["width"]), int(entry["height"])),
            objects=_objects(queries),
            unclear=frozenset(query.name for query in queries if query.crowd),
        )
    names = dict.fromkeys(plain_name(str(row["name"])) for row in content["categories"])
    return pictures, tuple(names)


def _objects(queries: Iterable[LocalizationQuery]) -> tuple[tuple[str, Box], ...]:
    return tuple((query.name, query.truth) for query in queries if not query.crowd)


def _scenes(path: Path) -> Iterator[AnnotatedObjects]:
    for number, row in read_rows(path):
        with values_of(path, number):
            image, width, height = str(row["image"]), int(row["width"]), int(row["height"])
            objects = tuple(
                (str(thing["name"]), Box.from_pixels(*thing["box"], width=width, height=height, clip=True))
                for thing in row["objects"]
            )
        yield AnnotatedObjects(PurePosixPath(image).stem, image, (width, height), objects)


def _recorded(path: Path) -> Iterator[RejectionQuestion]:
    for number, row in read_rows(path):
        with values_of(path, number):
            example = Example.model_validate(row)
        if example.task not in _GROUNDING_TASKS:
            continue
        asked = next((message.content for message in example.messages if message.role == "user"), "")
        named = (example.meta.get(key) for key in ("missing", "expression", "name"))
        yield RejectionQuestion(
            id=example.id,
            thing=str(next((value for value in named if value), "")),
            present=not example.negative,
            image=example.image,
            text=asked,
            objects=tuple(_mentioned(example)),
            size=(example.width, example.height),
        )


def _mentioned(example: Example) -> Iterator[tuple[str, Box]]:
    """The phrases of the right answer with their boxes."""
    for message in example.messages:
        if message.role != "assistant":
            continue
        earliest = 0
        for start, end, boxes in reference_spans(message.content):
            first, last = noun_phrase_before(message.content, earliest, start)
            earliest = end
            if first < last:
                yield from ((_head(message.content[first:last]), example.box(index)) for index in boxes)


def _head(phrase: str) -> str:
    words = head_words(phrase)
    return singular(words[-1]) if words else phrase.lower()
