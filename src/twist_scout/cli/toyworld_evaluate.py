"""``twist-scout toyworld evaluate``: the toy-world exam of a model."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from twist_scout.cli import console, options

if TYPE_CHECKING:
    from rich.table import Table

    from twist_scout.experiments.exam_result import ExamResult


class By(StrEnum):
    """What the columns are."""

    difficulty = "split"


def evaluate(
    scenes: Annotated[int, typer.Option(min=1, help="How many unseen scenes.")] = 1000,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the first scene.")] = 0,
    by: Annotated[
        By | None,
        typer.Option(help="split: every kind of difficulty as a column of its own; else only held-out colours."),
    ] = None,
    model: options.Model = None,
    adapter: options.Adapter = None,
    device: options.Device = None,
    json: options.Json = False,
) -> None:
    """Put unseen scenes before a model: what it understands, points at, and forgot.

    Without --model and --adapter, the pocket base and its adapter are examined. A fifth as many
    scenes of each split are added and reported apart: pairs (a colour that training keeps from a kind),
    and with --by split also relations (a deed that training never shows), crowded (six things), wordings
    (prompts worded as training never words them) and diagram (line drawings).
    """
    from twist_scout.experiments.exam import run_exam
    from twist_scout.grounder import Grounder
    from twist_scout.loading import resolve_folders
    from twist_scout.toyworld.exam import SPLITS

    console.quiet_libraries()
    base_folder, adapter_folder = resolve_folders(model, adapter)
    grounder = Grounder.from_pretrained(base_folder, adapter_folder, device)
    base = Grounder.from_pretrained(base_folder, None, device) if adapter_folder else None
    with console.progress() as bar:
        task = bar.add_task("Examining", total=None)
        result = run_exam(
            grounder,
            scenes=scenes,
            seed=seed,
            base=base,
            splits=tuple(SPLITS) if by else ("plain", "pairs"),
            on_progress=lambda done, total: bar.update(task, completed=done, total=total),
        )
    if json:
        console.print_json(result.to_dict())
        return
    screen = console.out()
    screen.print(_table(result))
    if result.bit_equal is not None:
        verdict = "equal to the base's to the bit" if result.bit_equal else "NOT equal to the base's"
        screen.print(f"Understanding-mode logits on {result.bit_equal_prompts} prompts: {verdict}")


def _table(result: ExamResult) -> Table:
    from rich.table import Table

    from twist_scout.experiments.before_after import MEASURES

    scores, table = result.scores, Table(title=f"{result.scenes} unseen scenes, seed {result.seed}")
    others = [(name, found) for name, found in result.splits.items() if name != "plain"]
    table.add_column("measure")
    table.add_column("score", justify="right")
    for split, _ in others:
        table.add_column(split, justify="right")
    table.add_column("questions", justify="right")
    counts = {
        "understanding_accuracy": scores.understanding.total,
        "rec_acc50": scores.referring.total,
        "localization_miou": scores.localization.total,
        "gic_ap50": scores.captioning.images,
        "steps_final": scores.stepwise.total,
        "steps_boxes": scores.stepwise.boxes,
        "rejection": scores.rejection.absent,
        "false_rejection": scores.rejection.present,
    }
    values = scores.to_dict()
    for name, key, _ in MEASURES:
        table.add_row(name, _text(values[key]), *(_text(o.to_dict()[key]) for _, o in others), str(counts[key]))
    table.add_section()
    for kind, (correct, total) in scores.understanding.by_kind.items():
        beside = [o.understanding.by_kind.get(kind) for _, o in others]
        table.add_row(
            f"  understanding: {kind}",
            _text(correct / total),
            *(_text(found[0] / found[1] if found else None) for found in beside),
            str(total),
        )
    return table


def _text(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
