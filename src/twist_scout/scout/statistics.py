"""What a data set consists of: Table A.1 of the paper, and what it leaves out.

One pass over the records, in memory that does not grow with their number.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from twist_scout.boxes.steps import find_steps
from twist_scout.data.records import Example
from twist_scout.scout.references import without_references

_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_LARGEST = 1000  # values from here on share one bin
_KINDS = 64


class Distinct:
    """Counts different things; exactly up to ``limit`` of them, by estimate beyond.

    Every thing has a random place in [0, 1), its hash. The ``limit`` smallest are kept: if the largest of those lies at p,
    there are about (limit - 1) / p things, with a relative standard error of 1 / sqrt(limit - 2).

    Args:
        limit: how many places to keep; each takes eight bytes, twice over.
    """

    def __init__(self, limit: int = 1 << 20) -> None:
        self._limit = limit
        self._places = np.empty(2 * limit, dtype=np.uint64)
        self._used = 0
        self._cut: int | None = None  # places above are of no interest
        self._recent: set[str] = set()

    def add(self, thing: str) -> None:
        """See a thing, for the first time or again."""
        if thing in self._recent:
            return
        if len(self._recent) >= 1 << 16:
            self._recent.clear()
        self._recent.add(thing)
        digest = hashlib.blake2b(thing.encode("utf-8", "surrogatepass"), digest_size=8).digest()
        place = int.from_bytes(digest, "little")
        if self._cut is not None and place > self._cut:
            return
        if self._used == len(self._places):
            self._compact()
        self._places[self._used] = place
        self._used += 1

    def _compact(self) -> None:
        places = np.unique(self._places[: self._used])
        if len(places) > self._limit:
            places = places[: self._limit]
            self._cut = int(places[-1])
        self._used = len(places)
        self._places[: self._used] = places

    @property
    def exact(self) -> bool:
        """Whether the count is no estimate."""
        self._compact()
        return self._cut is None

    def count(self) -> int:
        """How many different things there were."""
        self._compact()
        if self._cut is None:
            return self._used
        return round((self._used - 1) / ((self._cut + 1) / 2**64))


@dataclass
class Spread:
    """Whole numbers, as far as a table needs them."""

    bins: Counter[int] = field(default_factory=Counter)
    total: int = 0
    least: int | None = None
    most: int | None = None

    def add(self, value: int) -> None:
        """One more number, 0 or larger."""
        self.bins[min(value, _LARGEST)] += 1
        self.total += value
        self.least = value if self.least is None else min(self.least, value)
        self.most = value if self.most is None else max(self.most, value)

    @property
    def mean(self) -> float:
        """The mean; 0 where there are no numbers."""
        return self.total / max(1, self.bins.total())

    @property
    def median(self) -> int | None:
        """The (lower) median; None where there are no numbers."""
        half, seen = (self.bins.total() + 1) // 2, 0
        for value in sorted(self.bins):
            seen += self.bins[value]
            if seen >= half:
                return value if half else None
        return None

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {"least": self.least, "median": self.median, "mean": round(self.mean, 4), "most": self.most}


class Statistics:
    """The numbers of a data set.

    Attributes:
        records: conversations.
        negatives: of those, about what is not there.
        pairs: questions with their answers (the table's Q/A pairs).
        words: running words of questions and answers, without boxes.
        mentions: references to boxes.
        turns: question and answer pairs of a conversation.
        steps: steps of an answer; answers without steps count 0.
        boxes: boxes of a record.
        answer_words: words of an answer.
        tasks: records by task; ``kinds``, by kind of question; ``sources``, by where the picture comes from.
    """

    def __init__(self) -> None:
        self.records = self.negatives = self.pairs = self.words = self.mentions = 0
        self.turns, self.steps, self.boxes, self.answer_words = Spread(), Spread(), Spread(), Spread()
        self.tasks: Counter[str] = Counter()
        self.kinds: Counter[str] = Counter()
        self.sources: Counter[str] = Counter()
        self._images, self._vocabulary, self._objects = Distinct(), Distinct(), Distinct()

    def add(self, example: Example) -> None:
        """One more record."""
        self.records += 1
        self.negatives += example.negative
        self.boxes.add(len(example.boxes))
        self.tasks[example.task] += 1
        _count(self.kinds, example.meta.get("kind"))
        provenance = example.meta.get("provenance")
        _count(self.sources, provenance.get("source") if isinstance(provenance, dict) else example.meta.get("source"))
        self._images.add(example.image)
        for box in example.boxes:
            self._objects.add(f"{example.image}\0{box[0]:.1f},{box[1]:.1f},{box[2]:.1f},{box[3]:.1f}")
        answers = 0
        for message in example.messages:
            if message.role == "system":
                continue
            self.mentions += message.content.count("<box:")
            words = _WORD.findall(without_references(message.content).lower())
            self.words += len(words)
            for word in words:
                self._vocabulary.add(word)
            if message.role == "assistant":
                answers += 1
                self.answer_words.add(len(words))
                self.steps.add(len(find_steps(message.content)))
        self.pairs += answers
        self.turns.add(answers)

    @property
    def images(self) -> Distinct:
        """Different pictures."""
        return self._images

    @property
    def vocabulary(self) -> Distinct:
        """Different words (the table's Words: its numbers are too small for running words)."""
        return self._vocabulary

    @property
    def objects(self) -> Distinct:
        """Different boxes of different pictures (the table's Objects: it has fewer than Q/A pairs)."""
        return self._objects

    def to_dict(self) -> dict[str, Any]:
        """For JSON; estimated numbers are named under ``estimated``."""
        distinct = {"images": self.images, "vocabulary": self.vocabulary, "objects": self.objects}
        return {
            "records": self.records,
            **{name: counter.count() for name, counter in distinct.items()},
            "words": self.words,
            "pairs": self.pairs,
            "negatives": self.negatives,
            "mentions": self.mentions,
            "turns": self.turns.to_dict(),
            "steps": self.steps.to_dict(),
            "boxes": self.boxes.to_dict(),
            "answer_words": self.answer_words.to_dict(),
            "tasks": dict(self.tasks.most_common()),
            "kinds": dict(self.kinds.most_common()),
            "sources": dict(self.sources.most_common()),
            "estimated": [name for name, counter in distinct.items() if not counter.exact],
        }

    def table(self) -> list[tuple[str, str]]:
        """Name and value of each row; first Table A.1, then what it leaves out."""
        rows = [
            ("images", _count_text(self.images)),
            ("words", _count_text(self.vocabulary)),
            ("turns", _range_text(self.turns)),
            ("objects", _count_text(self.objects)),
            ("Q/A pairs", f"{self.pairs:,}"),
            ("records", f"{self.records:,}"),
            ("of them negative", f"{self.negatives:,}"),
            ("running words", f"{self.words:,}"),
            ("mentions of boxes", f"{self.mentions:,}"),
            ("steps per answer", _spread_text(self.steps)),
            ("words per answer", _spread_text(self.answer_words)),
            ("boxes per record", _spread_text(self.boxes)),
        ]
        for name, counts in (("task", self.tasks), ("kind", self.kinds), ("source", self.sources)):
            rows += [(f"{name} {key}", f"{count:,}") for key, count in counts.most_common(12)]
        return rows


#: Rows of :meth:`Statistics.table` that are those of Table A.1.
TABLE_A1 = ("images", "words", "turns", "objects", "Q/A pairs")


def gather(examples: Iterable[Example]) -> Statistics:
    """The numbers of a stream of records."""
    statistics = Statistics()
    for example in examples:
        statistics.add(example)
    return statistics


def _count(counts: Counter[str], name: object) -> None:
    """Count a name; beyond some number of names, the others together."""
    if isinstance(name, str) and name:
        short = name[:60]
        counts[short if short in counts or len(counts) < _KINDS else "others"] += 1


def _count_text(counter: Distinct) -> str:
    return f"{counter.count():,}" if counter.exact else f"≈ {counter.count():,}"


def _range_text(spread: Spread) -> str:
    if spread.least is None:
        return "–"
    return f"{spread.least}" if spread.least == spread.most else f"{spread.least} ~ {spread.most}"


def _spread_text(spread: Spread) -> str:
    return f"{spread.mean:.2f} ({_range_text(spread)})"
