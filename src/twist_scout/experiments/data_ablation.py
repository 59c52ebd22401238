"""Are the checks and the negatives worth it? TWIST adapters trained alike on different data (§4, Tables 10 and A.2).

::

    scenes -> one imperfect annotator answers -> raw | checked | checked with boxes | without negatives ->
    an adapter for each data set and seed, as many steps -> the same exam -> paired differences

Everything goes through the doors that a user's own data would go through: the engine's run, its checks, `train`. A run
that was stopped goes on with the adapter that it was at.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from twist_scout import toyworld
from twist_scout.errors import BadConfig
from twist_scout.experiments.ablation_data import (
    CHECKED,
    CHECKED_BOXES,
    CONDITIONS,
    NO_NEGATIVES,
    RAW,
    RAW_FEWER,
    annotate,
    path_of,
    read_answers,
    slug,
    write_conditions,
    write_scenes,
)
from twist_scout.experiments.ablation_runs import (
    Recipe,
    examine,
    progress_bar,
    run_one,
    train_annotator,
    train_start,
    write_json,
)
from twist_scout.grounder import Grounder
from twist_scout.scout.sources import open_source

#: (name, key of a run's scores, whether lower is better)
MEASURES = (
    ("step-by-step answers right", "step_answers", False),
    ("boxes of their steps right", "step_boxes", False),
    ("loss of exact step-by-step answers", "step_loss", True),
    ("REC Acc@0.5", "rec_acc50", False),
    ("localisation mIoU", "localization_miou", False),
    ("grounded-caption AP50", "gic_ap50", False),
    ("absent objects rejected", "rejection", False),
    ("present objects wrongly rejected", "false_rejection", True),
)
#: (what is better by expectation, than what)
COMPARISONS = (
    (CHECKED, RAW),
    (CHECKED_BOXES, RAW),
    (CHECKED_BOXES, CHECKED),
    (CHECKED, RAW_FEWER),
    (CHECKED, NO_NEGATIVES),
)
#: Raw data of equal number is asked for by name.
DEFAULT_CONDITIONS = (RAW, CHECKED, CHECKED_BOXES, NO_NEGATIVES)
Runs = Mapping[str, Mapping[str, Mapping[str, Any]]]


def run_data_ablation(
    out: str | Path,
    *,
    base: str | Path | None = None,
    annotator: str | Path | None = None,
    conditions: Sequence[str] = DEFAULT_CONDITIONS,
    recipe: Recipe | None = None,
    console: Console | None = None,
) -> dict[str, Any]:
    """Run the whole comparison.

    Args:
        out: folder for scenes, data, runs and ``results.json``. Started again in the same folder, the runs that are
            finished are kept, and the one under way goes on from its last checkpoint.
        base: the base model; ``None``: the pocket base.
        annotator: an adapter of the base that answers the questions; ``None``: one is trained on exact data, briefly.
        conditions: which data sets to train on, see `ablation_data.CONDITIONS`.
        recipe: how much of everything.
        console: where progress is told.

    Returns:
        What ``results.json`` holds: the recipe, facts about each data set, the scores of the common start and of each
        run, their means, and the paired differences of `COMPARISONS`.

    Raises:
        BadConfig: there is no such condition, or ``out`` holds a run with other settings.
        BadModel: the base or the annotator cannot be loaded.
    """
    recipe, console, out = recipe or Recipe(), console or Console(), Path(out)
    if unknown := sorted(set(conditions) - set(CONDITIONS)):
        raise BadConfig(f"There is no condition {unknown[0]!r}; they are {', '.join(CONDITIONS)}.")
    base = Path(base or toyworld.pocket_base())
    _same_recipe(out, recipe)

    console.rule("1. An imperfect annotator")
    adapter = Path(annotator) if annotator else train_annotator(out / "annotator", base, recipe, console)
    truth = _annotated(out, base, adapter, recipe, console)
    exam = write_scenes(out / "exam", range(recipe.exam_scenes), split="test", size=240)
    items = {item.id: item for item in open_source(truth)}
    share, answers = recipe.negative_share, out / "built"
    facts = write_conditions(read_answers(answers), items, out / "data", conditions, negative_share=share)
    console.print(data_table(facts))

    console.rule("2. A common start, and an adapter for each data set and seed")
    start: Path | None = None
    if recipe.start == "annotator":
        start = adapter
    elif recipe.start == "plain":
        start = train_start(out / "start", base, recipe, console)
    elif recipe.start != "new":
        start = Path(recipe.start)
    before = out / "start.json"
    if start is not None and not before.exists():
        write_json(before, examine(Grounder.from_pretrained(base, start), exam, recipe.exam_scenes, console))
    runs: dict[str, dict[str, Any]] = {name: {} for name in conditions}
    for seed in recipe.seeds:
        for name in conditions:
            folder, data = out / "runs" / f"{slug(name)}-{seed}", path_of(out / "data", name)
            scores = runs[name][str(seed)] = run_one(folder, data, base, start, seed, exam, recipe, console)
            told = ", ".join(f"{title} {scores[key]:.3f}" for title, key, _ in MEASURES)
            console.print(f"{name}, seed {seed}: {told}", markup=False)

    result = {
        "recipe": json.loads(json.dumps(asdict(recipe))),
        "data": facts,
        "start": None if start is None else json.loads(before.read_text("utf-8")),
        "runs": runs,
        **summary(runs),
    }
    write_json(out / "results.json", result)
    console.rule("3. What the data is worth")
    for table in result_tables(result):
        console.print(table)
    return result


def summary(runs: Runs) -> dict[str, Any]:
    """Means and standard deviations over the seeds, and the differences between runs of one seed.

    Args:
        runs: scores by condition and seed.

    Returns:
        ``means`` (condition -> measure -> ``mean``, ``sd``) and ``differences`` (``"a - b"`` -> measure -> ``by_seed``,
        ``mean``, ``sd``).
    """
    means = {
        name: {key: _mean([scores[key] for scores in seeds.values()]) for _, key, _ in MEASURES}
        for name, seeds in runs.items()
        if seeds
    }
    differences: dict[str, Any] = {}
    for better, other in COMPARISONS:
        both = [seed for seed in runs.get(better, {}) if seed in runs.get(other, {})]
        if both:
            differences[f"{better} - {other}"] = {
                key: {"by_seed": values, **_mean(values)}
                for _, key, _ in MEASURES
                for values in [[runs[better][seed][key] - runs[other][seed][key] for seed in both]]
            }
    return {"means": means, "differences": differences}


def data_table(facts: Mapping[str, Mapping[str, Any]]) -> Table:
    """Records of each condition, and how much of the positive ones is right."""
    table = Table(title="data")
    for column in ("condition", "records", "negatives", "boxes right", "positive records right"):
        table.add_column(column, justify="left" if column == "condition" else "right")
    for name, fact in facts.items():
        shares = (f"{100 * fact['positives'][key]:.1f} %" for key in ("boxes_right", "records_right"))
        table.add_row(name, str(fact["records"]), str(fact["negatives"]), *shares)
    return table


def result_tables(result: Mapping[str, Any]) -> tuple[Table, Table]:
    """The means with standard deviations over the seeds, and the paired differences."""
    recipe, start = result["recipe"], result["start"]
    seeds, scenes, steps = len(recipe["seeds"]), recipe["exam_scenes"], recipe["steps"]
    first = Table(title=f"{scenes} unseen scenes, {steps} steps, {seeds} seeds: mean ± standard deviation")
    second = Table(title="paired differences: mean (by seed)")
    for table, columns in ((first, ["the start", *result["means"]]), (second, list(result["differences"]))):
        table.add_column("measure")
        for name in columns:
            table.add_column(name, justify="right")
    for name, key, lower in MEASURES:
        title = f"{name} (lower is better)" if lower else name
        before = "-" if start is None else f"{start[key]:.3f}"
        cells = (mean[key] for mean in result["means"].values())
        first.add_row(title, before, *(f"{cell['mean']:.3f} ± {cell['sd']:.3f}" for cell in cells))
        second.add_row(title, *(_difference(difference[key]) for difference in result["differences"].values()))
    return first, second


def _annotated(out: Path, base: Path, adapter: Path, recipe: Recipe, console: Console) -> Path:
    """The training scenes, and under ``out/built`` the annotator's answers: the file of their truth."""
    first, total = recipe.first_scene, recipe.scenes
    size, objects = recipe.picture_size, recipe.objects
    truth = write_scenes(out / "scenes", range(first, first + total), split="train", size=size, objects=objects)
    if not (out / "built" / "report.json").exists():
        with progress_bar(console) as bar:
            task = bar.add_task("Annotating", total=total)
            annotate(
                truth,
                out / "built",
                Grounder.from_pretrained(base, adapter),
                positives=recipe.positives,
                negatives=recipe.negatives,
                progress=lambda now: bar.update(task, completed=now.done),
            )
    return truth


def _same_recipe(out: Path, recipe: Recipe) -> None:
    """Runs of different recipes are not to be compared. Seeds may join later."""
    path, wanted = out / "recipe.json", json.loads(json.dumps(asdict(recipe)))
    del wanted["seeds"]
    if not path.exists():
        write_json(path, wanted)
        return
    found = json.loads(path.read_text("utf-8"))
    changed = [key for key in wanted if found.get(key) != wanted[key]]
    if changed:
        key = changed[0]
        raise BadConfig(
            f"{out} holds runs with {key} {found.get(key)}, not {wanted[key]}: give another folder, or that value."
        )


def _mean(values: Sequence[float]) -> dict[str, float]:
    return {"mean": statistics.fmean(values), "sd": statistics.stdev(values) if len(values) > 1 else 0.0}


def _difference(cell: Mapping[str, Any]) -> str:
    return f"{cell['mean']:+.3f} ({', '.join(f'{value:+.3f}' for value in cell['by_seed'])})"
