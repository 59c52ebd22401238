"""Files of prompts with their modes: one JSON object a line, ``{"prompt": ..., "mode": ...}``."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from pathlib import Path

from twist_scout.errors import BadInput, BadRecord
from twist_scout.routing.prompts import Prompt

#: Names that a mode may have: they become names of adapters.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


def read_prompts(path: str | Path, modes: Collection[str] | None = None) -> Iterator[Prompt]:
    """Read prompts and their modes; empty lines are passed over, other keys ignored but ``kind``.

    Args:
        path: the file.
        modes: the modes that are known; None allows any name.

    Raises:
        BadInput: the file cannot be read, or holds no prompt.
        BadRecord: a line is not such an object, or its mode is unknown.
    """
    path = Path(path)
    number = 0
    empty = True
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    empty = False
                    yield _prompt(line, path, number, modes)
    except OSError as error:
        raise BadInput(f"{path} cannot be read ({error.strerror or error}): check the path.") from error
    if empty:
        raise BadInput(f'{path} holds no prompt: write lines like {{"prompt": "Find the dog.", "mode": "grounding"}}.')


def _prompt(line: bytes, path: Path, number: int, modes: Collection[str] | None) -> Prompt:
    try:
        record = json.loads(line)
    except ValueError as error:
        raise BadRecord(path, number, f"not JSON ({error}); write one object a line.") from error
    if not isinstance(record, dict):
        raise BadRecord(path, number, 'not an object; write {"prompt": ..., "mode": ...}.')
    prompt, mode = record.get("prompt"), record.get("mode")
    if not isinstance(prompt, str) or not prompt.strip():
        raise BadRecord(path, number, 'no text under the key "prompt".')
    if not isinstance(mode, str) or not _NAME.fullmatch(mode):
        raise BadRecord(path, number, 'no name of letters, digits, "-", "_" and "." under the key "mode".')
    if modes is not None and mode not in modes:
        raise BadRecord(path, number, f"the mode {mode!r} is not one of {', '.join(modes)}: retrain with --extra.")
    return Prompt(prompt, mode, str(record.get("kind", "")))
