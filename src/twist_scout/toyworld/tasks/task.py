"""A prompt with its grounded answer, and how every kind is worded."""

from __future__ import annotations

from dataclasses import dataclass

from twist_scout.toyworld.lots import Wordings


@dataclass(frozen=True, slots=True)
class GroundingTask:
    """A prompt and its grounded answer.

    Attributes:
        task: ``rec``, ``localization``, ``gic`` or ``scout``, as in ``Example.task``.
        kind: which maker wrote it.
        prompt: what the user types.
        answer: with box references ``<box:i,j>`` into :func:`twist_scout.toyworld.tasks.box_keys`.
        target: the box asked for, where there is exactly one.
        negative: whether the asked-for thing is absent.
        final: the final answer of a step-by-step task, without boxes.
        held_out: whether it is about something that training never shows.
    """

    task: str
    kind: str
    prompt: str
    answer: str
    target: int | None = None
    negative: bool = False
    final: str = ""
    held_out: bool = False


TASK_WORDINGS: dict[str, Wordings] = {
    "rec": Wordings(
        (
            *("Where is {ref}?", "Where is {ref}? Give its box.", "Find {ref}.", "Point to {ref}.", "Show me {ref}."),
            *(
                "Give the bounding box of {ref}.",
                "Please provide the bounding box of {ref}.",
                "Give me the coordinates of {ref}.",
            ),
            *("In which box is {ref}?", "Can you point to {ref} in the picture?", "Where in the image is {ref}?"),
            "Draw a box around {ref}.",
        ),
        ("I am looking for {ref}. Where is it? Mark it with a box.", "Please box {ref}."),
    ),
    "localization": Wordings(
        (
            *(
                "Locate the {name}.",
                "Locate {a_name} in the picture.",
                "Detect the {name}.",
                "In the image is {a_name} located at",
            ),
            *("Find all {plural}.", "Mark every {name} with a box.", "Where are the {plural}? Give their boxes."),
        ),
        ("Give me the position of the {name}.",),
    ),
    "gic": Wordings(
        (
            "Describe the picture with boxes.",
            "Give a grounded caption of the picture.",
            "Describe the image and give the box of each object.",
            "What is in the picture? Answer with bounding boxes.",
            "Caption this picture and ground every phrase.",
        ),
        ("Write a description in which every object has its box.",),
    ),
    "step": Wordings(
        (
            "{question} Think step by step and give boxes.",
            "{question} Reason step by step with boxes.",
            "{question} Explain step by step with boxes.",
        ),
        ("{question} Go step by step, with a box for each thing.",),
    ),
}

INVALID = "This question is invalid."
