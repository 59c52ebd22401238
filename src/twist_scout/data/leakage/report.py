"""Which pictures of training data are evaluation pictures, with the lines that use them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from twist_scout.data.leakage.guard import LeakageGuard, Match
from twist_scout.data.leakage.reading import Picture, listed_pictures

Track = Callable[[list[Picture]], Iterable[Picture]]


@dataclass(frozen=True)
class Leak:
    """A picture that may not be trained on.

    Attributes:
        file: the training data that use it.
        image: its name there.
        line: of the first record that does; 0 where the data have no lines.
        records: how many do.
        match: the evaluation picture that it is.
    """

    file: str
    image: str
    line: int
    records: int
    match: Match


@dataclass
class LeakageReport:
    """What was found.

    Attributes:
        pictures: training pictures that were looked at.
        records: lines, or listed pictures, that use them.
        against: pictures in each evaluation set.
        leaks: in the order of the data.
        hashed: evaluation pictures that were compared by hash; None: only names were compared.
        unhashed: pictures of either side that could only be compared by name.
    """

    pictures: int = 0
    records: int = 0
    against: dict[str, int] = field(default_factory=dict)
    leaks: list[Leak] = field(default_factory=list)
    hashed: int | None = None
    unhashed: dict[str, int] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return asdict(self)


def find_leaks(
    data: Iterable[str | Path],
    guard: LeakageGuard,
    *,
    images: Iterable[str | Path] = (),
    track: Track = iter,
) -> LeakageReport:
    """Look for evaluation pictures in training data.

    Args:
        data: records, annotations, folders, lists: anything that `listed_pictures` reads.
        guard: knows the evaluation sets.
        images: folders to look for the training pictures in.
        track: is handed the pictures of each source and hands them on one by one: a progress bar.

    Raises:
        BadInput: some of the data cannot be read.
    """
    report = LeakageReport(against=dict(guard.sizes), hashed=guard.hashed or None)
    roots = [Path(folder).expanduser() for folder in images]
    for source in data:
        uses: Counter[str] = Counter()
        pictures: list[Picture] = []
        for picture in listed_pictures(source, roots):
            if picture.name not in uses:
                pictures.append(picture)
            uses[picture.name] += 1
        report.pictures += len(pictures)
        report.records += uses.total()
        for picture, match in zip(pictures, guard.find_all(track(pictures)), strict=True):
            if match is not None:
                report.leaks.append(Leak(str(source), picture.name, picture.line, uses[picture.name], match))
    report.unhashed = {side: count for side, count in guard.unhashed.items() if count}
    return report
