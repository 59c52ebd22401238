"""The runs of the ablation: a common start, then one adapter for each data set and seed, and its exam.

All runs of a seed differ in their data alone. Where they start from is a matter of how long one can wait:

=============  ====================================================================================================
``annotator``  the annotator itself: it learns from its own answers, as they are or checked
``plain``      an adapter that has learned from exact boxes what a box is (referring expressions, localisation,
               grounded captions: the sets of §5 that people annotated), and has seen neither steps nor negatives
``new``        a new adapter; it needs some hundred steps before it can point at anything
a folder       an adapter that can do more than the annotator: what does the data do to it?
=============  ====================================================================================================
"""

from __future__ import annotations

import asyncio
import json
import shutil
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from torch.nn.functional import cross_entropy
from transformers import TrainerControl, TrainerState

from twist_scout.data.collator import IGNORED, GroundingCollator
from twist_scout.data.records import Example
from twist_scout.errors import BadConfig
from twist_scout.experiments.ablation_data import annotate, item_of, read_answers
from twist_scout.experiments.exam import PARTS, run_exam
from twist_scout.experiments.precision import is_right, right_boxes
from twist_scout.grounder import Grounder
from twist_scout.processor_frame import frame_for
from twist_scout.routing.switching import adapter_for
from twist_scout.scout.answers import SettledAnswers
from twist_scout.scout.items import SourceItem
from twist_scout.scout.rules import RuleQuestions
from twist_scout.scout.sources import open_source
from twist_scout.toyworld.examples import MIXTURE, write_dataset
from twist_scout.twist.trainer import COMPLETE, last_checkpoint
from twist_scout.twist.training import train
from twist_scout.twist.training_config import TrainingConfig

#: Exact data without steps and without negatives.
PLAIN = {"rec": 0.5, "localization": 0.25, "gic": 0.25}
_SAVE_EVERY = 50
_LOG_EVERY = 10
_AT_ONCE = 128


@dataclass(frozen=True, slots=True)
class Recipe:
    """How much of everything.

    Attributes:
        scenes: training scenes that the annotator answers questions about.
        first_scene: seed of the first of them.
        objects: relative frequency of training scenes with 1, 2, 3 and 4 things.
        picture_size: side of the training pictures in pixels.
        positives: questions about each scene for the annotator.
        negatives: questions about each scene about what is not there.
        annotator_steps: how long the annotator is trained on exact data, where none is given; few, for it shall err.
        start: where every adapter starts from: ``annotator``, ``plain``, ``new`` or the folder of an adapter.
        start_steps: steps of the plain start.
        steps: further steps of every adapter, on its own data.
        batch_size: records per step: as many in every condition, however many there are about a picture.
        learning_rate: its peak.
        exact_learning_rate: that of the annotator and of the plain start.
        twist: fields of `TwistConfig`.
        negative_share: of the records of data with negatives.
        exam_scenes: unseen scenes in each exam.
        seeds: of the order of the data (and of new adapters); each gives one adapter for each data set.
    """

    scenes: int = 1100
    first_scene: int = 1_000_000
    objects: tuple[float, ...] = (2, 3, 3, 2)
    picture_size: int = 120
    positives: int = 4
    negatives: int = 1
    annotator_steps: int = 580
    start: str = "plain"
    start_steps: int = 350
    steps: int = 200
    batch_size: int = 12
    learning_rate: float = 5e-4
    exact_learning_rate: float = 1.5e-3
    twist: dict[str, Any] = field(default_factory=lambda: {"layers": "all", "alpha_init": 0.3})
    negative_share: float = 0.2
    exam_scenes: int = 100
    seeds: tuple[int, ...] = (0, 1, 2)


def train_annotator(folder: Path, base: Path, recipe: Recipe, console: Console) -> Path:
    """A briefly trained adapter with every skill and many errors."""
    return _train_exact(folder, base, recipe, MIXTURE, recipe.annotator_steps, "cosine", console)


def train_start(folder: Path, base: Path, recipe: Recipe, console: Console) -> Path:
    """The common start: its adapter's folder, with the checkpoint that all runs go on from."""
    return _train_exact(folder, base, recipe, PLAIN, recipe.start_steps, "constant_with_warmup", console)


