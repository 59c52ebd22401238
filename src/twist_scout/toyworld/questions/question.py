"""A question with its exact answer, and the wordings of every kind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from twist_scout.toyworld.scene import Scene

Rng = np.random.Generator


@dataclass(frozen=True, slots=True)
class Question:
    """A prompt and its exact answer.

    Attributes:
        kind: question type, e.g. ``color``; accuracy is reported per kind.
        prompt: what the user types.
        answer: the one right answer.
        sentence: the same answer as a whole sentence, for prompts that ask for one; empty where there is none.
        held_out: whether it is about an object whose (category, colour) pair no training picture has.
    """

    kind: str
    prompt: str
    answer: str
    held_out: bool = False
    sentence: str = ""

    @property
    def in_a_sentence(self) -> Question:
        """The question that asks for a whole sentence, with that answer; itself where there is none."""
        if not self.sentence:
            return self
        return replace(self, prompt=f"{self.prompt} {IN_A_SENTENCE}", answer=self.sentence)


IN_A_SENTENCE = "Answer in a sentence."

TEMPLATES: dict[str, tuple[str, ...]] = {
    "color": (
        "What color is {ref}?",
        "What is the color of {ref}?",
        "Which color does {ref} have?",
        "Tell me the color of {ref}.",
    ),
    "name": (
        "What is the {color} object?",
        "What kind of thing is the {color} one?",
        "Name the {color} object.",
    ),
    "exists": (
        "Is there {what} in the picture?",
        "Is there {what}?",
        "Can you see {what}?",
        "Does the picture show {what}?",
    ),
    "count": (
        "How many {plural} are there?",
        "How many {plural} can you see?",
        "Count the {plural}.",
    ),
    "total": (
        "How many objects are there?",
        "How many things can you see?",
        "Count the objects in the picture.",
    ),
    "relation": (
        "Is {ref} {relation} {anchor}?",
        "Would you say that {ref} is {relation} {anchor}?",
    ),
    "related": (
        "What is {relation} {anchor}?",
        "Which object is {relation} {anchor}?",
    ),
    "direction": (
        "On which side of {anchor} is {ref}?",
        "Seen from {anchor}, on which side is {ref}?",
    ),
    "order": (
        "List the objects from {start} to {end}.",
        "Name the things in the picture from {start} to {end}.",
        "What can you see, from {start} to {end}?",
    ),
    "extreme": (
        "What is at the very {side}?",
        "Which object is at the very {side}?",
    ),
    "resident": (
        "What is in the {area} of the picture?",
        "Which object is in the {area}?",
    ),
    "size": (
        "How big is {ref}?",
        "Is {ref} small, medium or large?",
        "What size is {ref}?",
    ),
    "area": (
        "Which part of the picture is {ref} in?",
        "In which part of the picture can {ref} be seen?",
    ),
    "places": (
        "Describe the picture and name the part that each object is in.",
        "What is in the picture, and in which part of it?",
        "Describe the picture part by part.",
    ),
    "caption": (
        "Describe the picture.",
        "What can you see?",
        "What is in the picture?",
        "Write a caption for this picture.",
        "Describe the image in one sentence.",
    ),
}


#: The kinds that have exactly one right answer. "places" is for training only: near a border between two parts of the picture
#: its answer leaves the part out, and a model that names one there is not wrong.
EXAM_KINDS: tuple[str, ...] = tuple(kind for kind in TEMPLATES if kind != "places")


def fill(kind: str, rng: Rng, **words: str) -> str:
    """One of a kind's wordings with its gaps filled."""
    options = TEMPLATES[kind]
    return options[rng.integers(len(options))].format(**words)


def pick(scene: Scene, rng: Rng) -> int:
    """Any object of the scene."""
    return int(rng.integers(len(scene.objects)))


def join(phrases: Sequence[str]) -> str:
    """``a, b and c``."""
    return phrases[0] if len(phrases) == 1 else f"{', '.join(phrases[:-1])} and {phrases[-1]}"
