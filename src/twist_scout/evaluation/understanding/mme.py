"""MME: two yes-or-no questions about each picture, one to be answered with yes and one with no.

``acc`` is the share of questions answered rightly, ``acc_plus`` the share of pictures both of whose questions were. A task
scores 100 × (acc + acc_plus); ``perception`` is the sum of ten tasks (at most 2000), ``cognition`` that of four (at
most 800). An answer counts as yes if its first four characters hold "yes", else as no if they hold "no", else as
neither: as MME's own script reads it, white space before the answer aside.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from twist_scout.evaluation.result import ResultTable
from twist_scout.evaluation.understanding.question import Grade, Question

PERCEPTION = tuple("existence count position color posters celebrity scene landmark artwork OCR".split())
COGNITION = ("commonsense_reasoning", "numerical_calculation", "text_translation", "code_reasoning")
TASKS = {"perception": PERCEPTION, "cognition": COGNITION}
DIVISION = "task"


@dataclass(frozen=True, slots=True)
class TaskScore:
    """What one of MME's tasks scores.

    Attributes:
        acc: share of questions answered rightly, in [0, 1].
        acc_plus: share of pictures with both questions answered rightly, in [0, 1].
        pictures: their number.
    """

    acc: float
    acc_plus: float
    pictures: int

    @property
    def score(self) -> float:
        """Points, at most 200."""
        return 100 * (self.acc + self.acc_plus)


def yes_or_no(text: str) -> str | None:
    """What MME's script takes an answer for; None where it is neither."""
    start = text.lstrip()[:4].lower()
    return "yes" if "yes" in start else "no" if "no" in start else None


def grade_mme(text: str, question: Question) -> Grade:
    """Grade an answer: 1 where it is the right one."""
    said = yes_or_no(text)
    return Grade(float(said == question.answers[0]), said)


def task_scores(questions: Mapping[str, Question], grades: Mapping[str, Grade]) -> dict[str, TaskScore]:
    """The score of each task, in the order of MME, then of the truth."""
    pairs: dict[str, dict[str, list[float]]] = {}
    for id, question in questions.items():
        (task,) = question.groups[DIVISION]
        pairs.setdefault(task, {}).setdefault(id.rpartition("/")[0], []).append(grades[id].score)
    known = [task for tasks in TASKS.values() for task in tasks]
    scores = {}
    for task in sorted(pairs, key=lambda name: known.index(name) if name in known else len(known)):
        found = pairs[task].values()
        total = sum(map(len, found))
        both = sum(all(pair) for pair in found)
        scores[task] = TaskScore(math.fsum(map(sum, found)) / total, both / len(found), len(found))
    return scores


def sums(scores: Mapping[str, TaskScore]) -> dict[str, float]:
    """``perception`` and ``cognition``, as far as the truth has their tasks; tasks that MME does not know are in neither."""
    return {
        part: math.fsum(scores[task].score for task in tasks if task in scores)
        for part, tasks in TASKS.items()
        if any(task in scores for task in tasks)
    }


def tasks_table(scores: Mapping[str, TaskScore]) -> ResultTable:
    """Accuracy, accuracy+ and points of each task."""
    rows = [
        (task, f"{score.acc:.4f}", f"{score.acc_plus:.4f}", f"{score.score:.2f}", f"{score.pictures:,}")
        for task, score in scores.items()
    ]
    return ResultTable("each task", (DIVISION, "acc", "acc+", "score", "pictures"), rows)


def remark(scores: Mapping[str, TaskScore]) -> str:
    """What the sums leave out, if anything."""
    left_out = [
        f"{part} is the sum of {present} of its {len(tasks)} tasks"
        for part, tasks in TASKS.items()
        if 0 < (present := sum(task in scores for task in tasks)) < len(tasks)
    ]
    return "; ".join(left_out).capitalize() + "." if left_out else ""
