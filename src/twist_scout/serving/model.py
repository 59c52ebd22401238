"""A model that answers batches of rows, each in its own mode (§3.2: alpha = 1 for understanding rows, Eq. 9)."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from typing import Any

import torch
from PIL import Image
from torch import Tensor
from transformers import LogitsProcessorList, StoppingCriteriaList

from twist_scout.data.chat import ChatText, prompt_text
from twist_scout.data.inputs import process
from twist_scout.errors import BadConfig, BadModel, first_line
from twist_scout.generation import on_device_of
from twist_scout.predicting.answering import BatchGrounder
from twist_scout.routing.prompts import GROUNDING, UNDERSTANDING
from twist_scout.routing.switching import adapter_for
from twist_scout.serving.answering import Answer, Watch, cancelled
from twist_scout.serving.errors import bad
from twist_scout.serving.rows import Row
from twist_scout.serving.sampling import RowSampler
from twist_scout.twist.finding import text_config
from twist_scout.twist.state import BASE

#: A row in a mixed batch counts as what it is alone if the difference is this part of that between the modes.
_NEAR = 0.1


class RowModel(BatchGrounder):
    """A `Grounder` whose batches hold rows of any mode.

    Args:
        model: as for `Grounder`.
        processor: its processor.
        default_new_tokens: where an answer is cut if its row does not say.
        most_prompt_tokens: of a row; None: what the context holds.
        options: as for `Grounder`.
    """

    def __init__(
        self,
        model: Any,
        processor: Any,
        *,
        default_new_tokens: int = 256,
        most_prompt_tokens: int | None = None,
        **options: Any,
    ) -> None:
        super().__init__(model, processor, **options)
        self.default_new_tokens = default_new_tokens
        self.most_prompt_tokens = most_prompt_tokens
        self.mixes = False
        self.context: int | None = None
        with suppress(BadModel):  # a config that says too little
            context = getattr(text_config(self.model), "max_position_embeddings", None)
            self.context = context if isinstance(context, int) else None

    @property
    def modes(self) -> tuple[str, ...]:
        """Every mode that a request may insist on."""
        adapters = self.model.peft_config if self.has_adapter else ()
        own = [name for name in adapters if name != "default"]
        return tuple(dict.fromkeys((UNDERSTANDING, GROUNDING, *self.router.modes, *own)))

    def adapter_of(self, mode: str) -> str:
        """Peft's name for the adapter that answers a mode; ``__base__`` for none.

        Raises:
            BadConfig: the model has no adapter for it.
        """
        if not self.has_adapter or mode == UNDERSTANDING:
            return BASE
        if mode in self.model.peft_config:
            return mode
        if mode == GROUNDING:
            return str(self.model.active_adapter)
        raise BadConfig(f"The router knows the mode {mode!r}, and no adapter has that name: load one with --skill.")

    def kind(self, row: Row) -> tuple[bool, str | None]:
        """Rows of one kind may share a batch: those with a picture, and those without; where the adapter cannot do several modes
        at once, those of one mode.
        """
        return row.picture is not None, None if self.mixes else row.adapter

    @torch.inference_mode()
    def probe(self) -> str:
        """Answer one token in both modes, apart and in one batch, and keep the modes apart if that is not the same.

        Peft's methods differ: some answer each row of a batch with its own adapter, some refuse to, some silently do not.

        Returns:
            What was found, in words.
        """
        self.mixes = not self.has_adapter
        if self.mixes:
            return "no adapter: every mode is the base's"
        skill = self.adapter_of(GROUNDING)
        try:
            asked = ChatText(
                prompt_text(self.processor, [{"role": "user", "content": "Where is it?"}], **self.template_options), []
            )
            grey = Image.new("RGB", (64, 64), "grey")
            inputs = on_device_of(self.model, process(self.processor, [asked] * 2, [grey] * 2, padding_side="left"))
            with self.model.disable_adapter():
                base = self.model(**inputs).logits[:, -1].float()
            with adapter_for(self.model, skill):
                own = self.model(**inputs).logits[:, -1].float()
            both = self.model(**inputs, adapter_names=[BASE, skill]).logits[:, -1].float()
        except Exception as error:  # of any layer below: the modes then go apart, which always works
            return f"modes go apart: rows of several in one batch fail ({first_line(error)})"
        apart = (base - own).abs().amax(dim=-1)  # (2,)
        off = torch.stack([(both[0] - base[0]).abs().max(), (both[1] - own[1]).abs().max()])
        self.mixes = bool((apart > 0).all() and (off <= _NEAR * apart).all())  # of equal modes nothing could be told
        return (
            "modes share batches"
            if self.mixes
            else "modes go apart: rows of several in one batch are not as they are alone"
        )

    def answer(self, rows: Sequence[Row]) -> None:
        """Answer rows of one kind; each is told its answer as soon as it is finished.

        A row whose conversation is too long is told so, and the others are answered without it.

        Raises:
            Exception: whatever processor and model raise; rows that were told their answer by then have it.
        """
        inputs = self._encoded(rows)
        lengths = inputs["attention_mask"].sum(dim=1).tolist()
        fitting = [row for row, length in zip(rows, lengths, strict=True) if self._fits(row, length)]
        if len(fitting) < len(rows):
            if fitting:
                self.answer(fitting)
            return
        self._generate_rows(rows, inputs, lengths)

    @torch.inference_mode()
    def _generate_rows(self, rows: Sequence[Row], inputs: dict[str, Tensor], lengths: Sequence[int]) -> None:
        now = time.monotonic()
        mixed = len({row.adapter for row in rows}) > 1
        budgets = [self._budget(row, length) for row, length in zip(rows, lengths, strict=True)]
        settings = self.greedy.settings(max(budgets))
        tokenizer = self.processor.tokenizer
        answers = [
            Answer(
                row,
                prompt_tokens=length,
                budget=budget,
                ends=self.greedy.ends,
                steering=(tokenizer.pad_token_id, tokenizer.bos_token_id),
                decode=lambda ids: str(tokenizer.decode(ids, skip_special_tokens=False)),
                batch=(len(rows), mixed, now - row.arrived),
            )
            for row, length, budget in zip(rows, lengths, budgets, strict=True)
        ]
        options: dict[str, Any] = {"stopping_criteria": StoppingCriteriaList([Watch(answers)])}
        if any(row.sampling for row in rows):
            options["logits_processor"] = LogitsProcessorList([RowSampler([row.sampling for row in rows])])
        switched: AbstractContextManager[Any] = nullcontext()
        if mixed:
            options["adapter_names"] = [row.adapter for row in rows]
        elif self.has_adapter:
            switched = adapter_for(self.model, UNDERSTANDING if rows[0].adapter == BASE else rows[0].adapter)
        with switched:
            self.model.generate(**inputs, generation_config=settings, **options)
        for answer in answers:
            if not answer.done:
                answer.finish("length")

    def _encoded(self, rows: Sequence[Row]) -> dict[str, Tensor]:
        pictures = [row.picture for row in rows if row.picture is not None]
        chats = [ChatText(row.text, []) for row in rows]
        try:
            return on_device_of(self.model, process(self.processor, chats, pictures or None, padding_side="left"))
        except (TypeError, ValueError, IndexError, OverflowError) as error:
            if len(rows) == 1:
                raise bad(
                    f"The model's processor refuses this picture or text ({first_line(error)}).", "messages"
                ) from error
            raise

    def _fits(self, row: Row, length: int) -> bool:
        """Whether there is room for the conversation and its answer; else the row is told."""
        if row.cancelled:
            row.fail(cancelled())
            return False
        most = min(filter(None, (self.most_prompt_tokens, self.context and self.context - 1)), default=None)
        if most is not None and length > most:
            told = f"The conversation has {length:,} tokens, and there is room for {most:,}: shorten it."
            row.fail(bad(told, "messages", "context_length_exceeded"))
            return False
        return True

    def _budget(self, row: Row, length: int) -> int:
        """Tokens of the answer: as many as asked for, as far as the context goes."""
        wanted = row.max_tokens or self.default_new_tokens
        return wanted if self.context is None else min(wanted, self.context - length)
