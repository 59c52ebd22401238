"""What a model is asked: an id, a picture and a prompt for each line of a prediction file."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from twist_scout.data.tasks.templates import chosen
from twist_scout.errors import BadConfig, BadInput

Task = Literal["referring", "localization", "captioning", "understanding", "rejection"]
Mode = Literal["grounding", "understanding"]

MODES: Mapping[Task, Mode] = {
    "referring": "grounding",
    "localization": "grounding",
    "captioning": "grounding",
    "understanding": "understanding",
    "rejection": "grounding",
}
"""Which expert answers: the twin, or the base alone (Eq. 9)."""


@dataclass(frozen=True, slots=True)
class Question:
    """One line to be predicted.

    Attributes:
        id: that of the truth.
        image: the picture's name as the truth has it; None for a question about no picture.
        prompt: what the model is asked.
    """

    id: str
    image: str | None
    prompt: str


@dataclass(frozen=True)
class Wording:
    """How questions of a task are put.

    Attributes:
        templates: the ways to put one; each question gets one of them, by its id and the seed.
        seed: decides which.
    """

    templates: tuple[str, ...]
    seed: int = 0

    def __call__(self, id: str, **words: str) -> str:
        """The prompt of a question.

        Raises:
            BadConfig: a template has a placeholder that the question does not fill.
        """
        template = chosen(self.templates, self.seed, id)
        try:
            prompt = template.format(**words)
        except (KeyError, IndexError, ValueError, AttributeError) as error:
            known = ", ".join(f"{{{name}}}" for name in words)
            raise BadConfig(
                f"The prompt {template!r} cannot be filled: its placeholders may be {known or 'none'}; a brace itself is "
                "written twice."
            ) from error
        return prompt


@dataclass(frozen=True)
class QuestionSet:
    """All questions of a run, in the order of the data.

    Attributes:
        task: what they ask for.
        questions: each with an id of its own.
        wording: how they are put.
        remark: about the data, for the user; may be empty.
    """

    task: Task
    questions: tuple[Question, ...]
    wording: Wording
    remark: str = ""

    @property
    def digest(self) -> str:
        """Hash of all ids, pictures and prompts."""
        digest = hashlib.blake2b(digest_size=16)
        for question in self.questions:
            digest.update(repr((question.id, question.image, question.prompt)).encode("utf-8", "surrogatepass"))
        return digest.hexdigest()


class NothingToAsk(BadInput):
    """Data without a single question of the task."""


def checked(questions: Iterable[Question], where: object, limit: int | None = None) -> tuple[Question, ...]:
    """The questions, the first ``limit`` of them.

    Raises:
        NothingToAsk: there are none.
        BadInput: two have one id.
    """
    found: list[Question] = []
    seen: set[str] = set()
    for question in questions:
        if limit is not None and len(found) >= limit:
            break
        if question.id in seen:
            raise BadInput(f"{where} has two questions with the id {question.id!r}: answers are joined by id.")
        seen.add(question.id)
        found.append(question)
    if not found:
        raise NothingToAsk(f"There is nothing to ask in {where}.")
    return tuple(found)


def batches(questions: Sequence[Question], size: int, window: int = 1024) -> list[list[int]]:
    """Question numbers in batches of like length, so that little is padded; the same for the same questions and size.

    Questions with a picture and those without one never share a batch. Only questions that are close in the data are
    sorted, so that answers come roughly in its order and pictures are read once.

    Args:
        questions: all of a run.
        size: at most so many in a batch.
        window: so many are sorted at a time.
    """
    found: list[list[int]] = []
    for start in range(0, len(questions), window):
        numbers = range(start, min(start + window, len(questions)))
        for without in (False, True):
            alike = [number for number in numbers if (questions[number].image is None) is without]
            alike.sort(key=lambda number: (-len(questions[number].prompt), number))
            found += [alike[first : first + size] for first in range(0, len(alike), size)]
    return found
