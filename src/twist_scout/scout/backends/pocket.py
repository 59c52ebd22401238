"""The pocket model in the role of the multimodal model: the shipped base with its grounding adapter."""

from __future__ import annotations

from typing import Any

from twist_scout.data.images import load_image
from twist_scout.data.records import FrameChoice
from twist_scout.grounder import Grounder
from twist_scout.scout.backends.base import Reply, Request
from twist_scout.scout.backends.batching import Batcher


class GrounderBackend:
    """A :class:`Grounder` that answers requests, greedily: with its grounding expert, or where no boxes are wanted without.

    It was trained on single questions, so of a conversation it gets the last user turn alone. Its replies are written
    in SCOUT's dialect, in fractions of the original picture, whatever the model itself writes.

    Args:
        grounder: model, processor and adapter; None: the ones that ship with the package.
        name: for provenance.
        device: where to load the shipped ones.
        batch_size: requests that run together.
    """

    dialect: str | None = "scout"
    frame: FrameChoice | None = "stretched"

    def __init__(
        self, grounder: Grounder | None = None, *, name: str = "pocket", device: str | None = None, batch_size: int = 16
    ) -> None:
        self.name = name
        self._grounder = grounder or Grounder.from_pretrained(device=device)
        self._size = batch_size
        self._batcher = Batcher(self._answer, batch_size, group=lambda request: (request.max_tokens, request.grounding))

    async def complete(self, request: Request) -> Reply:
        """Answer a request together with others. Temperature and seed have no effect."""
        if request.image is None:
            return Reply(problem=f"{self.name} answers questions about a picture, and there is none.")
        return await self._batcher.complete(request)

    async def close(self) -> None:
        """Stop the model's thread."""
        await self._batcher.close()

    def _answer(self, requests: list[Request]) -> list[Reply]:
        pictures: list[Any] = [load_image(request.image) for request in requests if request.image is not None]
        prompts = [next(m.text for m in reversed(request.messages) if m.role == "user") for request in requests]
        limit = requests[0].max_tokens
        answers: Any = self._grounder.ground(
            pictures,
            prompts,
            mode="grounding" if requests[0].grounding else "understanding",
            max_new_tokens=limit,
            batch_size=self._size,
        )
        tokenizer = self._grounder.processor.tokenizer
        replies = []
        for answer, prompt in zip(answers, prompts, strict=True):
            text = answer.render("scout")
            written = len(tokenizer(answer.text, add_special_tokens=False)["input_ids"])
            read = len(tokenizer(prompt, add_special_tokens=False)["input_ids"])
            replies.append(Reply(text, "length" if written >= limit else "stop", read, written))
        return replies