def _train_exact(
    folder: Path,
    base: Path,
    recipe: Recipe,
    mixture: dict[str, float],
    steps: int,
    schedule: str,
    console: Console,
) -> Path:
    if (folder / "adapter" / "certificate.json").exists():
        return folder / "adapter"
    data = folder / "data" / "examples.jsonl"
    if not data.exists():
        size, objects = recipe.picture_size, recipe.objects
        # six conversations about each scene are two rows
        scenes = range(steps * 8 // 2)
        write_dataset(folder / "data", scenes, size=size, per_scene=6, objects=objects, mixture=mixture)
    settings = {
        "learning_rate": recipe.exact_learning_rate,
        "schedule": schedule,
        "batch_size": 8,
        "pack": 3,
        "seed": 0,
    }
    return train(_training(base, data, folder / "adapter", recipe, steps, **settings), console=console)


def run_one(
    folder: Path, data: Path, base: Path, start: Path | None, seed: int, exam: Path, recipe: Recipe, console: Console
) -> dict[str, Any]:
    """Train and examine one adapter; what is finished is read again.

    Args:
        folder: of the run.
        data: its records.
        base: the base model.
        start: the adapter that it goes on with; None: a new one.
        seed: of the order of the data.
        exam: ``truth.jsonl`` of the exam's scenes.
        recipe: how long.
        console: where progress is told.

    Returns:
        What `examine` returns.

    Raises:
        BadConfig: ``start`` holds no adapter.
    """
    scores = folder / "scores.json"
    if scores.exists():
        kept: dict[str, Any] = json.loads(scores.read_text("utf-8"))
        return kept
    adapter = folder / "adapter"
    if start is not None and last_checkpoint(adapter) is None:
        _begin_with(start, adapter, recipe.batch_size)
    settings = {"learning_rate": recipe.learning_rate, "schedule": "linear", "pack": 1, "seed": seed}
    config = _training(base, data, adapter, recipe, recipe.steps, batch_size=recipe.batch_size, **settings)
    train(config, console=Console(quiet=True))
    result = examine(Grounder.from_pretrained(base, adapter), exam, recipe.exam_scenes, console)
    write_json(scores, result)
    shutil.rmtree(adapter)  # a run is its scores; adapters of a dozen runs are a lot
    return result


def _begin_with(start: Path, adapter: Path, batch_size: int) -> None:
    """Make the weights of an adapter the first checkpoint of a run: step 0, with a new optimizer."""
    if not (start / "adapter_model.safetensors").exists():
        raise BadConfig(f"{start} holds no adapter to start from: give the folder of one.")
    first = adapter / "checkpoint-0"
    first.mkdir(parents=True, exist_ok=True)
    for name in ("adapter_model.safetensors", "adapter_config.json"):
        shutil.copyfile(start / name, first / name)
    state = TrainerState(
        train_batch_size=batch_size,
        logging_steps=_LOG_EVERY,
        save_steps=_SAVE_EVERY,
        stateful_callbacks=[TrainerControl()],
    )
    state.save_to_json(str(first / "trainer_state.json"))
    (first / COMPLETE).touch()


def examine(grounder: Grounder, truth: Path, scenes: int, console: Console) -> dict[str, Any]:
    """The toy-world exam, and questions of the kind that was trained about the same scenes.

    ``step_answers`` is the share of these questions whose answer is right (`is_right`), what cannot be read counts as
    wrong; ``step_boxes`` the share of all their boxes that are right. ``step_loss`` is the cross-entropy per token of the
    exact answers to such questions: it tells models apart long before their answers do.
    """
    with progress_bar(console) as bar:
        task = bar.add_task("Exam", total=None)
        result = run_exam(
            grounder,
            scenes=scenes,
            splits=("plain",),
            parts=[part for part in PARTS if part != "understanding"],  # the base's own to the bit, in every run
            batch_size=_AT_ONCE,
            on_progress=lambda done, total: bar.update(task, completed=done, total=total),
        )
    items = {item.id: item for item in open_source(truth)}
    with tempfile.TemporaryDirectory() as folder:
        report = annotate(truth, Path(folder), grounder, positives=2, negatives=0, batch_size=_AT_ONCE)
        if not report.complete:  # the engine finishes what is under way and returns: half an exam is none
            raise KeyboardInterrupt
        answers = list(read_answers(Path(folder)))
    boxes = [right for answer in answers for right in right_boxes(answer, item_of(answer, items))]
    return {
        **result.scores.to_dict(),
        "step_answers": sum(is_right(answer, item_of(answer, items)) for answer in answers)
        / max(1, report.counts.get("questions", 0)),
        "step_boxes": sum(boxes) / max(1, len(boxes)),
        "step_loss": exact_loss(grounder, asyncio.run(exact_records(items.values()))),
    }


async def exact_records(items: Iterable[SourceItem]) -> list[Example]:
    """The rules' own questions and answers about things that are there."""
    records = []
    for item in items:
        for question in (await RuleQuestions(positives=2, negatives=0).questions(item, seed=0)).questions:
            example = (await SettledAnswers().answer(item, question, seed=0)).example
            if example is not None:
                records.append(example)
    return records


@torch.inference_mode()
def exact_loss(grounder: Grounder, records: Sequence[Example]) -> float:
    """Cross-entropy, in nats, of an answer's token in these records; of all tokens alike."""
    processor = grounder.processor
    collator = GroundingCollator(processor, "scout", partial(frame_for, processor))
    total, tokens = 0.0, 0
    for start in range(0, len(records), _AT_ONCE):
        batch = collator(records[start : start + _AT_ONCE])
        labels = batch.pop("labels")[:, 1:]
        batch.pop("step_ids")
        with adapter_for(grounder.model, "grounding"):
            logits = grounder.model(**batch).logits[:, :-1]  # (records, tokens, vocabulary)
        total += float(cross_entropy(logits.float().flatten(0, 1), labels.flatten(), reduction="sum"))
        tokens += int((labels != IGNORED).sum())
    return total / max(1, tokens)


def _training(base: Path, data: Path, adapter: Path, recipe: Recipe, steps: int, **settings: Any) -> TrainingConfig:
    return TrainingConfig.from_values(
        {
            "base": str(base),
            "data": [str(data)],
            "output_dir": str(adapter),
            "twist": recipe.twist,
            "max_steps": steps,
            "bf16": True,
            "warmup": 0.05,
            "save_steps": _SAVE_EVERY,
            "logging_steps": _LOG_EVERY,
            "save_total_limit": 2,
            "certificate_prompts": 8,
            **settings,
        }
    )


def write_json(path: Path, value: Any) -> None:
    """Write a file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.partial")
    partial.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")
    partial.replace(path)


def progress_bar(console: Console) -> Progress:
    """A bar with counts and times."""
    columns: Iterable[Any] = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    return Progress(*columns, TimeElapsedColumn(), TimeRemainingColumn(), console=console)
