"""A model that answers a batch at a time, and says how sure it was."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from PIL import Image
from transformers import LogitsProcessor, LogitsProcessorList

from twist_scout.errors import BadConfig, BadInput, first_line
from twist_scout.grounder import Grounder
from twist_scout.predicting.questions import Mode
from twist_scout.routing.switching import adapter_for


@dataclass(frozen=True, slots=True)
class Answer:
    """What a model said.

    Attributes:
        text: as it was generated, special tokens that spell boxes included; empty where it could not be asked.
        score: mean log-probability of the generated tokens, the one that ends the answer included; None if not asked for.
        error: why it could not be asked.
    """

    text: str
    score: float | None = None
    error: str | None = None


class BatchGrounder(Grounder):
    """A `Grounder` that hands out raw text and scores, and lets one bad row be."""

    def answers(
        self,
        pictures: Sequence[Image.Image | None],
        prompts: Sequence[str],
        mode: Mode,
        *,
        max_new_tokens: int,
        scores: bool = False,
    ) -> list[Answer]:
        """Answer prompts greedily, all in one go.

        A row that the processor refuses (a picture that is too elongated, a prompt that holds an image token) gets an error,
        and the others are answered without it.

        Args:
            pictures: one for each prompt, or None for all.
            prompts: what to ask.
            mode: with the adapter, or the base alone.
            max_new_tokens: where to cut a long answer.
            scores: whether to say how sure the model was.

        Raises:
            BadConfig: the batch does not fit into the device's memory.
        """
        try:
            inputs = self._prepared(pictures, prompts)
        except (BadInput, TypeError, ValueError, IndexError, OverflowError) as error:
            if len(prompts) == 1:
                return [Answer("", error=str(error) if isinstance(error, BadInput) else first_line(error))]
            alone = ([picture] for picture in pictures)
            options: dict[str, Any] = {"max_new_tokens": max_new_tokens, "scores": scores}
            return [self.answers(p, [text], mode, **options)[0] for p, text in zip(alone, prompts, strict=True)]
        try:
            return self._generated(inputs, mode, max_new_tokens, scores)
        except torch.OutOfMemoryError as error:
            raise BadConfig(
                f"{len(prompts)} rows do not fit into the memory of {self.device}: give a smaller --batch-size; what was "
                "answered before is kept."
            ) from error

    def _prepared(self, pictures: Sequence[Image.Image | None], prompts: Sequence[str]) -> dict[str, Any]:
        self.rows(list(pictures), list(prompts))  # refuses empty prompts, and those that smuggle in a picture
        return self.inputs(pictures, prompts)

    @torch.inference_mode()
    def _generated(self, inputs: dict[str, Any], mode: Mode, max_new_tokens: int, scores: bool) -> list[Answer]:
        settings = self.greedy.settings(max_new_tokens)
        sureness = _Sureness()
        recorders = LogitsProcessorList([sureness] if scores else [])
        with adapter_for(self.model, mode):
            made = self.model.generate(**inputs, generation_config=settings, logits_processor=recorders)
        new = made[:, inputs["input_ids"].shape[1] :].tolist()  # (batch, tokens)
        means = sureness.means([self.greedy.length(row) for row in new]) if scores else [None] * len(new)
        return [Answer(self.greedy.text(row), mean) for row, mean in zip(new, means, strict=True)]


class _Sureness(LogitsProcessor):
    """Keeps the log-probability of each token that greedy search takes: that of the likeliest.

    Keeping it here needs a number per token, where generate's own record needs the whole vocabulary per token.
    """

    def __init__(self) -> None:
        self._steps: list[torch.Tensor] = []

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        self._steps.append(scores.float().log_softmax(dim=-1).amax(dim=-1))  # (batch,)
        return scores

    def means(self, lengths: Sequence[int]) -> list[float | None]:
        """The mean over each answer's tokens; None for an answer without any."""
        if not self._steps:
            return [None] * len(lengths)
        chosen = torch.stack(self._steps, dim=1).double().cpu()  # (batch, tokens)
        return [float(row[:length].mean()) if length else None for row, length in zip(chosen, lengths, strict=True)]
