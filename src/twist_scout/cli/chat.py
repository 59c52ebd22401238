"""``twist-scout chat``: talk about a picture in the terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from twist_scout.cli import console, options
from twist_scout.cli.ground import Mode
from twist_scout.cli.printable import printable

if TYPE_CHECKING:
    from rich.console import Console

    from twist_scout.conversation.session import Reply

_TURNS = 6


def chat(
    image: Annotated[Path | None, typer.Argument(help="The picture to talk about.", show_default=False)] = None,
    mode: Annotated[
        Mode, typer.Option(help="Use the twin experts (grounding), the base alone (understanding), or decide.")
    ] = Mode.auto,
    model: options.Model = None,
    adapter: options.Adapter = None,
    device: options.Device = None,
    turns: Annotated[
        int | None,
        typer.Option(
            min=0,
            help=f"Earlier turns that a question sees. Without it {_TURNS}, and 0 for the pocket, which learned none.",
        ),
    ] = None,
    max_new_tokens: Annotated[int, typer.Option(min=1, help="Where to cut a long answer.")] = 256,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line for each answer.")] = False,
) -> None:
    r"""Talk about a picture: ask, see which expert answered and where things are.

    /image PATH, /mode MODE, /save PICTURE, /new, /quit; /help explains them. From
    a pipe each line is a question or a command; the exit status is 1 where one
    of them could not be done.

    Examples:
      twist-scout chat street.jpg
      printf 'Where is the dog?\n/save dog.png\n' | twist-scout chat street.jpg
    """
    from twist_scout.data.images import load_image
    from twist_scout.errors import TwistScoutError
    from twist_scout.toyworld import pocket_base

    picture = None if image is None else load_image(image)  # what is wrong with it is found before the model is loaded

    from twist_scout.conversation.history import ChatGrounder
    from twist_scout.conversation.session import Note, Session
    from twist_scout.loading import resolve_folders

    console.quiet_libraries()
    base, adapter_folder = resolve_folders(model, adapter)
    grounder = ChatGrounder.from_pretrained(base, adapter_folder, device)
    if turns is None:
        turns = 0 if base == pocket_base() else _TURNS
    screen, aside = console.out(), console.err()
    if turns and not grounder.reads_history:
        aside.print("The model's chat template takes one question at a time: each is asked alone.", style="yellow")
        turns = 0
    session = Session(
        grounder,
        console.checked_picture_path,
        picture,
        mode.value,
        turns,
        max_new_tokens,
    )
    failed, typed = False, sys.stdin.isatty()
    if typed:
        about = "no picture yet: /image PATH" if picture is None else f"{image}"
        aside.print(printable(f"{about}; /help for commands"), style="dim", markup=False, soft_wrap=True)
    for line in _lines():
        try:
            found = session.take(line)
        except TwistScoutError as error:
            failed = True
            aside.print(printable(error), style="red", markup=False, soft_wrap=True)
            continue
        except KeyboardInterrupt:
            aside.print("(stopped)", style="dim")
            continue
        if found == "end":
            break
        if isinstance(found, Note):
            aside.print(found.text, style="dim", markup=False, soft_wrap=True)
        elif found is not None:
            _print_json(found) if json else _print(screen, found)
    raise typer.Exit(1 if failed and not typed else 0)


def _lines() -> Iterator[str]:
    """What the user types, or what a pipe holds."""
    if not sys.stdin.isatty():
        yield from iter(sys.stdin.readline, "")  # "yield from sys.stdin" would close it at the end
        return
    with suppress(ImportError):
        import readline  # noqa: F401 - arrow keys and earlier lines
    while True:
        try:
            yield input("> ")
        except (EOFError, KeyboardInterrupt):
            print(file=sys.stderr)
            return


def _print(screen: Console, reply: Reply) -> None:
    answer = reply.answer
    hint = "; for boxes: /mode grounding" if reply.decision.abstained else ""
    screen.print(printable(f"{answer.mode}: {reply.decision.reason}{hint}"), style="dim", markup=False, soft_wrap=True)
    if answer.steps:
        for step in answer.steps:
            screen.print(printable(f"Step {step.number}: {step.text}"), markup=False, soft_wrap=True)
    else:
        screen.print(
            printable(answer.plain if answer.boxes else answer.text), style="bold", markup=False, soft_wrap=True
        )
    if reply.size is not None:
        for phrase in answer.phrases:
            for box in phrase.boxes:
                corners = ", ".join(f"{value:.0f}" for value in box.to_pixels(*reply.size))
                screen.print(printable(f"  {phrase.text or '-'}: {corners}"), markup=False, soft_wrap=True)
    for piece in answer.unread:
        told = f"Not readable as boxes: {piece.text!r} ({piece.reason})"
        screen.print(printable(told), style="yellow", markup=False, soft_wrap=True)


def _print_json(reply: Reply) -> None:
    import json

    said = reply.answer.to_dict(*(reply.size or (1, 1)))
    if reply.size is None:
        said.update(width=None, height=None)
    print(json.dumps({"prompt": reply.prompt, "reason": reply.decision.reason, **said}, ensure_ascii=False), flush=True)
