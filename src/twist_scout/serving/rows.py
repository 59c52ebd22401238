"""A row: one accepted request on its way through the model, and what it is told there."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from PIL import Image

from twist_scout.serving.errors import ApiError
from twist_scout.serving.sampling import Sampling

Finish = Literal["stop", "length"]


@dataclass(frozen=True, slots=True)
class Piece:
    """More of a streamed answer."""

    text: str


@dataclass(frozen=True, slots=True)
class Done:
    """The end of an answer.

    Attributes:
        text: all of it.
        finish: ``stop``: the model, or a text to stop at, ended it; ``length``: the limit did.
        prompt_tokens: read, the picture's included.
        completion_tokens: written, the one that ends the answer included.
        rows: in its batch.
        mixed: whether rows of other modes were in its batch.
        waited: seconds from its arrival to the model.
    """

    text: str
    finish: Finish
    prompt_tokens: int
    completion_tokens: int
    rows: int
    mixed: bool
    waited: float


@dataclass(frozen=True, slots=True)
class Failed:
    """There is no answer, or no more of it."""

    error: ApiError


Event = Piece | Done | Failed


@dataclass(eq=False, slots=True)
class Row:
    """What the model shall answer, and how.

    Attributes:
        text: the conversation as the model reads it.
        picture: what it is about; let go of when the model has read it.
        mode: ``understanding`` or the name of a skill.
        adapter: peft's name for who answers the row, ``__base__`` for the base alone.
        tell: called in the model's thread with each event; the last is `Done` or `Failed`, exactly once.
        max_tokens: where to cut the answer; None: the server's default. The end of the model's context cuts it too.
        stop: texts that end the answer; they are not part of it.
        sampling: how to draw tokens; None: the likeliest ones.
        stream: whether to tell pieces.
        arrived: when, on the monotonic clock.
        cancelled: nobody wants the answer any more.
    """

    text: str
    picture: Image.Image | None
    mode: str
    adapter: str
    tell: Callable[[Event], None]
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()
    sampling: Sampling | None = None
    stream: bool = False
    arrived: float = field(default_factory=time.monotonic)
    cancelled: bool = False
    begun: bool = field(default=False, init=False)
    settled: bool = field(default=False, init=False)

    def send(self, text: str) -> None:
        """Tell a piece of a streamed answer."""
        self.begun = True
        self.tell(Piece(text))

    def settle(self, event: Done | Failed) -> None:
        """Tell the end; what comes after it is not told."""
        if not self.settled:
            self.settled = True
            self.picture = None
            self.tell(event)

    def fail(self, error: ApiError) -> None:
        """Tell that there is no answer."""
        self.settle(Failed(error))
