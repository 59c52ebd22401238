"""Self-consistency: of several answers to one question, the one that most others agree with."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence

from twist_scout.boxes.box import Box
from twist_scout.boxes.grounded import GroundedText
from twist_scout.data.names import head_words
from twist_scout.data.nouns import singular

AGREEING_IOU = 0.5  # of the first boxes: two answers that mean the same thing in different places do not agree


def majority(answers: Sequence[GroundedText]) -> tuple[GroundedText, int]:
    """The answer to keep, and how many agree with it, itself included.

    Two answers agree if they conclude the same, in other words or not (``a red hat.``, ``Red hat``), and if the things
    that both name lie in the same place (IoU at least 0.5). Of the largest group the answer with the best overlap with
    the others is kept; ties go to the earlier one.

    Raises:
        ValueError: there is no answer.
    """
    groups: dict[str, list[int]] = defaultdict(list)
    for number, answer in enumerate(answers):
        groups[conclusion(answer)].append(number)
    best, votes, overlap = 0, 0, -1.0
    for group in groups.values():
        for number in group:
            shared = [_overlap(answers[number], answers[other]) for other in group if other != number]
            agreeing = 1 + sum(value >= AGREEING_IOU for value in shared)
            mean = sum(shared) / len(shared) if shared else 0.0
            if (agreeing, mean) > (votes, overlap):
                best, votes, overlap = number, agreeing, mean
    if not answers:
        raise ValueError("there is no answer to choose from")
    return answers[best], votes


def conclusion(answer: GroundedText) -> str:
    """What an answer says in the end, without articles, case and plural."""
    words = re.findall(r"\w+", answer.answer.lower())
    return " ".join(singular(word) for word in words if word not in ("a", "an", "the"))


def _overlap(one: GroundedText, other: GroundedText) -> float:
    """Mean IoU of the first boxes of the things that both name; 1 if they share no name."""
    first, second = _places(one), _places(other)
    shared = [first[name].iou(second[name]) for name in first if name in second]
    return sum(shared) / len(shared) if shared else 1.0


def _places(answer: GroundedText) -> dict[str, Box]:
    places: dict[str, Box] = {}
    for phrase in answer.phrases:
        words = head_words(phrase.text)
        if words:
            places.setdefault(singular(words[-1]), phrase.boxes[0])
    return places
