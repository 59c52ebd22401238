"""The interface of everything that answers prompts: an endpoint, a model in this process."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from twist_scout.data.records import FrameChoice
from twist_scout.errors import TwistScoutError

Role = Literal["system", "user", "assistant"]


class BackendDown(TwistScoutError):
    """A backend that will not answer any request: a wrong key, an unknown model, a server that is gone."""


class BudgetSpent(TwistScoutError):
    """The tokens that the user allowed are spent."""


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """One turn of a prompt.

    Attributes:
        role: ``system``, ``user`` or ``assistant``.
        text: the words.
    """

    role: Role
    text: str


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked of a model.

    Attributes:
        key: a name for messages, ``flickr30k:36979:3``.
        messages: the prompt, ending with a user turn.
        image: the picture that the last user turn is about; None for a model of text alone.
        max_tokens: where a long reply is cut.
        temperature: 0 is greedy.
        seed: of the draw, where the temperature is not 0 and the backend can.
        stop: texts that end the reply; they are not part of it.
        grounding: whether boxes are wanted. Where they are not, a model with an adapter answers with its base alone.
    """

    key: str
    messages: Sequence[ChatMessage]
    image: Path | None = None
    max_tokens: int = 512
    temperature: float = 0.0
    seed: int = 0
    stop: tuple[str, ...] = ()
    grounding: bool = True


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back.

    Attributes:
        text: the model's words; empty with a ``problem``.
        finish: ``stop`` where the model ended, ``length`` where it was cut, else what the backend calls it.
        prompt_tokens: tokens that were read, as far as the backend counts them.
        completion_tokens: tokens that were written.
        problem: one sentence on why there is no reply, after all tries; None where there is one.
    """

    text: str = ""
    finish: str = "stop"
    prompt_tokens: int = 0
    completion_tokens: int = 0
    problem: str | None = None


class Backend(Protocol):
    """Whatever answers requests.

    Attributes:
        name: as it stands in the provenance of records: ``openai:MODEL@URL``.
        dialect: how it writes boxes, where that is known.
        frame: what it sees of a picture, where that is known.
    """

    @property
    def name(self) -> str:
        """As it stands in the provenance of records."""

    @property
    def dialect(self) -> str | None:
        """How it writes boxes, where that is known."""

    @property
    def frame(self) -> FrameChoice | None:
        """What it sees of a picture, where that is known."""

    async def complete(self, request: Request) -> Reply:
        """Answer one request. A request that cannot be answered has a :attr:`Reply.problem`.

        Raises:
            BackendDown: no request will be answered.
            BudgetSpent: no more tokens may be used.
        """

    async def close(self) -> None:
        """Give back connections and memory."""
