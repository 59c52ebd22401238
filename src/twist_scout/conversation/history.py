"""A model that answers with the earlier turns in sight.

The router decides for each turn by what is asked in it. An understanding turn runs on the untouched base, which never learned
to read boxes, so it is shown the earlier answers without theirs; a grounding turn is shown them as they were written.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import torch
from PIL import Image

from twist_scout.boxes.grounded import GroundedText
from twist_scout.data.chat import ChatText, prompt_text, takes_suffix
from twist_scout.data.inputs import process
from twist_scout.errors import BadInput
from twist_scout.generation import on_device_of
from twist_scout.grounder import Grounder, Mode
from twist_scout.routing import Decision
from twist_scout.routing.prompts import UNDERSTANDING
from twist_scout.routing.switching import adapter_for


@dataclass(frozen=True, slots=True)
class Turn:
    """A question and its answer.

    Attributes:
        prompt: what was asked.
        answer: what was said.
    """

    prompt: str
    answer: GroundedText


class ChatGrounder(Grounder):
    """A `Grounder` that answers in a conversation."""

    @cached_property
    def reads_history(self) -> bool:
        """Whether the model's chat template writes several turns, each with its words."""
        if takes_suffix(self.processor):
            return False
        said = ("first", "second", "third")
        messages = [
            {"role": role, "content": text} for role, text in zip(("user", "assistant", "user"), said, strict=True)
        ]
        try:
            written = prompt_text(self.processor, messages, 0, **self.template_options)
        except Exception:  # a template may refuse in any way it likes
            return False
        places = [written.find(text) for text in said]
        return -1 not in places and places == sorted(places)

    def reply(
        self,
        picture: Image.Image | None,
        turns: Sequence[Turn],
        prompt: str,
        mode: Mode = "auto",
        *,
        max_new_tokens: int = 256,
    ) -> tuple[GroundedText, Decision]:
        """Answer a question, greedily.

        Args:
            picture: what the conversation is about, upright RGB; None: about no picture.
            turns: what was said before.
            prompt: the question.
            mode: which expert answers, or ``auto``.
            max_new_tokens: where to cut a long answer.

        Returns:
            The answer, boxes relative to the picture, and how its mode was decided.

        Raises:
            BadInput: the prompt is empty or holds the mark of a picture.
            BadConfig: an unknown mode.
        """
        self.rows(picture, prompt)  # refuses what is no prompt
        (decision,) = self.decisions(mode, [prompt])
        plain = decision.mode == UNDERSTANDING
        messages = []
        for turn in turns:
            said = turn.answer.plain if plain else turn.answer.text
            messages += [{"role": "user", "content": turn.prompt}, {"role": "assistant", "content": said}]
        messages.append({"role": "user", "content": prompt})
        text = self._continued(picture, messages, decision.mode, max_new_tokens)
        frame = None if picture is None else self.frame_of(*picture.size)
        answer = GroundedText.parse(text, dialect=self.dialect, frame=frame, mode=decision.mode)
        return replace(answer, probability=decision.probability), decision

    @torch.inference_mode()
    def _continued(
        self, picture: Image.Image | None, messages: Sequence[dict[str, str]], mode: str, max_new_tokens: int
    ) -> str:
        try:
            text = prompt_text(self.processor, messages, 0 if picture is None else 1, **self.template_options)
        except ValueError as error:
            raise BadInput(f"The model's chat template refuses this conversation ({error}): begin anew.") from error
        pictures = None if picture is None else [picture]
        made = process(self.processor, [ChatText(text, [])], pictures, padding_side="left")
        inputs = on_device_of(self.model, made)
        with adapter_for(self.model, mode):
            tokens = self.model.generate(**inputs, generation_config=self.greedy.settings(max_new_tokens))
        return self.greedy.text(tokens[0, inputs["input_ids"].shape[1] :].tolist())
