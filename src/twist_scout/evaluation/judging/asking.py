"""What a judge is asked, and what it replies. Who the judge is, is up to the caller."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

#: A turn of a conversation, in the form that chat endpoints take: ``{"role": ..., "content": ...}``.
Turn = dict[str, str]


@dataclass(frozen=True, slots=True)
class JudgeRequest:
    """A conversation that ends with what the judge is to grade.

    Attributes:
        key: names the request; it comes back with the reply.
        turns: the conversation.
        temperature: 0 at first; higher where a reply could not be read and the judge is asked again.
        seed: of the draw, where the temperature is not 0.
        max_tokens: where a long reply is cut.
    """

    key: str
    turns: tuple[Turn, ...]
    temperature: float = 0.0
    seed: int = 0
    max_tokens: int = 512


@dataclass(frozen=True, slots=True)
class JudgeReply:
    """What came back.

    Attributes:
        key: of the request.
        text: the judge's words.
        problem: one sentence on why there are none; None where there are.
    """

    key: str
    text: str = ""
    problem: str | None = None


#: Puts requests to a judge: a reply for each, in any order, as they come.
Ask = Callable[[Sequence[JudgeRequest]], Iterable[JudgeReply]]
