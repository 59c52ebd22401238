"""Where a command writes: answers to stdout, everything else to stderr."""

from __future__ import annotations

import json
import os
import re
import tempfile
import warnings
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from twist_scout.errors import BadInput

_SURROGATE = re.compile("[\ud800-\udfff]")


def out() -> Console:
    """The console of answers."""
    return Console(highlight=False)


def err() -> Console:
    """The console of everything else: progress, remarks."""
    return Console(stderr=True, highlight=False)


def progress() -> Progress:
    """A progress bar on stderr; silent where stderr is not a terminal."""
    console = err()
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        disable=not console.is_terminal,
    )


def print_json(value: Any) -> None:
    """One JSON document on stdout, and nothing else; halves of surrogate pairs, which no output can hold, are escaped."""
    text = json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False)
    print(_SURROGATE.sub(lambda half: f"\\u{ord(half[0]):04x}", text))


def quiet_libraries() -> None:
    """Keep the loading bars and remarks of transformers and peft away from the user's terminal."""
    from transformers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    warnings.filterwarnings("ignore", category=FutureWarning)


def checked_picture_path(path: Path) -> Path:
    """A path that a picture can be saved to; its folder is made.

    Raises:
        BadInput: the ending names no picture format, or the folder cannot be made.
    """
    from PIL import Image

    formats = {ending for ending, name in Image.registered_extensions().items() if name in Image.SAVE}
    if path.suffix.lower() not in formats:
        raise BadInput(f"{path} does not end like a picture: use .png, .jpg or .webp.")
    if path.is_dir():
        raise BadInput(f"{path} is a folder: give the name of a picture to write.")
    make_folder(path.parent)
    return path


def make_folder(path: Path) -> Path:
    """Make a folder and those above it.

    Raises:
        BadInput: it cannot be made.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = error.strerror or "error"
        raise BadInput(f"The folder {path} cannot be made ({reason}): choose another.") from error
    return path


def write_whole(path: Path, text: str) -> None:
    """Write a text file in one step: a reader, or a kill, sees all of it or none."""
    with tempfile.NamedTemporaryFile(
        "w", encoding="utf-8", dir=path.parent, prefix=f".{path.name}.", delete=False
    ) as file:
        file.write(text)
    os.chmod(file.name, 0o644)
    os.replace(file.name, path)


def check_serving_installed(what: str) -> None:
    """Say what to install, if it is not there.

    Args:
        what: needs it, e.g. "The server".

    Raises:
        BadConfig: a library is missing.
    """
    from importlib.util import find_spec

    from twist_scout.errors import BadConfig

    missing = [name for name in ("fastapi", "uvicorn", "prometheus_client") if find_spec(name) is None]
    if missing:
        raise BadConfig(f"{what} needs {', '.join(missing)}: pip install 'twist-scout[serve]'.")
