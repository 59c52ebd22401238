"""A training set mixed from several, each with its share (§5: REC, GIC and SCOUT).

Which record stands at which place is a function of the seed and the place alone: nothing is drawn on the way. So any record
can be asked for at any time, a run goes on where it stopped, and readers that take every n-th place share the work without
a word to each other. Only the places of records are kept in memory, not the records.

::

    part         records   an epoch takes
    rec           40,000          128,000    every record 3 or 4 times
    gic          108,000          108,000    every record once
    scout      3,000,000          512,000    a sixth of them, the same in every epoch (or others, if asked for)
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from torch.utils.data import Dataset, IterableDataset, get_worker_info

from twist_scout.data.mixture_parts import OpenedPart, Part, PartCount, records_taken
from twist_scout.data.orders import Orders
from twist_scout.data.records import Example
from twist_scout.errors import BadConfig, BadInput

__all__ = ["Draw", "Mixture", "MixtureStream", "Part", "PartCount"]


class Draw(NamedTuple):
    """Which record stands at a place.

    Attributes:
        part: name of its part.
        record: its number within the part, from 0.
        repeat: how often it stands at an earlier place.
    """

    part: str
    record: int
    repeat: int


class Mixture(Dataset[Example]):
    """Records of several parts in one order, ``epochs`` times over; a map-style data set.

    Args:
        parts: what is mixed; at least one.
        seed: of the order and of the choice.
        size: records in an epoch, for parts that have a weight and no size.
        epochs: how often the mixture is gone through, in another order each time.
        fresh: take other records of a large part in the next epoch, until all have been seen; by default an epoch takes
            the same ones, so that a data set of 128,000 is one of 128,000.
        refuse: records to leave out, by their image path: it is asked once for each picture (see `data.leakage`).

    A smaller ``size`` of a part is a subset of a larger one: sizes can be compared.

    Raises:
        BadConfig: sizes and weights do not fit together, or two parts have one name.
        BadInput: a file cannot be read, or a part that should give records has none.
        BadRecord: a line is not a valid record.
    """

    def __init__(
        self,
        parts: Sequence[Part],
        *,
        seed: int = 0,
        size: int | None = None,
        epochs: int = 1,
        fresh: bool = False,
        refuse: Callable[[str], bool] | None = None,
    ) -> None:
        names = [part.name for part in parts]
        if not parts or len(set(names)) < len(names):
            raise BadConfig("A mixture has one or more parts, each with a name of its own.")
        if epochs < 1:
            raise BadConfig(f"A mixture is gone through once or more, not {epochs} times.")
        self.seed, self.epochs, self.fresh = seed, epochs, fresh
        self._opened = [OpenedPart(part, refuse) for part in parts]
        taken = records_taken(parts, [len(opened) for opened in self._opened], size)
        self.counts = [
            PartCount(part.name, len(opened), count, opened.refused)
            for part, opened, count in zip(parts, self._opened, taken, strict=True)
        ]
        for count in self.counts:
            if count.taken and not count.records:
                raise BadInput(f"Part {count.name!r} has no records to take: give a file that holds some.")
        self.per_epoch = sum(taken)
        if not self.per_epoch:
            raise BadInput("The mixture is empty: give at least one part a size or a weight above 0.")
        self._ends = np.cumsum(taken)
        self._orders = Orders(seed)

    def __len__(self) -> int:
        return self.per_epoch * self.epochs

    def draw(self, place: int) -> Draw:
        """Which record stands at a place, without reading it.

        Raises:
            IndexError: there is no such place.
        """
        part, record, repeat = self._draw(place)
        return Draw(self.counts[part].name, record, repeat)

    def __getitem__(self, place: int) -> Example:
        """The record at a place."""
        part, record, _ = self._draw(place)
        return self._opened[part][record]

    def stream(self, start: int = 0, *, rank: int = 0, world: int = 1) -> MixtureStream:
        """The records in order, from a place on; of several readers every one gets its own.

        Args:
            start: the first place that is read.
            rank: of this process among those that share the work.
            world: how many of them there are.
        """
        return MixtureStream(self, start, rank=rank, world=world)

    @property
    def fingerprint(self) -> str:
        """A mark of what decides the order; equal for the same recipe and the same files."""
        parts = [
            (count.name, count.taken, opened.mark) for count, opened in zip(self.counts, self._opened, strict=True)
        ]
        return hashlib.blake2b(repr((self.seed, self.fresh, parts)).encode(), digest_size=8).hexdigest()

    def _draw(self, place: int) -> tuple[int, int, int]:
        if not -len(self) <= place < len(self):
            raise IndexError(f"there are {len(self):,} places in the mixture, and {place} is none of them")
        epoch, position = divmod(place % len(self), self.per_epoch)
        slot = int(self._orders(self.per_epoch, "order", epoch)[position])
        part = int(np.searchsorted(self._ends, slot, side="right"))
        count = self.counts[part]
        number = slot - int(self._ends[part]) + count.taken  # among what the epoch takes of the part
        if self.fresh:
            number += epoch * count.taken
        repeat, at = divmod(number, count.records)
        if not self.fresh:
            repeat += epoch * -((at - count.taken) // count.records)
        return part, int(self._orders(count.records, "part", count.name)[at]), repeat


class MixtureStream(IterableDataset[Example]):
    """A mixture's records one after another, for loaders that read streams.

    Processes (``rank`` of ``world``) and the workers of a loader take turns by place: together they give every record
    once. ``state_dict`` says how far this reader came; readers that are equally far share one state, and it can be loaded
    with another number of processes or workers.

    Args:
        mixture: what is read.
        start: the first place.
        rank: of this process.
        world: number of processes.
    """

    def __init__(self, mixture: Mixture, start: int = 0, *, rank: int = 0, world: int = 1) -> None:
        if not 0 <= rank < world:
            raise BadConfig(f"Rank {rank} of {world} processes: ranks are 0 to {world - 1}.")
        self.mixture, self.start, self.rank, self.world = mixture, start, rank, world
        self._given, self._readers = 0, world

    def __iter__(self) -> Iterator[Example]:
        """From ``start``, or from where a loaded state ends."""
        worker = get_worker_info()
        workers, number = (1, 0) if worker is None else (worker.num_workers, worker.id)
        first = self.start
        self._given, self._readers = 0, self.world * workers
        for place in range(first + self.rank * workers + number, len(self.mixture), self._readers):
            self._given += 1
            yield self.mixture[place]

    def state_dict(self) -> dict[str, Any]:
        """Where the next iteration goes on: ``place`` (all readers being equally far), and the mixture's mark."""
        return {"place": self.start + self._given * self._readers, "mixture": self.mixture.fingerprint}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a state.

        Raises:
            BadConfig: it is that of another mixture.
        """
        if state["mixture"] != self.mixture.fingerprint:
            raise BadConfig(
                "The state is that of a mixture with other parts, sizes or seed: use the same recipe and files."
            )
        self.start, self._given = int(state["place"]), 0
