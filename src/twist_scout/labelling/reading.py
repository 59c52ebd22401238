"""From answers to labels.

An answer that says that nothing of the kind is there (the contradiction of §4, Figure A.2) gives no boxes, although it names
what is there instead and where. Nor does a phrase that names another thing than was asked for.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from twist_scout.boxes.box import Box, Corners
from twist_scout.boxes.grounded import GroundedText
from twist_scout.data.images import image_size
from twist_scout.errors import BadInput, first_line
from twist_scout.labelling.asking import question_id
from twist_scout.labelling.classes import AskedClass, ClassList
from twist_scout.labelling.folder import FoundPictures
from twist_scout.labelling.labels import DIGITS, LabelledBox, LabelledPicture, Labels
from twist_scout.labelling.merging import SAME, merged, with_contests
from twist_scout.labelling.phrases import names_another
from twist_scout.labelling.report import Report
from twist_scout.predicting.sidecar import read_sidecar


@dataclass(frozen=True)
class ReadingRules:
    """Which boxes become labels.

    Attributes:
        min_area: square pixels below which a box is left out.
        min_score: how sure the model must have been, in [0, 1].
        same: two boxes of a class that overlap by more than this are one.
    """

    min_area: float = 0.0
    min_score: float = 0.0
    same: float = SAME


@dataclass(frozen=True, slots=True)
class Said:
    """An answer as the file of answers has it.

    Attributes:
        text: what the model wrote.
        score: mean log-probability of its tokens, where known.
        error: why it could not be asked.
    """

    text: str
    score: float | None = None
    error: str | None = None


def read_labels(
    answers: Path, found: FoundPictures, classes: ClassList, rules: ReadingRules | None = None
) -> tuple[Labels, Report]:
    """The labels of a folder, and what became of each question.

    Args:
        answers: the file of answers, with its sidecar.
        found: the pictures that were asked about.
        classes: what was asked for.
        rules: which boxes become labels.

    Raises:
        BadInput: there are no answers, or they do not belong to these questions.
    """
    sidecar = read_sidecar(answers)
    if sidecar is None:
        raise BadInput(
            f"Nothing beside {answers} says how its boxes are written: label the folder again with --restart."
        )
    said, reader, rules = _said(answers), sidecar.reader(), rules or ReadingRules()
    report = Report(classes, foreign=dict(found.foreign))
    for name in found.unnamed:
        report.unreadable[name] = "its name holds characters that not every format can: rename it"
    pictures: list[LabelledPicture] = []
    for picture in found.pictures:
        try:
            told = [said[question_id(picture, asked)] for asked in classes.asked]
        except KeyError as error:
            raise BadInput(f"{answers} holds no answer to {error}: label the folder again.") from error
        problem = _unreadable(told)
        if problem is None:
            try:
                width, height = image_size(found.folder / picture.name)
                view = reader.for_size((width, height))
            except BadInput as error:
                problem = str(error)
        if problem is not None:
            report.unreadable[picture.name] = problem
            continue
        boxes: list[LabelledBox] = []
        refused: list[str] = []
        for asked, one in zip(classes.asked, told, strict=True):
            answer = _Answer(one, asked, classes, view, (width, height), rules)
            report.add(asked, answer)
            boxes += answer.boxes
            refused += [asked.phrase] if answer.refused else []
        single = merged(boxes, rules.same)
        report.merged += len(boxes) - len(single)
        ordered = sorted(with_contests(single, rules.same), key=lambda box: box.label)  # stable: else as they were said
        pictures.append(LabelledPicture(picture.name, width, height, tuple(ordered), tuple(refused)))
    labels = Labels(classes.labels, tuple(pictures))
    report.count(labels)
    return labels, report


class _Answer:
    """One answer, read."""

    def __init__(
        self,
        said: Said,
        asked: AskedClass,
        classes: ClassList,
        view: tuple[Any, Any],
        size: tuple[int, int],
        rules: ReadingRules,
    ) -> None:
        codec, frame = view
        text = GroundedText.parse(said.text, dialect=codec, frame=frame)
        score = None if said.score is None else math.exp(min(said.score, 0.0))
        self.failed = said.error is not None
        self.refused = text.rejected
        self.unread = len(text.unread)
        self.another = self.small = self.unsure = 0
        self.boxes: list[LabelledBox] = []
        if self.refused or self.failed:
            return
        label = classes.labels.index(asked.label)
        others = [one.phrase for one in classes.asked if one.label != asked.label]
        for phrase in text.phrases:
            other = names_another(phrase.text, asked.phrase, others)
            for box in dict.fromkeys(phrase.boxes):
                made = LabelledBox(label, _pixels(box, size), asked.phrase, score)
                if other:
                    self.another += 1
                elif made.area <= 0 or made.area < rules.min_area:
                    self.small += 1
                elif score is not None and score < rules.min_score:
                    self.unsure += 1
                else:
                    self.boxes.append(made)


def _pixels(box: Box, size: tuple[int, int]) -> Corners:
    x1, y1, x2, y2 = (round(value, DIGITS) for value in box.to_pixels(*size))
    return x1, y1, x2, y2


def _unreadable(told: Sequence[Said]) -> str | None:
    """Why a picture could not be asked about at all; None where it could."""
    errors = [one.error for one in told]
    return errors[0] if all(error is not None for error in errors) else None


def _said(answers: Path) -> Mapping[str, Said]:
    try:
        return dict(_lines(answers))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadInput(
            f"{answers} cannot be read ({first_line(error)}): label the folder again with --restart."
        ) from error


def _lines(answers: Path) -> Iterator[tuple[str, Said]]:
    with answers.open("rb") as file:
        for raw in file:
            row = json.loads(raw)
            yield row["id"], Said(row["text"], row.get("score"), row.get("error"))
