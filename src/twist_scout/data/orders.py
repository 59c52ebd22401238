"""Shuffled orders that a seed and some marks decide, and nothing else."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np

#: Numbers of records that are kept in an order once made: 64 MB.
KEPT = 1 << 24


def shuffled(count: int, *marks: object) -> np.ndarray:
    """The numbers 0 to ``count`` - 1 in an order that the marks decide, on every machine and with every version of numpy.

    Returns:
        (count,) integers of 32 bits.
    """
    digest = hashlib.blake2b(repr(marks).encode(), digest_size=8).digest()
    keys = np.arange(count, dtype=np.uint64) + np.uint64(int.from_bytes(digest, "little"))
    # The finaliser of splitmix64: one to one, so no two keys are equal.
    keys = (keys ^ (keys >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    keys = (keys ^ (keys >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.argsort(keys ^ (keys >> np.uint64(31))).astype(np.uint32)


class Orders:
    """Makes orders, and keeps those that were used last.

    Args:
        seed: of all of them.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._made: dict[tuple[object, ...], np.ndarray] = {}

    def __call__(self, count: int, *marks: object) -> np.ndarray:
        """An order of ``count`` numbers."""
        found = self._made.pop((count, *marks), None)
        if found is None:
            found = shuffled(count, self._seed, *marks)
            while self._made and sum(map(len, self._made.values())) + count > KEPT:
                self._made.pop(next(iter(self._made)))
        self._made[(count, *marks)] = found  # the last one used is the last to go
        return found

    def __getstate__(self) -> dict[str, Any]:
        """Without the orders: the workers of a loader make their own."""
        return {"_seed": self._seed, "_made": {}}
