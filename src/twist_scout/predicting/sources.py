"""From a truth file to the questions of a task; ids are those that the task's evaluator joins by."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from string import ascii_uppercase
from typing import Any

from twist_scout.data.nouns import plural, with_article
from twist_scout.data.records import Example
from twist_scout.data.rows import read_json, read_rows, values_of
from twist_scout.errors import BadInput
from twist_scout.evaluation.localization import MAX_OBJECTS, read_subset, remark_on_size
from twist_scout.evaluation.localization.coco_files import image_name
from twist_scout.evaluation.rejection import read_rejection_questions
from twist_scout.predicting.questions import NothingToAsk, Question, QuestionSet, Task, Wording, checked

PICTURES = frozenset((".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff"))
TRUTH = "truth.jsonl"

_FIND = (
    "Where is {expression}?",
    "Find {expression}.",
    "Point to {expression}.",
    "Give the bounding box of {expression}.",
)
TEMPLATES: Mapping[Task, tuple[str, ...]] = {
    "referring": _FIND,
    "localization": ("Where is the {name}?", "Locate the {name}.", "Find the {name}."),
    "captioning": (
        "Describe the picture and give a box for each object.",
        "Describe the image with boxes.",
        "Give a grounded caption of this picture.",
    ),
    "understanding": ("{question}",),
    "rejection": _FIND,
}
"""How each task is asked for, where the user gives no prompt of their own: plain ways that training uses too, several of
them, so that a score does not hang on one.
"""

CHOICE = "{question}\n{choices}\nAnswer with the letter of the right choice."
"""How a question is put that gives answers to choose from."""

ALL = "all"


@dataclass(frozen=True)
class Asked:
    """What the user wants to have asked.

    Attributes:
        data: the truth file or folder.
        prompt: one way to ask, instead of those of the task.
        seed: decides which way each question is put.
        split: of data that hold several.
        limit: at most so many questions.
        max_objects: localisation: the most annotations that a picture may have; None: any number.
        benchmark: understanding: which benchmark the file is of; None for rows and records of one's own.
        texts: understanding: VQA's file of questions, whose answers are in another.
    """

    data: Path
    prompt: str | None = None
    seed: int = 0
    split: str | None = None
    limit: int | None = None
    max_objects: int | None = MAX_OBJECTS
    benchmark: str | None = None
    texts: Path | None = None


def read_questions(task: Task, asked: Asked) -> QuestionSet:
    """The questions of a task about the pictures of a truth file.

    Args:
        task: what is asked for.
        asked: of which data, and how.

    Raises:
        BadInput: the data cannot be read, or have no such questions; or two of them have one id.
        BadConfig: the prompt has a placeholder that the task does not fill.
    """
    if not asked.data.exists():
        raise BadInput(f"{asked.data} does not exist: check the path of the data.")
    wording = Wording(TEMPLATES[task] if asked.prompt is None else (asked.prompt,), asked.seed)
    return _READERS[task](asked, wording)


def _referring(asked: Asked, wording: Wording) -> QuestionSet:
    """Referring expressions from every file that `open_referring` knows, and from drawn scenes."""
    if _drawn(asked.data) is not None:
        questions = checked(_expressions_of_scenes(asked, wording), asked.data, asked.limit)
        return QuestionSet("referring", questions, wording)
    from twist_scout.data.referring import open_referring
    from twist_scout.data.referring.expression import split_name

    splits: Counter[str] = Counter()
    wanted = split_name(asked.split)

    def made() -> Iterator[Question]:
        for found in open_referring(asked.data):
            splits[found.split or "without a split"] += 1
            if asked.split is None and len(splits) > 1:
                raise BadInput(f"{asked.data} holds several splits: choose one with --split (val, testA, ...), or all.")
            if asked.split in (None, ALL) or found.split in (None, wanted):
                words = found.expression.strip().rstrip(".;,! ").strip() or found.expression.strip()
                yield Question(found.id, found.image, wording(found.id, expression=words.replace('"', "'")))

    try:
        return QuestionSet("referring", checked(made(), asked.data, asked.limit), wording)
    except NothingToAsk as error:
        named = ", ".join(f"{name} {count:,}" for name, count in sorted(splits.items()))
        raise NothingToAsk(f"{error} Its splits: {named or 'none'}.") from error


def _expressions_of_scenes(asked: Asked, wording: Wording) -> Iterator[Question]:
    for row in _scenes(asked.data):
        for place, thing in enumerate(row["objects"]):
            id = f"{PurePosixPath(row['image']).stem}-{place}"
            yield Question(id, row["image"], wording(id, expression=str(thing["expression"])))


def _localization(asked: Asked, wording: Wording) -> QuestionSet:
    """One query for each annotation, as PIN asks them."""
    subset = read_subset(asked.data, max_objects=asked.max_objects, split=asked.split or "test")
    made = (
        Question(
            query.id,
            query.image,
            wording(query.id, name=query.name, a_name=with_article(query.name), plural=plural(query.name)),
        )
        for query in subset.queries
    )
    remark = f"{remark_on_size(subset)[0]} One query for each of {len(subset.queries):,} annotations."
    return QuestionSet("localization", checked(made, asked.data, asked.limit), wording, remark)


def _captioning(asked: Asked, wording: Wording) -> QuestionSet:
    """One question for each picture."""
    made = (Question(id, image, wording(id)) for id, image in _pictures(asked.data))
    return QuestionSet("captioning", checked(made, asked.data, asked.limit), wording)


def _rejection(asked: Asked, wording: Wording) -> QuestionSet:
    """Things that are there and things that are not; records ask in their own words."""
    found = read_rejection_questions(asked.data)
    own = found.form == "records" and asked.prompt is None

    def made() -> Iterator[Question]:
        for question in found.questions:
            words = {"expression": f"the {question.thing}", "thing": question.thing, "question": question.text}
            yield Question(question.id, question.image, question.text if own else wording(question.id, **words))

    absent = sum(not question.present for question in found.questions)
    remark = f"{len(found.questions) - absent:,} questions about things that are there, {absent:,} about others."
    said = Wording(("{question}",), asked.seed) if own else wording
    return QuestionSet("rejection", checked(made(), asked.data, asked.limit), said, remark)


def _understanding(asked: Asked, wording: Wording) -> QuestionSet:
    """The questions of a benchmark, or of rows and records of one's own."""
    if asked.benchmark is None:
        questions = checked(_rows_with_questions(asked, wording), asked.data, asked.limit)
        return QuestionSet("understanding", questions, wording)
    from twist_scout.evaluation.understanding import read_questions as of_benchmark

    found = of_benchmark(asked.benchmark, asked.data, split=asked.split, texts=asked.texts)
    if not all(question.text.strip() for question in found):
        raise BadInput(f"{asked.data} holds answers without their questions: give the file of these with --questions.")
    if asked.prompt is None and any(question.choices for question in found):
        wording = Wording((CHOICE,), asked.seed)
    made = (
        Question(
            question.id,
            question.image,
            wording(question.id, question=question.text, choices=_lettered(question.choices)).strip(),
        )
        for question in found
    )
    return QuestionSet("understanding", checked(made, asked.data, asked.limit), wording)


