"""The evaluators by name: how each reads its truth, scores a file of predictions, and what a sample asked for.

They score with the defaults of their own commands (``twist-scout eval NAME``); what those leave open and a comparison
needs to fix is an option of `open_task`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

import numpy as np

from twist_scout.boxes.box import Box
from twist_scout.errors import BadConfig
from twist_scout.evaluation import captioning, localization, referring, rejection, understanding
from twist_scout.evaluation.captioning.embedding import DEFAULT_MODEL
from twist_scout.evaluation.pages.case import Labelled
from twist_scout.evaluation.predictions import Prediction, Predictions, read_predictions
from twist_scout.evaluation.reading import AnswerReader
from twist_scout.evaluation.result import EvaluationResult

ONLY_NAMES = "names"
"""The mapper that compares no name with labels."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What one sample asked for.

    Attributes:
        question: in words.
        truth: what was meant, boxes of the original picture.
        image: the picture's name.
        size: width and height of the original picture in pixels, where known.
        right: the right answer, where it is words.
    """

    question: str
    truth: Sequence[Labelled] = ()
    image: str | None = None
    size: tuple[int, int] | None = None
    right: str = ""


class Task(Protocol):
    """An evaluator with its truth."""

    def read(self, path: Path, *, skip_bad: bool = False) -> Predictions:
        """The predictions of a file.

        Raises:
            BadInput: the file, or a line of it, cannot be used.
        """
        ...

    def score(self, predictions: Predictions, reader: AnswerReader) -> EvaluationResult:
        """Their score.

        Raises:
            BadInput: none is of a sample of the truth, or a size is needed and not known.
        """
        ...

    def asked(self, id: str) -> Asked:
        """What a sample asked for."""
        ...


@dataclass(frozen=True, slots=True)
class TaskOptions:
    """What a comparison can fix beside the truth; each task uses its own.

    Attributes:
        convention: of referring expressions; ``scout`` if not given.
        split: of a truth that has several.
        images: the folder of the pictures, for sizes that the truth leaves out.
        boxes: COCO's instances of the pictures, for rejection on POPE's questions.
        mapper: sentence transformer that compares names with class labels, for captioning; ``names`` for none.
        only_predicted: leave images without a caption aside, for captioning.
        skip_bad: leave out, and count, rows of the truth that cannot be used.
    """

    convention: str | None = None
    split: str | None = None
    images: Path | None = None
    boxes: Path | None = None
    mapper: str | None = None
    only_predicted: bool = False
    skip_bad: bool = False


class _Files:
    """Tasks whose predictions are in the project's own form."""

    def read(self, path: Path, *, skip_bad: bool = False) -> Predictions:
        """The predictions of a file."""
        return read_predictions(path, skip_bad=skip_bad)


class ReferringTask(_Files):
    """Referring expressions under one convention."""

    def __init__(self, truth: Path, options: TaskOptions) -> None:
        self.convention = referring.get_convention(options.convention or "scout")
        self.truth = referring.read_truth(truth, split=options.split, images=options.images, skip_bad=options.skip_bad)
        self._rows = {id: row for row, id in enumerate(self.truth.ids)}

    def score(self, predictions: Predictions, reader: AnswerReader) -> EvaluationResult:
        """Hits of the convention."""
        samples = referring.from_predictions(self.truth, predictions)
        scorer = referring.Scorer(samples, reader)
        return referring.evaluate(scorer, self.convention)

    def asked(self, id: str) -> Asked:
        """The expression and the box that it means."""
        truth, row = self.truth, self._rows[id]
        width, height = truth.sizes[row]
        meant = truth.boxes[np.searchsorted(truth.rows, row) : np.searchsorted(truth.rows, row, side="right")]
        boxes = [_box(corners, width, height) for corners in meant.tolist()]
        size = (int(width), int(height)) if truth.sized else None
        return Asked(truth.expressions[row], [("", box) for box in boxes], truth.images[row], size)


class LocalizationTask(_Files):
    """Objects by the names of their classes."""

    def __init__(self, truth: Path, options: TaskOptions) -> None:
        self.subset = localization.read_subset(truth, split=options.split or "test")
        self._queries = {query.id: query for query in self.subset.queries}

    def score(self, predictions: Predictions, reader: AnswerReader) -> EvaluationResult:
        """Mean IoU."""
        return localization.score_subset(self.subset, predictions, reader)

    def asked(self, id: str) -> Asked:
        """The class and its box."""
        query = self._queries[id]
        return Asked(query.name, [(query.name, query.truth)], query.image, (query.width, query.height))


