"""``twist-scout route``: which mode answers a prompt, and why.

``twist-scout route "PROMPT" …`` explains; ``route train`` and ``route evaluate`` stand beside it. A prompt that is one of those
words can be given as ``route explain train``.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from twist_scout.cli import console, options
from twist_scout.cli.printable import printable
from twist_scout.cli.route_evaluate import evaluate
from twist_scout.cli.route_train import train

if TYPE_CHECKING:
    from rich.text import Text

    from twist_scout.routing.explanation import Explanation


class _ExplainsByDefault(TyperGroup):
    """A group whose first word may be left out where it is ``explain``."""

    def parse_args(self, context: Any, arguments: list[str]) -> list[str]:
        """Put the word there, unless the line starts with a command or asks for help."""
        if arguments and arguments[0] not in {*self.commands, "--help"}:
            arguments = ["explain", *arguments]
        return list(super().parse_args(context, arguments))


route = typer.Typer(
    cls=_ExplainsByDefault,
    help='Which mode answers a prompt, and why: route "PROMPT" …; train and evaluate the classifier that decides.',
    no_args_is_help=True,
)
Router = Annotated[
    Path | None,
    typer.Option("--router", help="Folder of a router; without it the one that ships with the package."),
]
Engine = Annotated[str | None, typer.Option("--engine", help="onnxruntime or torch; without it the first installed.")]
Confidence = Annotated[
    float | None,
    typer.Option(min=0.0, max=1.0, help="How likely grounding must be; below that the router abstains."),
]


@route.command()
def explain(
    prompts: Annotated[
        list[str], typer.Argument(metavar="PROMPT…", help="What a user types; - reads one a line from stdin.")
    ],
    mode: Annotated[str | None, typer.Option(help="Insist on a mode: it wins, whatever the router thinks.")] = None,
    router: Router = None,
    engine: Engine = None,
    confidence: Confidence = None,
    json: options.Json = False,
) -> None:
    """Say which mode answers each prompt, how likely it is, and which words decided.

    Every word is left out in turn: green words speak for grounding, red ones
    for understanding, by how much the log-odds fall without them. A prompt
    that is not clearly for grounding goes to understanding, where the base
    model answers as it always did.

    Examples:
      twist-scout route "Where is the dog?" "What is left of the dog?"
      twist-scout route explain train        # the prompt "train"
    """
    from twist_scout.errors import BadInput
    from twist_scout.routing.explanation import explain as explained
    from twist_scout.routing.router import Router as Opened

    opened = Opened(router, engine=engine, confidence=confidence)
    if mode is not None and mode not in opened.modes:
        raise BadInput(f"There is no mode {mode!r}: choose one of {', '.join(opened.modes)}.")
    texts = [line for given in prompts for line in (sys.stdin.read().splitlines() if given == "-" else [given])]
    if not any(text.strip() for text in texts):
        raise BadInput("The prompt is empty: say what to look for or ask a question.")
    found = [explained(opened, text, mode) for text in texts if text.strip()]
    if json:
        console.print_json([_record(one) for one in found])
        return
    for one in found:
        _print(one)


route.command()(train)
route.command()(evaluate)


def _record(found: Explanation) -> dict[str, Any]:
    decision = found.decision
    return {
        "prompt": found.prompt,
        "mode": decision.mode,
        "probability": decision.probability,
        "abstained": decision.abstained,
        "reason": decision.reason,
        "probabilities": found.probabilities,
        "skill": found.skill,
        "words": [{"text": word.text, "start": word.start, "weight": round(word.weight, 4)} for word in found.words],
    }


def _print(found: Explanation) -> None:
    screen = console.out()
    decision = found.decision
    style = "yellow" if decision.abstained else "bold green" if decision.mode == found.skill else "bold blue"
    screen.print(f"{decision.mode:13}", style=style, end=" ")
    screen.print(_coloured(found), soft_wrap=True)
    screen.print(f"{'':13} {printable(decision.reason)}", style="dim", markup=False, soft_wrap=True)
    strongest = sorted(found.words, key=lambda word: -abs(word.weight))[:6]
    shares = ", ".join(f"{printable(word.text)} {word.weight:+.1f}" for word in strongest if abs(word.weight) >= 0.05)
    if shares:
        screen.print(f"{'':13} for {found.skill}, in log-odds: {shares}", style="dim", markup=False, soft_wrap=True)


def _coloured(found: Explanation) -> Text:
    from rich.text import Text

    text, done = Text(), 0
    for word in found.words:
        text.append(printable(found.prompt[done : word.start]))
        style = "green" if word.weight >= 0.5 else "red" if word.weight <= -0.5 else ""
        text.append(printable(word.text), style=style)
        done = word.start + len(word.text)
    text.append(printable(found.prompt[done:]))
    return text
