"""A question with its exact answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from twist_scout.toyworld.lots import Lots
from twist_scout.toyworld.scene import Scene


@dataclass(frozen=True, slots=True)
class Question:
    """A prompt and its exact answer.

    Attributes:
        kind: question type, e.g. ``color``; accuracy is reported per kind.
        prompt: what the user types.
        answer: the right answer.
        sentence: the same answer as a whole sentence, for prompts that ask for one; empty where there is none.
        accepted: other answers that are just as right.
        held_out: whether it is about something that training never shows.
    """

    kind: str
    prompt: str
    answer: str
    sentence: str = ""
    accepted: tuple[str, ...] = ()
    held_out: bool = False

    @property
    def in_a_sentence(self) -> Question:
        """The question that asks for a whole sentence, with that answer; itself where there is none."""
        if not self.sentence:
            return self
        return replace(self, prompt=f"{self.prompt} {IN_A_SENTENCE}", answer=self.sentence)


IN_A_SENTENCE = "Answer in a sentence."

Asker = Callable[[Scene, Lots], Question | None]
