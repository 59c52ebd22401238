"""Files of answers: prediction files, and the forms in which the benchmarks' own tools want them.

=============================================  ==================================================
one object a line, or a JSON list of objects   ``id``, ``question_id`` or ``questionId``, with
                                               ``text``, ``answer`` or ``prediction``
``{"outputs": {id: text}}``                    ScienceQA's results
``{id: text}``                                 MM-Vet's results
=============================================  ==================================================
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from twist_scout.boxes.jsonl import parse_object
from twist_scout.data.rows import read_json
from twist_scout.errors import BadInput, BadRecord
from twist_scout.evaluation.predictions import Prediction, Predictions

ID_KEYS = ("id", "sent_id", "question_id", "questionId")
TEXT_KEYS = ("text", "answer", "prediction", "response")


def read_answers(path: str | Path, *, skip_bad: bool = False) -> Predictions:
    """Read a file of answers in any of the forms above.

    Args:
        path: JSON lines, or a ``.json`` file.
        skip_bad: leave out, and count, entries that cannot be used, and all but the first of several for one id.

    Raises:
        BadInput: the file cannot be read or has another form.
        BadRecord: an entry has no id or no text, or is a second one for its id, and ``skip_bad`` is off.
    """
    found = Predictions(path)
    found.gather(_entries(Path(path)), _prediction, skip_bad=skip_bad, what="answer")
    return found


def _entries(path: Path) -> Iterator[tuple[int, Any]]:
    """Objects, or lines that should be some, with their numbers."""
    if path.suffix.lower() == ".json" and (listed := _document(path)) is not None:
        yield from enumerate(listed, start=1)
        return
    try:
        with path.open("rb") as file:
            yield from ((number, raw) for number, raw in enumerate(file, start=1) if not raw.isspace())
    except OSError as error:
        raise BadInput(f"{path} cannot be read ({error.strerror or error}): check the path.") from error


def _document(path: Path) -> Iterable[Any] | None:
    """The entries of a file that is one JSON document; None where it is lines, as some files named .json are."""
    try:
        content = read_json(path)
    except BadInput:
        if path.is_file():
            return None
        raise
    if isinstance(content, list):
        return content
    if not isinstance(content, dict):
        raise BadInput(f"{path} is no file of answers: it should hold an object or a list of objects.")
    if any(key in content for key in ID_KEYS):
        return [content]
    outputs = content.get("outputs", content)
    if not isinstance(outputs, dict):
        raise BadInput(f"{path} is no file of answers: its outputs should be an object of texts by id.")
    return [{"id": id, "text": text} for id, text in outputs.items() if outputs is not content or isinstance(text, str)]


def _prediction(entry: Any, path: str, number: int) -> Prediction:
    row = parse_object(entry, path, number) if isinstance(entry, bytes) else entry
    if not isinstance(row, dict):
        raise BadRecord(path, number, "not a JSON object: give each answer an id and a text.")
    id = next((row[key] for key in ID_KEYS if type(row.get(key)) in (str, int)), None)
    text = next((row[key] for key in TEXT_KEYS if isinstance(row.get(key), str)), None)
    if id is None:
        raise BadRecord(path, number, 'no "id" or "question_id": give each answer the id of its question.')
    if text is None:
        raise BadRecord(path, number, 'no "text" or "answer": write what the model said as a string.')
    image = row.get("image")
    name = str(id).encode("utf-8", "replace").decode("utf-8")  # half a character cannot be printed
    return Prediction(name, text, image if isinstance(image, str) else None)
