"""Where the steps of a step-by-step answer begin and end (the J subtasks of Eq. 8)."""

from __future__ import annotations

from twist_scout.boxes.steps import find_steps


def step_spans(answer_text: str) -> list[tuple[int, int, int]]:
    """Split an answer into its steps.

    A step begins at ``Step k:`` when ``k`` is larger than every ``k`` before it, so a later mention
    of an earlier step does not begin one. Words before the first mark belong to the first step, and
    the space between two steps to the one that follows (tokenizers attach it to the next word).

    Args:
        answer_text: the assistant's words, with or without the end-of-turn token.

    Returns:
        ``(start, end, number)`` per step: character offsets, and ``number`` = 1..J in the order of
        the text. The spans are disjoint and cover the whole text. An answer without marks is one
        step, numbered 1; an empty one has none.
    """
    if not answer_text:
        return []
    later = [len(answer_text[: step.start].rstrip()) for step in find_steps(answer_text)[1:]]
    starts = [0, *later]
    ends = [*later, len(answer_text)]
    return [(a, b, j) for j, (a, b) in enumerate(zip(starts, ends, strict=True), start=1)]
