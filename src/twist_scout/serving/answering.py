"""Answers that grow by one token at a time, all rows of a batch at once.

`generate` asks a stopping criterion after every token which rows are finished. This one hands each row its token: so every row of
a batch can be streamed, has its own limit and its own texts to stop at, and is answered when it is finished rather than when
the batch is. (transformers' own streamers take one row.)
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

import torch
from torch import Tensor
from transformers import StoppingCriteria

from twist_scout.serving.errors import ApiError
from twist_scout.serving.rows import Done, Finish, Row

Decode = Callable[[list[int]], str]
_UNFINISHED = "\ufffd"  # what a decoder writes for a character of which some bytes are still missing


class GrowingText:
    """The text of a list of tokens that grows; every step decodes a few tokens, however long the text is.

    Args:
        decode: tokens to text.
    """

    def __init__(self, decode: Decode) -> None:
        self._decode = decode
        self._ids: list[int] = []
        self._context = 0  # decoding starts here: decoders look back, at spaces say
        self._spelled = 0  # tokens before this are in the text
        self.text = ""

    def add(self, token: int) -> None:
        """Take a token; the text grows as far as it spells whole characters."""
        self._ids.append(token)
        more = self._more()
        if more and not more.endswith(_UNFINISHED):
            self.text += more
            self._context, self._spelled = self._spelled, len(self._ids)

    def close(self) -> None:
        """Spell what is left, whole or not."""
        self.text += self._more()
        self._context = self._spelled = len(self._ids)

    def _more(self) -> str:
        before = self._decode(self._ids[self._context : self._spelled])
        return self._decode(self._ids[self._context :])[len(before) :]


class Answer:
    """The answer of one row.

    Args:
        row: whose.
        prompt_tokens: how many it has.
        budget: tokens after which the answer is cut.
        ends: tokens that end an answer.
        steering: tokens that are no part of its text, beside those.
        decode: tokens to text, those included that spell boxes.
        batch: rows in the batch, whether they are of several modes, and seconds that the row waited.
    """

    def __init__(
        self,
        row: Row,
        *,
        prompt_tokens: int,
        budget: int,
        ends: Collection[int],
        steering: Collection[int | None],
        decode: Decode,
        batch: tuple[int, bool, float],
    ) -> None:
        self.row = row
        self.done = False
        self._prompt_tokens = prompt_tokens
        self._budget = budget
        self._ends = frozenset(ends)
        self._steering = frozenset(steering)
        self._decode = decode
        self._batch = batch
        self._count = 0
        self._ids: list[int] = []
        # Without stream and stops the text is only needed at the end.
        self._growing = GrowingText(decode) if row.stream or row.stop else None
        self._searched = 0
        self._sent = 0

    def take(self, token: int) -> None:
        """Take the next token."""
        if self.row.cancelled:
            self.done = True
            self.row.fail(cancelled())
            return
        self._count += 1
        if token in self._ends:
            self.finish("stop")
            return
        if token not in self._steering:
            self._ids.append(token)
            if self._growing is not None:
                self._growing.add(token)
                if self._stopped():
                    return
                self._send(self._visible(self._growing.text, hold=True))
        if self._count >= self._budget:
            self.finish("length")

    def finish(self, reason: Finish) -> None:
        """End the answer."""
        if self._growing is None:
            self._end(self._decode(self._ids).strip(), reason)
        else:
            self._growing.close()
            if not self._stopped():
                self._end(self._visible(self._growing.text), reason)

    def _stopped(self) -> bool:
        """Whether one of the texts to stop at has come; the answer then ends before it."""
        assert self._growing is not None
        text = self._growing.text
        places = [place for stop in self.row.stop if (place := text.find(stop, self._searched)) >= 0]
        if places:
            self._end(self._visible(text[: min(places)]), "stop")
            return True
        longest = max(map(len, self.row.stop), default=1)
        self._searched = max(0, len(text) - longest + 1)
        return False

    def _visible(self, text: str, hold: bool = False) -> str:
        """The text without spaces round it; with ``hold``, without what may turn out to begin a text to stop at."""
        if hold and self.row.stop:
            begun = (n for stop in self.row.stop for n in range(1, len(stop)) if text.endswith(stop[:n]))
            text = text[: len(text) - max(begun, default=0)]
        return text.strip()

    def _send(self, text: str) -> None:
        if self.row.stream and len(text) > self._sent:
            piece, self._sent = text[self._sent :], len(text)
            self.row.send(piece)

    def _end(self, text: str, reason: Finish) -> None:
        self.done = True
        self._send(text)
        self.row.settle(Done(text, reason, self._prompt_tokens, self._count, *self._batch))


class Watch(StoppingCriteria):
    """Hands every row its new token, and says which rows are finished.

    Args:
        answers: one for each row of the batch.
    """

    def __init__(self, answers: Sequence[Answer]) -> None:
        self.answers = answers

    def __call__(self, input_ids: Tensor, scores: Any, **options: Any) -> Tensor:
        """(batch,) booleans."""
        for answer, token in zip(self.answers, input_ids[:, -1].tolist(), strict=True):
            if not answer.done:
                answer.take(token)
        return torch.tensor([answer.done for answer in self.answers], device=input_ids.device)


def cancelled() -> ApiError:
    """Nobody is there to read the answer."""
    return ApiError(499, "The client went away.", code="cancelled")
