"""The parts of a mixture: where their records are, and how many of them an epoch takes."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from twist_scout.data.dataset import ExampleDataset
from twist_scout.data.records import Example, write_examples
from twist_scout.errors import BadConfig

#: Records an epoch takes of the parts of these names, where nothing else is said: the paper's (§5).
PAPER_SIZES = {"rec": 128_000, "gic": 108_000, "scout": 512_000}


@dataclass(frozen=True)
class Part:
    """One of the sets that are mixed.

    Attributes:
        name: decides, with the seed, its order; so a part's order does not change when others come or go.
        examples: JSONL files, a sequence of records, or anything that yields records (kept in a temporary file).
        size: how many of its records an epoch takes.
        weight: instead of ``size``: with a size of the mixture, its share of what is left of it; else how often an epoch
            takes each record.
        image_root: the folder that image paths are relative to; that of each file if not given.
        confined: refuse image paths that leave their folder.
    """

    name: str
    examples: str | Path | Sequence[str | Path] | Iterable[Example]
    size: int | None = None
    weight: float | None = None
    image_root: str | Path | None = None
    confined: bool = False

    def __post_init__(self) -> None:
        if self.size is not None and self.weight is not None:
            raise BadConfig(f"Part {self.name!r} has a size and a weight: give one of them.")
        if self.size is not None and self.size < 0:
            raise BadConfig(f"The size of part {self.name!r} is {self.size}: give a number of records.")
        if self.weight is not None and not 0 <= self.weight < float("inf"):
            raise BadConfig(f"The weight of part {self.name!r} is {self.weight}: give a number of 0 or more.")


@dataclass(frozen=True)
class PartCount:
    """What a mixture takes of a part.

    Attributes:
        name: of the part.
        records: it has, without those that were refused.
        taken: in an epoch, repeats included.
        refused: left out by the leakage guard.
    """

    name: str
    records: int
    taken: int
    refused: int = 0

    def __str__(self) -> str:
        """``rec: 128,000 of 40,000 records, each 3 or 4 times``."""
        least, more = divmod(self.taken, self.records) if self.records else (0, 0)
        if least == 0:
            how = ""
        elif more == 0:
            how = ", each once" if least == 1 else f", each {least} times"
        else:
            how = f", each {least} or {least + 1} times"
        refused = f"; {self.refused:,} refused" if self.refused else ""
        return f"{self.name}: {self.taken:,} of {self.records:,} records{how}{refused}"


class OpenedPart:
    """A part with its records at hand, by number.

    Args:
        part: what to open.
        refuse: whether to leave out the records of a picture; asked once for each.
    """

    def __init__(self, part: Part, refuse: Callable[[str], bool] | None = None) -> None:
        self._file: tempfile.TemporaryDirectory[str] | None = None
        self._records: Any = self._open(part)
        self._kept: np.ndarray | None = None
        self.refused = 0
        if refuse is not None:
            verdicts: dict[str, bool] = {}
            kept = []
            for number in range(len(self._records)):
                image = self._records[number].image
                if image not in verdicts:
                    verdicts[image] = refuse(image)
                if not verdicts[image]:
                    kept.append(number)
            self.refused = len(self._records) - len(kept)
            self._kept = np.array(kept, np.int64) if self.refused else None

    def _open(self, part: Part) -> Any:
        given: Any = part.examples
        if isinstance(given, (str, Path)):
            given = [given]
        if isinstance(given, Sequence) and given and all(isinstance(each, (str, Path)) for each in given):
            return ExampleDataset(given, image_root=part.image_root, confined=part.confined)
        if hasattr(given, "__getitem__") and hasattr(given, "__len__"):
            return given
        self._file = tempfile.TemporaryDirectory(prefix="twist-scout-mixture-")
        path = Path(self._file.name) / "part.jsonl"
        if not write_examples(path, given):
            return []
        return ExampleDataset(path, image_root=part.image_root or Path(), confined=part.confined)

    def __getstate__(self) -> dict[str, Any]:
        """For the workers of a loader; the temporary file stays with the process that made it."""
        return {**self.__dict__, "_file": None}

    @property
    def mark(self) -> tuple[object, ...]:
        """What changes when the part's records do: how many there are, and how large the files."""
        paths = getattr(self._records, "paths", [])
        return (len(self), self.refused, *(Path(path).stat().st_size for path in paths))

    def __len__(self) -> int:
        return len(self._records) - self.refused

    def __getitem__(self, number: int) -> Example:
        example: Example = self._records[number if self._kept is None else int(self._kept[number])]
        return example


def records_taken(parts: Sequence[Part], records: Sequence[int], size: int | None) -> list[int]:
    """How many records an epoch takes of each part.

    Args:
        parts: with their sizes and weights.
        records: how many each part has.
        size: of the whole mixture, if it is given.

    Raises:
        BadConfig: the sizes of the parts do not fit that of the mixture.
    """
    own = [part.size for part in parts]
    weights = [1.0 if part.weight is None else part.weight for part in parts]
    if size is None:
        own = [PAPER_SIZES.get(part.name) if part.size is part.weight is None else part.size for part in parts]
        shares = [round(weight * count) for weight, count in zip(weights, records, strict=True)]
        return [share if fixed is None else fixed for fixed, share in zip(own, shares, strict=True)]
    left = size - sum(fixed or 0 for fixed in own)
    open_weights = [weight if fixed is None else 0.0 for weight, fixed in zip(weights, own, strict=True)]
    if left < 0 or (left and not sum(open_weights)):
        raise BadConfig(f"A mixture of {size:,} records does not fit the sizes of its parts: they leave {left:,}.")
    shares = _shares(left, open_weights)
    return [share if fixed is None else fixed for fixed, share in zip(own, shares, strict=True)]


def _shares(total: int, weights: Sequence[float]) -> list[int]:
    """Whole numbers in the ratio of the weights that add up to the total: the largest remainders are rounded up."""
    exact = [total * weight / (sum(weights) or 1.0) for weight in weights]
    shares = [int(value) for value in exact]
    by_remainder = sorted(range(len(weights)), key=lambda i: (shares[i] - exact[i], i))
    for index in by_remainder[: total - sum(shares)]:
        shares[index] += 1
    return shares
