"""Image understanding: short answers against the one right answer, per question type. §5.3 of the
paper.

What a base model can do before tuning must still be there after it; TWIST keeps it to the bit (the
certificate), and this measure says how much there was to keep.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from twist_scout.boxes.grounded import GroundedText

_ARTICLES = {"a", "an", "the"}
_WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_NUMBERS = {word: str(number) for number, word in enumerate(_WORDS)}


@dataclass(frozen=True, slots=True)
class UnderstandingRecord:
    """What a model answered to a question, the right answer, and the type of the question
    (``color``, ``count``, ...).
    """

    prediction: str | GroundedText
    truth: str
    kind: str = "all"


@dataclass(frozen=True, slots=True)
class UnderstandingResult:
    """Accuracy over all questions and by type.

    Attributes:
        total: number of questions.
        correct: answers that match the truth after normalisation.
        by_kind: question type -> (correct, total).
    """

    total: int
    correct: int
    by_kind: Mapping[str, tuple[int, int]] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def accuracy(self) -> float:
        """Share of right answers over all questions in [0, 1]; NaN where there were none."""
        return self.correct / self.total if self.total else float("nan")

    def __str__(self) -> str:
        kinds = ", ".join(f"{k} {c / n:.3f}" for k, (c, n) in self.by_kind.items())
        return f"understanding accuracy {self.accuracy:.4f} ({self.correct} of {self.total}: {kinds})"


def normalise_answer(text: str) -> str:
    """Lower case without punctuation and articles, number words as digits: ``"A red car."`` ->
    ``"red car"``.
    """
    words = re.findall(r"[\w'-]+", text.lower())
    return " ".join(_NUMBERS.get(w, w) for w in words if w not in _ARTICLES)


def answer_matches(prediction: str, truth: str) -> bool:
    """Whether an answer says what the truth says.

    Both are normalised and must then be equal. To a yes-or-no question, an answer may go on after
    its first word ("Yes, there is.").
    """
    said, meant = normalise_answer(prediction), normalise_answer(truth)
    if meant in ("yes", "no"):
        return said.split(" ", 1)[0] == meant
    return said == meant


def evaluate_understanding(records: Iterable[UnderstandingRecord]) -> UnderstandingResult:
    """Accuracy of short answers.

    Args:
        records: answers with the right answer and the question type; every question weighs the same
            in the total.
    """
    tallies: dict[str, list[int]] = {}
    for record in records:
        said = record.prediction if isinstance(record.prediction, str) else record.prediction.text
        tally = tallies.setdefault(record.kind, [0, 0])
        tally[0] += answer_matches(said, record.truth)
        tally[1] += 1
    return UnderstandingResult(
        total=sum(n for _, n in tallies.values()),
        correct=sum(c for c, _ in tallies.values()),
        by_kind=MappingProxyType({k: (c, n) for k, (c, n) in sorted(tallies.items())}),
    )
