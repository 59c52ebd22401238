"""How much the server takes on."""

from __future__ import annotations

from dataclasses import dataclass

MEBIBYTE = 1 << 20


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds that keep one client from taking all.

    Attributes:
        batch: rows that go through the model at once.
        wait: seconds that the first row of a batch waits for others.
        queue: requests that are accepted and not yet answered; more get 429.
        body: bytes of a request, and of a picture file; more get 413.
        pixels: of a picture; more get 400, and nothing is decoded.
        prompt_tokens: of a conversation, pictures included; None: what the model's context holds.
        new_tokens: the most that a request may ask for.
        default_new_tokens: where an answer is cut if the request does not say.
        body_seconds: within which a request has to arrive; slower ones get 408.
        grace: seconds that accepted requests have after the signal to stop.
    """

    batch: int = 16
    wait: float = 0.005
    queue: int = 1024
    body: int = 20 * MEBIBYTE
    pixels: int = 25_000_000
    prompt_tokens: int | None = None
    new_tokens: int = 4096
    default_new_tokens: int = 256
    body_seconds: float = 30.0
    grace: float = 120.0

    @property
    def held_bytes(self) -> int:
        """Bytes of all request bodies together that wait for their turn."""
        return 50 * self.body

    @property
    def read_rows(self) -> int:
        """Requests whose pictures are decoded: the running batch, the next, and one of another kind."""
        return 3 * self.batch
