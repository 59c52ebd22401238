"""``twist-scout route train``: make the prompt router, or teach one a user's own skills."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from twist_scout.cli import console, options

if TYPE_CHECKING:
    from twist_scout.routing.evaluation import Report


def train(
    out: options.Out,
    overrides: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[KEY=VALUE]...",
            help="Any other number of the training, such as learning_rate=6e-4 or batch=128.",
            show_default=False,
        ),
    ] = None,
    extra: Annotated[
        list[Path] | None,
        typer.Option(
            help='Your own prompts, JSONL: {"prompt", "mode"}; a mode is a name of an adapter. May be repeated.'
        ),
    ] = None,
    from_scratch: Annotated[
        bool,
        typer.Option("--from-scratch", help="With --extra: start anew, vocabulary and all; takes as long as without."),
    ] = False,
    start: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER", help="Go on from this router. Without it, --extra goes on from the one that ships."
        ),
    ] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="Steps of training; without it, as many as needed.")] = None,
    confidence: Annotated[
        float | None,
        typer.Option(
            min=0.0, max=1.0, help="How likely a skill must be to be chosen; below that understanding answers."
        ),
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Of everything that is drawn; 0 without it.")] = None,
    json: options.Json = False,
) -> None:
    """Train the router on prompts that the package writes itself; one CPU thread, minutes.

    With --extra it learns your skills instead: the router that ships with the
    package goes on from where it is, on your prompts and its own, so that it
    keeps what it knows. Modes that it does not know become new skills:
    "understanding" is always the base model, every other name an adapter. Of
    each mode every eighth prompt is held out, and reported on.

    Examples:
      twist-scout route train --out my-router --extra prompts.jsonl
      twist-scout route train --out more --start my-router --steps 2000 learning_rate=3e-4
      twist-scout route evaluate more.jsonl --router my-router
    """
    from dataclasses import replace

    from twist_scout.errors import BadConfig
    from twist_scout.routing.examples import read_prompts
    from twist_scout.routing.router import Router
    from twist_scout.routing.training import train_router
    from twist_scout.routing.training_config import ADAPTING, RouterTraining, with_overrides

    own = [prompt for path in extra or () for prompt in read_prompts(path)]
    if start and from_scratch:
        raise BadConfig("--start and --from-scratch contradict each other: give one of them.")
    known = Router(start) if start else Router() if own and not from_scratch else None
    changes: dict[str, Any] = {"steps": steps, "confidence": confidence, "seed": seed}
    config = with_overrides(ADAPTING if known else RouterTraining(), overrides or [])
    config = replace(config, **{k: v for k, v in changes.items() if v is not None})
    console.make_folder(out)
    console.quiet_libraries()
    with console.progress() as bar:
        task = bar.add_task("Training the router", total=config.steps)
        made = train_router(
            out, config, extra=own, start=known, watch=lambda step, loss: bar.update(task, completed=step)
        )
    if json:
        record = {
            "folder": str(out),
            "parameters": made.parameters,
            "bytes": made.size,
            "seconds": round(made.seconds, 1),
        }
        reports = {"held_out_templates": made.report.to_dict(), "own": made.own.to_dict() if made.own else None}
        console.print_json({**record, **reports})
        return
    screen = console.out()
    screen.print(f"{out}: {made.parameters:,} parameters, {made.size:,} bytes, {made.seconds:.0f} s", markup=False)
    _say("held-out templates", made.report)
    if made.own:
        _say("your held-out prompts", made.own)


def _say(name: str, report: Report) -> None:
    console.out().print(
        f"{name}: {report.prompts:,} prompts, {report.accuracy:.2%} right; understanding leaking into grounding "
        f"{report.leaked_to_skill:.2%}, grounding into understanding {report.leaked_to_understanding:.2%}",
        markup=False,
        soft_wrap=True,
    )
