"""Why a prompt was routed as it was: what the decision would be without each of its words.

Every word is left out in turn, and the whole batch goes through the classifier once. What the log-odds of the chosen skill lose
is that word's share in the decision.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from twist_scout.routing.prompts import UNDERSTANDING
from twist_scout.routing.router import Decision, Router

#: At most so many words are left out in turn; those of a longer prompt's beginning and end, which alone the router reads.
_WORDS = 96
#: A word moved the decision if it moved the log-odds by this share of what the strongest word did, and by this much.
_SHARE, _LEAST = 0.15, 0.5


@dataclass(frozen=True, slots=True)
class Word:
    """A word and its share in the decision.

    Attributes:
        text: the word as it was typed.
        start: where it begins in the prompt.
        weight: log-odds of the skill with the word minus those without it; above 0 it speaks for the skill.
    """

    text: str
    start: int
    weight: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """A decision, the skill it was about, and the words of the prompt.

    Attributes:
        prompt: what was routed.
        decision: what was decided; its reason names the words.
        skill: the likeliest skill, whether or not it was chosen.
        probabilities: of all modes.
        words: the words in order.
    """

    prompt: str
    decision: Decision
    skill: str
    probabilities: dict[str, float]
    words: tuple[Word, ...]

    @property
    def moving(self) -> tuple[Word, ...]:
        """The words that moved the decision, in the order of the prompt."""
        sign = 1 if self.decision.mode == self.skill else -1
        strongest = max((sign * word.weight for word in self.words), default=0.0)
        bar = max(_LEAST, _SHARE * strongest)
        return tuple(word for word in self.words if sign * word.weight >= bar)


def explain(router: Router, prompt: str, mode: str | None = None) -> Explanation:
    """Decide on one prompt, and say which of its words decided.

    Args:
        router: the classifier.
        prompt: what the user typed.
        mode: the mode that the caller insists on; the words are weighed all the same.
    """
    spans = [(found.start(), found.end()) for found in re.finditer(r"\[[^\]]*\]+|[^\W_]+(?:['’][^\W_]+)*", prompt)]
    if len(spans) > _WORDS:
        spans = spans[: _WORDS // 2] + spans[-_WORDS // 2 :]
    logits = router.logits([prompt, *(prompt[:start] + prompt[end:] for start, end in spans)])
    odds = _log_odds(logits, router)
    probabilities = router.probabilities([prompt])[0]
    skill = int(odds[0].argmax())
    names = [name for name in router.modes if name != UNDERSTANDING]
    words = tuple(
        Word(prompt[start:end], start, float(odds[0, skill] - without))
        for (start, end), without in zip(spans, odds[1:, skill], strict=True)
    )
    found = Explanation(
        prompt=prompt,
        decision=router.decide([prompt], mode)[0],
        skill=names[skill],
        probabilities={name: float(value) for name, value in zip(router.modes, probabilities, strict=True)},
        words=words,
    )
    phrases = ", ".join(repr(phrase) for phrase in _phrases(found))
    if mode is None and phrases:
        found = replace(found, decision=replace(found.decision, reason=f"{found.decision.reason}, moved by {phrases}"))
    return found


def _log_odds(logits: np.ndarray, router: Router) -> np.ndarray:
    """(prompts, skills): each skill against understanding."""
    base = router.modes.index(UNDERSTANDING)
    others = [at for at in range(len(router.modes)) if at != base]
    result: np.ndarray = (logits[:, others] - logits[:, [base]]) / router.settings.temperature
    return result


def _phrases(found: Explanation) -> Iterator[str]:
    """The moving words; neighbours as one phrase."""
    start = end = -1
    for word in found.moving:
        if start >= 0 and not found.prompt[end : word.start].strip():
            end = word.start + len(word.text)
            continue
        if start >= 0:
            yield found.prompt[start:end]
        start, end = word.start, word.start + len(word.text)
    if start >= 0:
        yield found.prompt[start:end]
