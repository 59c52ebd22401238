"""``twist-scout experts``: which expert takes which kind of token."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from twist_scout.cli import console, options

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

    from twist_scout.twist.load_report import LoadReport

#: Names of colours that terminals of any theme can show; experts beyond them start again.
_COLORS = ("blue", "magenta", "yellow", "green", "cyan", "red")
_BLOCKS = "█░▓▒"  # that experts differ shows without colours too
_CELLS = 10


def experts(
    data: Annotated[Path, typer.Option(help="Example records (JSONL).", show_default=False)],
    adapter: options.Adapter = None,
    model: options.Model = None,
    examples: Annotated[int, typer.Option(min=1, help="How many records, from the first.")] = 200,
    batch_size: Annotated[int, typer.Option(min=1, help="Rows that go through the model at once.")] = 8,
    dialect: Annotated[str, typer.Option(help="How the model writes boxes.")] = "scout",
    picture: Annotated[Path | None, typer.Option(help="Draw it too, and write it here.")] = None,
    device: options.Device = None,
    json: options.Json = False,
) -> None:
    """Show how image tokens, text and the digits of boxes are divided among the twin's experts.

    The records are run in grounding mode, answers included, and the choices of every
    router are counted; padding is not.

    Examples:
      twist-scout toyworld scout-data --out scenes --scenes 40
      twist-scout experts --data scenes/examples.jsonl --picture experts.png
    """
    from twist_scout.errors import BadInput
    from twist_scout.loading import resolve_folders

    if picture is not None:
        console.checked_picture_path(picture)

    from twist_scout.data.collator import GroundingCollator
    from twist_scout.data.dataset import ExampleDataset
    from twist_scout.loading import choose_device, load_adapter, load_base, read_adapter_config
    from twist_scout.processor_frame import frame_for
    from twist_scout.twist.load_picture import draw_load
    from twist_scout.twist.load_report import measure_load

    records = ExampleDataset(data)
    console.quiet_libraries()
    where = choose_device(device)
    base_folder, adapter_folder = resolve_folders(model, adapter)
    if adapter_folder is None:
        raise BadInput("There are no experts to look at without an adapter: name one with --adapter.")
    kind = read_adapter_config(adapter_folder)["peft_type"]
    if kind != "TWIST":
        raise BadInput(f"The adapter {adapter_folder} is of kind {kind}, which has no experts: give a TWIST adapter.")
    base, processor = load_base(base_folder, device=where)
    twinned = load_adapter(base, adapter_folder)
    collator = GroundingCollator(processor, dialect, partial(frame_for, processor))
    numbers = range(min(examples, len(records)))
    with console.progress() as bar:
        groups = [numbers[start : start + batch_size] for start in range(0, len(numbers), batch_size)]
        shown = bar.track(groups, description="Counting choices")
        batches = (collator([records[number] for number in group]) for group in shown)
        report = measure_load(twinned, batches, tokenizer=processor.tokenizer, dialect=dialect)
    if picture is not None:
        draw_load(report).save(picture)
    if json:
        console.print_json({"adapter_folder": str(adapter_folder), "examples": len(numbers), **report.to_dict()})
    else:
        console.out().print(_table(report))
        if report.contrast:
            console.out().print(str(report.contrast), style="bold", markup=False)
    if picture is not None:
        console.err().print(f"Drawn to {picture}", markup=False)


def _table(report: LoadReport) -> Table:
    """A row for each layer; bars are colours and digits both, for terminals without colour."""
    from rich.table import Table

    from twist_scout.twist.token_kinds import KINDS

    table = Table(title="Share of each kind of token that each expert takes, in percent", title_justify="left")
    table.add_column("layer", justify="right")
    table.add_column("alpha", justify="right")
    for kind in KINDS:
        table.add_column(f"{kind} ({report.tokens[kind]:,})")
    for load in report.layers:
        table.add_row(str(load.layer), f"{load.alpha:.2f}", *(_bar(load.share(kind)) for kind in KINDS))
    return table


def _bar(shares: list[float] | None) -> Text:
    from rich.text import Text

    if shares is None:
        return Text("none", style="dim")
    bar, drawn, total = Text(), 0, 0.0
    for expert, share in enumerate(shares):
        total += share
        cells = round(total * _CELLS) - drawn
        bar.append(_BLOCKS[expert % len(_BLOCKS)] * cells, style=_COLORS[expert % len(_COLORS)])
        drawn += cells
    bar.append(" ")
    for expert, share in enumerate(shares):
        bar.append(":" if expert else "", style="dim")
        bar.append(f"{100 * share:.0f}", style=_COLORS[expert % len(_COLORS)])
    return bar