class CaptioningTask:
    """Captions with boxes, scored as detections."""

    def __init__(self, truth: Path, options: TaskOptions) -> None:
        self.annotations = captioning.read_annotations(truth)
        self.only_predicted = options.only_predicted
        model = options.mapper or DEFAULT_MODEL
        classes = self.annotations.classes
        encoder = None if model == ONLY_NAMES else captioning.SentenceEncoder(model)
        self.mapper = captioning.PhraseMapper(classes, encoder, names=captioning.coco_names(classes))
        self._images = {image.id: image for image in self.annotations.images}

    def read(self, path: Path, *, skip_bad: bool = False) -> Predictions:
        """The captions of a file, by the ids of their images."""
        written = read_predictions(path, skip_bad=skip_bad)
        records, joined = captioning.captioning_records(self.annotations, written, only_predicted=True)
        found = Predictions(path)
        found.left_out, found.first_problem = written.left_out, written.first_problem
        for record in records:
            found[record.id] = Prediction(record.id, str(record.prediction), record.image, record.score)
        found.update((id, written[id]) for id in joined.unknown)
        return found

    def score(self, predictions: Predictions, reader: AnswerReader) -> EvaluationResult:
        """Average precision."""
        records, joined = captioning.captioning_records(
            self.annotations, predictions, only_predicted=self.only_predicted
        )
        return captioning.evaluate_captioning(
            records,
            self.mapper,
            reader=reader,
            classes=self.annotations.classes,
            unknown=len(joined.unknown),
            left_aside=len(joined.missing) if self.only_predicted else 0,
        )

    def asked(self, id: str) -> Asked:
        """Everything that is annotated."""
        image = self._images[id]
        boxes = []
        for thing in image.objects:
            x, y, width, height = thing.bbox
            corners = (x, y, x + width, y + height)
            boxes.append(
                (f"{thing.name} (crowd)" if thing.crowd else thing.name, _box(corners, image.width, image.height))
            )
        return Asked("Describe the picture.", boxes, image.file_name, (image.width, image.height))


class RejectionTask(_Files):
    """Things that are there, and things that are not."""

    def __init__(self, truth: Path, options: TaskOptions) -> None:
        self.questions = rejection.read_rejection_questions(truth, boxes=options.boxes)
        self._by_id = {question.id: question for question in self.questions.questions}

    def score(self, predictions: Predictions, reader: AnswerReader) -> EvaluationResult:
        """Questions that were treated rightly."""
        return rejection.score_rejection(self.questions, predictions, reader)

    def asked(self, id: str) -> Asked:
        """The thing, and what is in the picture."""
        question = self._by_id[id]
        there = "it is there" if question.present else "it is not there"
        text = question.text or f"the {question.thing}"
        return Asked(text, question.objects or (), question.image, question.size, there)


class BenchmarkTask:
    """A benchmark of image understanding."""

    def __init__(self, name: str, truth: Path, options: TaskOptions) -> None:
        self.name = name
        self.questions = understanding.read_questions(name, truth, split=options.split)
        self._by_id = {question.id: question for question in self.questions}

    def read(self, path: Path, *, skip_bad: bool = False) -> Predictions:
        """The answers of a file, in our form or the benchmark's own."""
        return understanding.read_answers_to(self.name, path, self.questions, skip_bad=skip_bad)

    def score(self, predictions: Predictions, reader: AnswerReader) -> EvaluationResult:
        """The score of each question."""
        return understanding.evaluate_benchmark(self.name, predictions, self.questions)

    def asked(self, id: str) -> Asked:
        """The question and its right answer."""
        question = self._by_id[id]
        letters = (f"{chr(ord('A') + place)}. {choice}" for place, choice in enumerate(question.choices))
        return Asked("\n".join([question.text, *letters]), (), question.image, None, question.truth)


@dataclass(frozen=True, slots=True)
class TaskKind:
    """What can be compared.

    Attributes:
        open: makes the evaluator.
        options: the fields of `TaskOptions` that it looks at.
    """

    open: Callable[[Path, TaskOptions], Task]
    options: frozenset[str] = frozenset()


TASKS: Mapping[str, TaskKind] = MappingProxyType(
    {
        "referring": TaskKind(ReferringTask, frozenset({"convention", "split", "images", "skip_bad"})),
        "localization": TaskKind(LocalizationTask, frozenset({"split"})),
        "captioning": TaskKind(CaptioningTask, frozenset({"mapper", "only_predicted"})),
        "rejection": TaskKind(RejectionTask, frozenset({"boxes"})),
        **{
            name: TaskKind(partial(BenchmarkTask, name), frozenset({"split"} if name == "scienceqa" else ()))
            for name in understanding.BENCHMARKS
        },
    }
)
"""What can be compared, by name."""

_ASKED_FOR = ("convention", "split", "boxes", "mapper", "only_predicted")


def open_task(name: str, truth: str | Path, options: TaskOptions | None = None) -> Task:
    """An evaluator with its truth.

    Args:
        name: one of `TASKS`.
        truth: what its own command takes as ``--truth``.
        options: what else it is to fix.

    Raises:
        BadConfig: there is no such task, or an option is none of its own.
        BadInput: the truth cannot be used.
    """
    options = options or TaskOptions()
    kind = TASKS.get(name)
    if kind is None:
        raise BadConfig(f"There is no task {name!r}: choose one of {', '.join(TASKS)}.")
    for option in _ASKED_FOR:
        if getattr(options, option) and option not in kind.options:
            spelled = option.replace("_", "-")
            raise BadConfig(f"{name} has no {spelled}: leave --{spelled} out.")
    return kind.open(Path(truth), options)


def _box(corners: Sequence[float], width: float, height: float) -> Box:
    """A true box inside its picture, the right way round."""
    x1, y1, x2, y2 = (
        min(max(value / side, 0.0), 1.0) for value, side in zip(corners, (width, height) * 2, strict=True)
    )
    return Box(min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2))
