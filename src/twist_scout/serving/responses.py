"""Answers in the form of OpenAI's chat completions, each with its `grounding` object."""

from __future__ import annotations

import json
import secrets
import time
from typing import Any

from twist_scout.boxes.grounded import GroundedText
from twist_scout.serving.model import RowModel
from twist_scout.serving.reader import Read
from twist_scout.serving.rows import Done

_TOLD = ("rejected", "answer", "plain", "phrases", "steps", "unread")


class Completion:
    """The JSON of one answer.

    Args:
        name: the model's, as the client called it.
        read: the request.
        model: knows how boxes are written.
    """

    def __init__(self, name: str, read: Read, model: RowModel) -> None:
        self.id = f"chatcmpl-{secrets.token_hex(12)}"
        self._name = name
        self._read = read
        self._model = model
        self._created = int(time.time())

    def whole(self, done: Done) -> dict[str, Any]:
        """A `chat.completion`."""
        choice = {
            "index": 0,
            "message": {"role": "assistant", "content": done.text, "refusal": None},
            "grounding": self.grounding(done.text),
            "logprobs": None,
            "finish_reason": done.finish,
        }
        return {**self._head("chat.completion"), "choices": [choice], "usage": usage(done)}

    def first(self) -> dict[str, Any]:
        """The `chat.completion.chunk` that opens a stream."""
        return self._chunk({"role": "assistant", "content": ""})

    def piece(self, text: str) -> dict[str, Any]:
        """One with more of the answer."""
        return self._chunk({"content": text})

    def last(self, done: Done) -> dict[str, Any]:
        """One that says why the answer ends, and holds its `grounding`."""
        return self._chunk({}, finish=done.finish, grounding=self.grounding(done.text))

    def counts(self, done: Done) -> dict[str, Any]:
        """One with the token counts, and no choice."""
        return {**self._head("chat.completion.chunk"), "choices": [], "usage": usage(done)}

    def grounding(self, text: str) -> dict[str, Any]:
        """Mode, phrases, boxes in pixels of the picture that was sent, steps, and what could not be read.

        Without a picture there are no boxes, whatever the text says.
        """
        decision, size, row = self._read.decision, self._read.size, self._read.row
        frame = None if size is None else self._model.frame_of(*size)
        parsed = GroundedText.parse(text, dialect=self._model.dialect, frame=frame, mode=decision.mode)
        told = parsed.to_dict(*(size or (1, 1)))
        if size is None:
            told["phrases"], told["unread"] = [], []
            told["steps"] = [{**step, "phrases": []} for step in told["steps"]]
        return {
            "mode": decision.mode,
            "probability": decision.probability,
            "reason": decision.reason,
            "adapter": row.adapter if row.adapter != "__base__" else None,
            "width": None if size is None else size[0],
            "height": None if size is None else size[1],
            **{name: told[name] for name in _TOLD},
        }

    def _head(self, kind: str) -> dict[str, Any]:
        return {"id": self.id, "object": kind, "created": self._created, "model": self._name}

    def _chunk(self, delta: dict[str, Any], finish: str | None = None, **more: Any) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish, **more}
        return {**self._head("chat.completion.chunk"), "choices": [choice]}


def usage(done: Done) -> dict[str, int]:
    """Token counts."""
    read, written = done.prompt_tokens, done.completion_tokens
    return {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written}


def event(content: dict[str, Any] | str) -> bytes:
    """A server-sent event."""
    text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
    return f"data: {text}\n\n".encode()
