"""``twist-scout ground``: ask one question about one picture."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from twist_scout.cli import console, options

if TYPE_CHECKING:
    from rich.table import Table

    from twist_scout.boxes.grounded import GroundedText


class Mode(StrEnum):
    """Which expert answers."""

    auto = "auto"
    grounding = "grounding"
    understanding = "understanding"


def ground(
    image: Annotated[Path, typer.Argument(help="The picture.", show_default=False)],
    prompt: Annotated[str, typer.Argument(help='What to ask, e.g. "Where is the red car?"', show_default=False)],
    mode: Annotated[
        Mode,
        typer.Option(help="Use the twin experts (grounding), the base alone (understanding), or decide."),
    ] = Mode.auto,
    model: options.Model = None,
    adapter: options.Adapter = None,
    device: options.Device = None,
    save: Annotated[Path | None, typer.Option(help="Draw the boxes over the picture and write it here.")] = None,
    json: options.Json = False,
    max_new_tokens: Annotated[int, typer.Option(min=1, help="Where to cut a long answer.")] = 256,
) -> None:
    """Ask a question about a picture; print the answer, its steps and its boxes in pixels."""
    from twist_scout.data.images import load_image
    from twist_scout.errors import BadInput
    from twist_scout.routing import decide

    # Everything that can be wrong with the request is found before the model is loaded.
    if not prompt.strip():
        raise BadInput("The prompt is empty: say what to look for or ask a question.")
    picture = load_image(image)
    if save is not None:
        console.checked_picture_path(save)

    from twist_scout.grounder import Grounder
    from twist_scout.picture import draw_grounded

    console.quiet_libraries()
    grounder = Grounder.from_pretrained(model, adapter, device)
    answer = grounder.ground(picture, prompt, mode.value, max_new_tokens=max_new_tokens)
    reason = decide(prompt).reason if mode is Mode.auto else "asked for with --mode"
    if save is not None:
        draw_grounded(picture, answer).save(save)
    if json:
        record = {"image": str(image), "prompt": prompt, "reason": reason}
        console.print_json({**record, **answer.to_dict(*picture.size)})
    else:
        _print(answer, picture.size, reason)
    if save is not None:
        console.err().print(f"Drawn to {save}", markup=False)


def _print(answer: GroundedText, size: tuple[int, int], reason: str) -> None:
    screen = console.out()
    screen.print(f"{answer.mode}: {reason}", style="dim", markup=False)
    if answer.steps:
        for step in answer.steps:
            screen.print(f"Step {step.number}: {step.text}", markup=False)
        screen.print(f"Answer: {answer.answer}", style="bold", markup=False)
    else:
        screen.print(answer.plain if answer.boxes else answer.text, style="bold", markup=False)
    if answer.boxes:
        screen.print(_box_table(answer, size))
    elif answer.mode == "grounding":
        screen.print("No boxes.", style="dim")
    for piece in answer.unread:
        screen.print(f"Not readable as boxes: {piece.text!r} ({piece.reason})", style="yellow", markup=False)


def _box_table(answer: GroundedText, size: tuple[int, int]) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table(title=f"Boxes in pixels of the {size[0]} x {size[1]} picture", title_justify="left")
    table.add_column("phrase")
    for name in ("x1", "y1", "x2", "y2"):
        table.add_column(name, justify="right")
    for phrase in answer.phrases:
        for box in phrase.boxes:
            pixels = (f"{value:.1f}" for value in box.to_pixels(*size))
            table.add_row(Text(phrase.text or "-"), *pixels)
    return table