def _lettered(choices: Sequence[str]) -> str:
    return "\n".join(f"{letter}. {choice}" for letter, choice in zip(ascii_uppercase, choices, strict=False))


def _rows_with_questions(asked: Asked, wording: Wording) -> Iterator[Question]:
    if _drawn(asked.data) is not None or asked.data.is_dir():
        raise BadInput(
            f"{asked.data} holds no questions for understanding: give rows with id, image and question, this project's "
            "records, or a benchmark's file with --benchmark."
        )
    for number, row in read_rows(asked.data):
        with values_of(asked.data, number):
            if {"messages", "task"} <= set(row):
                example = Example.model_validate(row)
                if example.task != "understanding":
                    continue
                asked_for = next(message.content for message in example.messages if message.role == "user")
                id, image = example.id, example.image
            else:
                asked_for = str(row["question"])
                id, image = str(row.get("id", row.get("question_id", number))), str(row.get("image") or "")
        yield Question(id, image or None, wording(id, question=asked_for, choices="").strip())


_READERS: Mapping[Task, Callable[[Asked, Wording], QuestionSet]] = {
    "referring": _referring,
    "localization": _localization,
    "captioning": _captioning,
    "understanding": _understanding,
    "rejection": _rejection,
}


def _pictures(path: Path) -> Iterator[tuple[str, str]]:
    """Id and name of every picture: of a folder, of COCO's annotations, of drawn scenes, of records or rows."""
    drawn = _drawn(path)
    if drawn is None and path.is_dir():
        for file in sorted(path.rglob("*")):
            if file.suffix.lower() in PICTURES and file.is_file():
                name = file.relative_to(path).as_posix()
                yield name, name
    elif drawn is not None:
        for row in _scenes(path):
            yield PurePosixPath(row["image"]).stem, row["image"]
    elif path.suffix.lower() == ".json":
        content = read_json(path)
        images = content.get("images") if isinstance(content, dict) else None
        if not isinstance(images, list):
            raise BadInput(f"{path} is no annotation file of COCO: it has no list of images.")
        for place, picture in enumerate(images, start=1):
            with values_of(path, place):
                yield str(picture["id"]), image_name(picture)
    else:
        yield from _named(path)


def _named(path: Path) -> Iterator[tuple[str, str]]:
    for number, row in read_rows(path):
        with values_of(path, number):
            if {"messages", "task"} <= set(row):
                example = Example.model_validate(row)
                if example.task == "gic":
                    yield example.id, example.image
                continue
            image = str(row.get("image") or row["file_name"])
            yield str(row.get("id", row.get("image_id", image))), image


def _drawn(path: Path) -> Path | None:
    """The truth of drawn scenes that a path is or holds; None where it is something else."""
    file = path / TRUTH if path.is_dir() else path
    if not file.is_file() or file.suffix.lower() != ".jsonl":
        return None
    row = next((row for _, row in read_rows(file)), {})
    return file if {"objects", "grounded_caption", "image"} <= set(row) else None


def _scenes(path: Path) -> Iterator[dict[str, Any]]:
    file = _drawn(path)
    if file is not None:
        for number, row in read_rows(file):
            with values_of(file, number):
                row["image"], row["objects"]
            yield row
