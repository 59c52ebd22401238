"""The models that can be chosen on the page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from twist_scout.errors import BadConfig

if TYPE_CHECKING:
    from twist_scout.serving.limits import Limits
    from twist_scout.serving.model import RowModel

#: On the command line, in place of an adapter: this model has none.
NO_ADAPTER = "-"


@dataclass(frozen=True, slots=True)
class Choice:
    """A model that can be chosen.

    Attributes:
        name: as the page calls it; no two are equal.
        model: folder or hub id; None: the base that the adapter names, or the pocket's.
        adapter: folder; None with a model: the model alone; None without: the pocket's.
    """

    name: str
    model: str | None
    adapter: str | None


def choices_of(models: Sequence[str], adapters: Sequence[str]) -> list[Choice]:
    """The choices that a command line names.

    Args:
        models: none: every adapter goes on the base that it names; one: on this; several: each with the adapter in its place.
        adapters: folders; ``-`` for none.

    Raises:
        BadConfig: several models, and another number of adapters.
    """
    pairs: list[tuple[str | None, str | None]]
    if len(models) > 1:
        if adapters and len(adapters) != len(models):
            raise BadConfig(
                f"{len(adapters)} adapters do not go with {len(models)} models: give one for each model in the same order, "
                f"{NO_ADAPTER!r} for none."
            )
        pairs = list(zip(models, adapters or [NO_ADAPTER] * len(models), strict=True))
    else:
        model = models[0] if models else None
        pairs = [(model, adapter) for adapter in adapters] or [(model, None if model is None else NO_ADAPTER)]
    named = list(_named(pairs))
    if any(model is None and adapter == NO_ADAPTER for model, adapter in pairs):
        raise BadConfig(f"--adapter {NO_ADAPTER} is a model without an adapter: give --model too.")
    return named


def load(choice: Choice, device: str | None, limits: Limits) -> RowModel:
    """Load what was chosen, and try it once.

    Args:
        choice: the model.
        device: where to; None: a GPU if there is one.
        limits: where answers are cut that do not end.

    Raises:
        BadModel: a folder does not hold what it should.
        BadConfig: there is no such device.
    """
    from twist_scout.loading import resolve_folders
    from twist_scout.serving.model import RowModel

    base, adapter = resolve_folders(choice.model, choice.adapter)
    model = RowModel.from_pretrained(base, adapter, device)
    model.default_new_tokens = limits.default_new_tokens
    model.probe()
    return model


def _named(pairs: Sequence[tuple[str | None, str | None]]) -> Iterator[Choice]:
    taken: set[str] = set()
    for model, adapter in pairs:
        bare = adapter in (None, NO_ADAPTER)
        told = " + ".join(_short(part) for part in (model, adapter) if part not in (None, NO_ADAPTER))
        name, number = told or "pocket", 1
        while name in taken:
            number += 1
            name = f"{told or 'pocket'} ({number})"
        taken.add(name)
        yield Choice(name, model, None if bare else adapter)


def _short(given: str | None) -> str:
    """A folder's own name, or a hub id."""
    text = str(given)
    path = Path(text).expanduser()
    return path.resolve().name if path.exists() else text
