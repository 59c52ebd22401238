"""The rule that the router replaced: words that ask for a place, a box or steps. What the router is compared with."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Mode = Literal["grounding", "understanding"]


@dataclass(frozen=True, slots=True)
class Decision:
    """A mode and, in words, why."""

    mode: Mode
    reason: str


# A verb is a request only where a request can begin: at the start of a clause, or after "please",
# "and", "can you", ... ("What did the dog find?" asks for no box.)
_REQUEST = (
    r"(?:^|[.!?,;:]\s*"
    r"|\b(?:please|and|then|also|just|can you|could you|would you|will you|i want you to)\s+)"
)

_RULES: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (reason, re.compile(pattern, re.IGNORECASE))
    for reason, pattern in (
        (
            "asks where something is",
            r"\bwhere(?:'s|\s+(?:is|are|was|were|can|do|does|in|on|exactly)\b)",
        ),
        (
            "asks for a place",
            r"\b(?:located|positioned)\s+(?:at|in|where)\b|\blocation of\b|\bposition of\b",
        ),
        (
            "asks to find or to point",
            _REQUEST + r"(?:find|locate|locali[sz]e|detect|point\s+(?:to|at|out)|highlight|outline|ground)" + r"\b",
        ),
        (
            "asks to be shown something",
            _REQUEST + r"(?:show\s+me\s+(?:the|an?|each|every|all|where)|mark)\b",
        ),
        (
            "asks for boxes",
            r"\bbounding\s+box(?:es)?\b|\bbbox(?:es)?\b|\b(?:in\s+)?(?:which|what)\s+box\b"
            r"|\b(?:with|give|give\s+me|provide|draw|add|its|their|and)\s+(?:an?\s+|the\s+)?box(?:es)?\b"
            r"|\bbox(?:es)?\s+(?:around|for|of\s+each|of\s+every)\b|"
            + _REQUEST
            + r"box\s+(?:the|an?|each|every|all)\b",
        ),
        ("asks for coordinates", r"\bcoordinates?\b"),
        ("asks for a grounded answer", r"\bgrounded\b|\bwith\s+(?:visual\s+)?grounding\b"),
        ("asks for steps", r"\bstep[\s-]+by[\s-]+step\b|\bstepwise\b|\bin steps\b"),
        ("refers to a box", r"\[\[?\s*\d[\d\s.,;]*\]"),
    )
)


def decide(prompt: str) -> Decision:
    """Choose the mode that answers a prompt.

    Args:
        prompt: what the user typed; an empty prompt is left to the caller to refuse.

    Returns:
        ``grounding`` with the words that ask for it, or ``understanding``.
    """
    for reason, pattern in _RULES:
        found = pattern.search(prompt)
        if found:
            words = re.sub(r"\s+", " ", found.group().strip(" \t\n.,;:!?"))
            return Decision("grounding", f"{reason} ({words!r})")
    return Decision("understanding", "asks for no place, box or step-by-step answer")
