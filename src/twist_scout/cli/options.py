"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Model = Annotated[
    str | None,
    typer.Option(
        "--model",
        help="Model folder or hub id. Without it, the base that the adapter names or the pocket.",
    ),
]
Adapter = Annotated[
    str | None,
    typer.Option("--adapter", help="Adapter folder. Without it and without --model, the pocket's own."),
]
Device = Annotated[str | None, typer.Option("--device", help="cpu, cuda, ...; without it a GPU if there is one.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON to stdout and nothing else there.")]
Out = Annotated[Path, typer.Option("--out", help="Folder to write to; it is made.")]
