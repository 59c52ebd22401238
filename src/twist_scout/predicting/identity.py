"""What decides about answers: a run goes on only with the same.

Weights are told by a fingerprint of their files and not by their place, so a folder may be moved, and an adapter that was
trained again in the same folder is another one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from twist_scout.errors import BadConfig, BadModel
from twist_scout.loading import Source

FORMAT = 1
"""Of the sidecar, and of how answers are made; another number where the same settings would give other answers."""

_WHOLE = 1 << 20
_PIECE, _PIECES = 1 << 14, 64
#: What a model, its processor and an adapter are made of; remarks, certificates and logs are not among them.
_PATTERNS = (
    "*.safetensors",
    "*.bin",
    "config.json",
    "generation_config.json",
    "adapter_config.json",
    "tokenizer*",
    "vocab*",
    "merges.txt",
    "*processor_config.json",
    "preprocessor_config.json",
    "chat_template*",
    "added_tokens.json",
    "special_tokens_map.json",
)


def fingerprint(source: Source | None) -> str | None:
    """What tells a model or adapter from others: a hash of a folder's files, or the hub id itself.

    Small files are read whole, of large ones 64 pieces all over: training moves every weight.

    Raises:
        BadModel: a file of the folder cannot be read.
    """
    if source is None:
        return None
    folder = Path(source).expanduser()
    if not folder.is_dir():
        return str(source)
    digest = hashlib.blake2b(digest_size=16)
    files = sorted({file for pattern in _PATTERNS for file in folder.glob(pattern) if file.is_file()})
    try:
        for file in files:
            digest.update(f"{file.name} {file.stat().st_size}\n".encode("utf-8", "surrogateescape"))
            digest.update(_sampled(file))
    except OSError as error:
        raise BadModel(
            f"{error.filename or folder} cannot be read ({error.strerror or error}): check the folder."
        ) from error
    return digest.hexdigest()


def _sampled(file: Path) -> bytes:
    size = file.stat().st_size
    if size <= _WHOLE:
        return file.read_bytes()
    pieces = []
    with file.open("rb") as opened:
        for number in range(_PIECES):
            opened.seek((size - _PIECE) * number // (_PIECES - 1))
            pieces.append(opened.read(_PIECE))
    return b"".join(pieces)


def check_same(before: Mapping[str, Any] | None, now: Mapping[str, Any], path: Path) -> None:
    """Refuse to mix runs.

    Args:
        before: the settings with which the file was begun; None where it is not told.
        now: those of this run.
        path: the prediction file.

    Raises:
        BadConfig: they differ; says in what.
    """
    if before is None:
        raise BadConfig(
            f"{path} is there, and no file beside it says how it was made: give another --out, or start over with "
            "--restart."
        )
    changed = _differences(before, json.loads(json.dumps(now)))
    if changed:
        raise BadConfig(
            f"{path} was begun with other settings ({'; '.join(changed[:3])}): give the same to go on with it, give "
            "another --out, or start over with --restart."
        )


def _differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    return [
        f"{key.replace('_', ' ')} {_short(old.get(key))}, now {_short(new.get(key))}"
        for key in dict.fromkeys([*old, *new])
        if old.get(key) != new.get(key)
    ]


def _short(value: Any) -> str:
    text = "unset" if value is None else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:57]}..."
