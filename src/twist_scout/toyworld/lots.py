"""Drawing lots for language: which of several wordings, which of several objects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Wordings:
    """The wordings of one kind of prompt; gaps are ``{names}``.

    Attributes:
        known: those that training may show.
        unseen: those kept for tests of what was generalised.
    """

    known: tuple[str, ...]
    unseen: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Lots:
    """A source of lots.

    Attributes:
        rng: where they come from; the same generator in the same state draws the same.
        unseen: whether prompts are worded as training never words them.
    """

    rng: np.random.Generator
    unseen: bool = False

    def chance(self, share: float) -> bool:
        """Yes in ``share`` of all cases."""
        return bool(self.rng.random() < share)

    def one(self, options: Sequence[T]) -> T:
        """One of several."""
        return options[int(self.rng.integers(len(options)))]

    def weighted(self, options: Sequence[T], weights: Sequence[float]) -> T:
        """One of several, some more often than others."""
        shares = np.array(weights, dtype=float)
        return options[int(self.rng.choice(len(options), p=shares / shares.sum()))]

    def shuffled(self, options: Sequence[T]) -> list[T]:
        """All of them in some order."""
        return [options[int(i)] for i in self.rng.permutation(len(options))]

    def words(self, table: Mapping[str, Wordings], kind: str, **gaps: str) -> str:
        """One of a kind's wordings with its gaps filled."""
        wordings = table[kind]
        text = self.one(wordings.unseen if self.unseen else wordings.known)
        return text.format(**gaps)
