"""Prediction files: what a model answered, one JSON object a line, whoever made it.

    {"id": "210", "text": "The bowl is at [[73,0,100,27]].", "image": "580957.jpg", "score": 0.83}

``id`` joins a prediction to its truth (``sent_id`` is understood for it; numbers are read as their decimal text),
``text`` is what the model wrote; ``image`` and ``score`` may be left out. Other keys are not looked at.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from twist_scout.boxes.jsonl import decoded, text_of
from twist_scout.errors import BadInput, BadRecord, first_line

ID_KEYS = ("id", "sent_id")


@dataclass(frozen=True, slots=True)
class Prediction:
    """One answer of a model.

    Attributes:
        id: of the question, expression or picture that it answers.
        text: what the model wrote.
        image: the picture's name, where the file has it.
        score: how sure the model was, the larger the surer, where the file has it.
    """

    id: str
    text: str
    image: str | None = None
    score: float | None = None


class Predictions(dict[str, Prediction]):
    """Predictions by id, in the order of the file.

    Attributes:
        path: the file they were read from.
        left_out: lines that could not be used; 0 unless they were asked to be skipped.
        first_problem: about the first of them.
    """

    def __init__(self, path: str | Path = "predictions") -> None:
        super().__init__()
        self.path = Path(path)
        self.left_out = 0
        self.first_problem: str | None = None

    def gather(
        self,
        entries: Iterable[tuple[int, Any]],
        read: Callable[[Any, str, int], Prediction],
        *,
        skip_bad: bool = False,
        what: str = "prediction",
    ) -> None:
        """Add what a file's entries say.

        Args:
            entries: numbers of lines or entries, counted from 1, with what stands there.
            read: makes a prediction of an entry, given the file's name and the entry's number; or raises `BadRecord`.
            skip_bad: leave out, and count, those that cannot be used, and all but the first of several for one id.
            what: one of them is called in messages.

        Raises:
            BadRecord: as ``read`` does, or an entry is a second one for its id, and ``skip_bad`` is off.
        """
        for number, entry in entries:
            try:
                prediction = read(entry, str(self.path), number)
                if prediction.id in self:
                    shown = _shown(prediction.id)
                    raise BadRecord(self.path, number, f"a second {what} for id {shown}: keep one of them.")
            except BadRecord as error:
                if not skip_bad:
                    raise
                self.left_out += 1
                self.first_problem = self.first_problem or str(error)
                continue
            self[prediction.id] = prediction


@dataclass(frozen=True, slots=True)
class Joined:
    """Predictions and truths side by side.

    Attributes:
        matched: ids in both, in the order of the truth.
        missing: ids of the truth that nothing was predicted for; evaluators count them as misses.
        unknown: ids of predictions that the truth does not have; evaluators report and leave them out.
    """

    matched: tuple[str, ...]
    missing: tuple[str, ...]
    unknown: tuple[str, ...]


def read_predictions(path: str | Path, *, skip_bad: bool = False) -> Predictions:
    """Read a prediction file whole.

    Args:
        path: JSON lines, UTF-8; blank lines are skipped.
        skip_bad: leave out, and count, lines that cannot be used, and all but the first of several for one id.

    Raises:
        BadInput: the file cannot be opened.
        BadRecord: a line is no JSON object, has no id or no text, or is a second one for its id, and
            ``skip_bad`` is off; names file and line.
    """
    found = Predictions(path)
    lines = ((number, raw) for number, raw in _lines(Path(path)) if not raw.isspace())
    found.gather(lines, parse_prediction, skip_bad=skip_bad)
    return found


def parse_prediction(raw: bytes, name: str, number: int) -> Prediction:
    """One line as a prediction.

    Args:
        raw: the line, UTF-8.
        name: what to call the file in messages.
        number: 1-based number of the line.

    Raises:
        BadRecord: it is not one.
    """
    try:
        record = json.loads(decoded(raw, name, number))
    except (ValueError, RecursionError) as error:
        reason = first_line(error)
        raise BadRecord(name, number, f"not valid JSON ({reason}): was the file cut short?") from error
    if not isinstance(record, dict):
        raise BadRecord(name, number, 'not a JSON object: write {"id": ..., "text": ...} on each line.')
    image, score = record.get("image"), record.get("score")
    if score is not None:
        score = _score(score, name, number)
    return Prediction(
        id_of(record, name, number),
        text_of(record, name, number),
        image if isinstance(image, str) else None,
        score,
    )


def id_of(record: dict[str, Any], name: str, number: int) -> str:
    """The id of a record as text: ``7`` and ``"7"`` are the same.

    Raises:
        BadRecord: it has none.
    """
    for key in ID_KEYS:
        value = record.get(key)
        if type(value) is str:
            return value
        if type(value) is int:
            return str(value)
    raise BadRecord(
        name, number, 'no "id": give each prediction the id of what it answers, a string or a whole number.'
    )


def join(predictions: Predictions, truth_ids: Iterable[str]) -> Joined:
    """Which predictions have a truth, and which truths a prediction.

    Args:
        predictions: what was predicted.
        truth_ids: the ids of the truth, each once.

    Raises:
        BadInput: not one id is in both, which is a mistake and no score of 0.
    """
    ids = tuple(truth_ids)
    known = set(ids)
    matched = tuple(id for id in ids if id in predictions)
    if not matched:
        if not predictions or not ids:
            empty = f"{predictions.path} holds no predictions" if ids else "the truth is empty"
            raise BadInput(f"There is nothing to score: {empty}.")
        theirs, ours = _shown(next(iter(predictions))), _shown(ids[0])
        raise BadInput(
            f"No id of {predictions.path} is in the truth (for instance {theirs} there and {ours} in the truth): "
            "use the ids of the truth (sent_id where it has one) as ids of the predictions."
        )
    return Joined(
        matched,
        tuple(id for id in ids if id not in predictions),
        tuple(id for id in predictions if id not in known),
    )


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    try:
        with path.open("rb") as file:
            yield from enumerate(file, start=1)
    except OSError as error:
        raise BadInput(f"{path} cannot be read ({error.strerror or error}): check the path.") from error


def _score(value: Any, name: str, number: int) -> float:
    if type(value) in (int, float):
        try:
            score = float(value)
        except OverflowError:
            score = math.inf
        if math.isfinite(score):
            return score
    raise BadRecord(name, number, "the score is not a finite number: write one, or leave it out.")


def _shown(id: str) -> str:
    """An id in a message: short, quoted, printable."""
    return ascii(id if len(id) <= 60 else id[:57] + "...")
