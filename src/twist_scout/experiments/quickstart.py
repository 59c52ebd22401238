"""The quickstart: a small model learns to point within minutes, and forgets nothing.

    scenes -> SCOUT set -> the base fails to point -> TWIST -> the same exam again -> certificate ->
    report.html

Everything goes through the doors that a user's own model would go through: example records,
`train`, `Grounder`.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from twist_scout import toyworld
from twist_scout.boxes.grounded import GroundedText
from twist_scout.experiments.before_after import comparison_report, comparison_table
from twist_scout.experiments.exam import run_exam
from twist_scout.experiments.exam_result import ExamResult
from twist_scout.experiments.report import Example, write_report
from twist_scout.grounder import Grounder
from twist_scout.toyworld.examples import write_dataset
from twist_scout.toyworld.lots import Lots
from twist_scout.toyworld.tasks import make_task
from twist_scout.twist.certificate import Certificate
from twist_scout.twist.training import train
from twist_scout.twist.training_config import TrainingConfig

#: How tables call the adapter that was trained here.
TRAINED = "after quickstart"
#: Which kinds of tasks the report shows, and on which test scene.
_SHOWN = (
    ("rec", 1),
    ("related", 5),
    ("gic", 9),
    ("absent", 13),
    ("color", 17),
    ("localization", 21),
)


@dataclass(frozen=True, slots=True)
class Recipe:
    """How much of everything.

    Attributes:
        scenes: training scenes drawn.
        per_scene: conversations about each.
        pack: conversations that share a row, so that their picture is computed once.
        objects: relative frequency of training pictures with 1, 2, 3 and 4 things; those with several teach which one is
            meant.
        picture_size: side of the training pictures in pixels.
        steps: optimiser steps.
        batch_size: pictures per step.
        learning_rate: its peak.
        twist: fields of `TwistConfig`.
        exam_scenes: unseen scenes in each exam.
    """

    scenes: int = 3200
    per_scene: int = 8
    pack: int = 8
    objects: tuple[float, ...] = (2, 3, 3, 2)
    picture_size: int = 144
    steps: int = 400
    batch_size: int = 8
    learning_rate: float = 1.5e-3
    twist: dict[str, Any] = field(default_factory=lambda: {"layers": "all", "alpha_init": 0.3})
    exam_scenes: int = 60


@dataclass(frozen=True, slots=True)
class QuickstartResult:
    """What came out.

    Attributes:
        exams: exam of the base, of the adapter trained here and, where one was given, of the
            shipped adapter, by name.
        certificate: of the adapter trained here.
        adapter: its folder.
        report: the HTML page.
    """

    exams: dict[str, ExamResult]
    certificate: Certificate
    adapter: Path
    report: Path


def run_quickstart(
    out: str | Path,
    *,
    base: str | Path | None = None,
    shipped: str | Path | None = None,
    recipe: Recipe | None = None,
    seed: int = 0,
    console: Console | None = None,
) -> QuickstartResult:
    """Run the whole story.

    Args:
        out: folder for ``data/``, ``adapter/`` and ``report.html``. Started again in the same
            folder, training goes on from its last checkpoint.
        base: the base model; ``None``: the pocket base.
        shipped: a longer-trained adapter of that base to compare with; ``None`` with the pocket
            base: the pocket adapter.
        recipe: how much of everything.
        seed: of scenes and training.
        console: where the story is told.

    Raises:
        BadConfig: ``out`` holds a run with other settings.
        BadModel: the base or the shipped adapter cannot be loaded.
    """
    recipe, console, out = recipe or Recipe(), console or Console(), Path(out)
    if base is None:
        base = toyworld.pocket_base()
        shipped = shipped or toyworld.pocket_adapter()
    started = time.monotonic()

    console.rule("1. Scenes with exact truth, and a small SCOUT set")
    seeds = range(seed * recipe.scenes, (seed + 1) * recipe.scenes)
    with _bar(console) as bar:
        data = write_dataset(
            out / "data",
            bar.track(seeds, description="Drawing scenes"),
            size=recipe.picture_size,
            per_scene=recipe.per_scene,
            objects=recipe.objects,
        )
    console.print(f"{recipe.scenes} scenes, up to {recipe.per_scene} conversations each: {data}", markup=False)

    console.rule("2. The base understands, and cannot point")
    untouched = Grounder.from_pretrained(base)
    cases = list(_cases(seed))
    answers = {"base": _answer(untouched, cases)}
    _tell(console, cases, answers["base"])
    exams = {"base": _examine(untouched, "base", None, recipe, console)}

    console.rule("3. TWIST: twin experts beside the frozen ones")
    began = time.monotonic()
    adapter = train(_training(str(base), data, out / "adapter", recipe, seed), console=console)
    trained_for = time.monotonic() - began
    certificate = Certificate.load(adapter)

    console.rule("4. The same questions again")
    candidates = {TRAINED: adapter} | ({"shipped adapter": Path(shipped)} if shipped else {})
    for name, folder in candidates.items():
        grounder = Grounder.from_pretrained(base, folder)
        answers[name] = _answer(grounder, cases)
        exams[name] = _examine(grounder, name, untouched, recipe, console)
    _tell(console, cases, answers[TRAINED])

    console.rule("5. Before and after")
    console.print(comparison_table(exams, recipe.exam_scenes))
    console.print(certificate.summary, style="bold green" if certificate.passed else "bold red", markup=False)
    facts = (
        ("training", f"{recipe.steps} steps in {_minutes(trained_for)}"),
        ("whole quickstart", _minutes(time.monotonic() - started)),
        ("unseen scenes in each exam", str(recipe.exam_scenes)),
        ("examine longer", f"twist-scout toyworld evaluate --model {base} --adapter {adapter}"),
    )
    examples = [
        Example(picture, prompt, [(name, given[i]) for name, given in answers.items()])
        for i, (picture, prompt) in enumerate(cases)
    ]
    page = write_report(comparison_report(exams, exams[TRAINED], certificate, examples, facts), out / "report.html")
    console.print(f"Pictures of all of them: {page}", markup=False)
    return QuickstartResult(exams, certificate, adapter, page)


def _training(base: str, data: Path, adapter: Path, recipe: Recipe, seed: int) -> TrainingConfig:
    return TrainingConfig.from_values(
        {
            "base": base,
            "data": [str(data)],
            "output_dir": str(adapter),
            "twist": recipe.twist,
            "learning_rate": recipe.learning_rate,
            "max_steps": recipe.steps,
            "batch_size": recipe.batch_size,
            "pack": recipe.pack,
            "bf16": True,
            "workers": 1,
            "warmup": 0.05,
            "save_steps": 100,
            "save_total_limit": 2,
            "seed": seed,
            "certificate_prompts": 32,
        }
    )


def _cases(seed: int) -> Iterator[tuple[Image.Image, str]]:
    """Pictures and prompts for the report, one of each kind, from unseen scenes."""
    for kind, offset in _SHOWN:
        number, task = 1000 * seed + offset, None
        while task is None:
            scene = toyworld.sample_scene(number, split="test")
            if len(scene.objects) >= 3:
                task = make_task(scene, kind, Lots(np.random.default_rng(number)))
            number += 1
        yield toyworld.render(scene, 320).image, task.prompt


def _answer(grounder: Grounder, cases: Sequence[tuple[Image.Image, str]]) -> list[GroundedText]:
    pictures, prompts = zip(*cases, strict=True)
    answers = grounder.ground(pictures, prompts, "grounding", max_new_tokens=160)
    assert isinstance(answers, list)  # tuples go in
    return answers


def _examine(grounder: Grounder, name: str, base: Grounder | None, recipe: Recipe, console: Console) -> ExamResult:
    with _bar(console) as bar:
        task = bar.add_task(f"Exam: {name}", total=None)
        return run_exam(
            grounder,
            scenes=recipe.exam_scenes,
            splits=("plain",),
            base=base,
            on_progress=lambda done, total: bar.update(task, completed=done, total=total),
        )


def _bar(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
    )


def _tell(console: Console, cases: Sequence[tuple[Image.Image, str]], answers: Sequence[GroundedText]) -> None:
    for (_, prompt), answer in list(zip(cases, answers, strict=True))[:3]:
        console.print(f"  ? {prompt}", style="dim", markup=False)
        console.print(f"  > {answer.text or '(says nothing)'}", markup=False)


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.1f} minutes"
