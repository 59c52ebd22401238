"""Example records to training batches, for any processor with a chat template and a picture
placeholder, or one that joins prompt and answer itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import torch
from PIL import Image

from twist_scout.boxes.dialects import Dialect, get_dialect
from twist_scout.data.chat import ChatText, adds_special_tokens, takes_suffix, training_text
from twist_scout.data.images import load_image
from twist_scout.data.inputs import process
from twist_scout.data.labels import Ints, label_tail, label_tokens
from twist_scout.data.records import Example, FrameChoice, is_confined, render_messages
from twist_scout.errors import BadConfig, BadImage, BadInput, BadModel, TwistScoutError

IGNORED = -100


class GroundingCollator:
    """Turns example records into a batch.

    The batch holds what the processor returns (``input_ids``, ``attention_mask``, ``pixel_values``
    and whatever else the model family needs), padded on the right, and

    * ``labels`` ``(batch, tokens)``: the token id for exactly the assistant's tokens, the
      end-of-turn token included, and -100 elsewhere;
    * ``step_ids`` ``(batch, tokens)``: 1..J for the step of the answer that a labelled token
      belongs to, 0 elsewhere;
    * ``dropped`` ``()``, only with ``too_long="drop"``: how many examples were left out.

    Args:
        processor: an ``AutoProcessor`` of a vision-language model.
        dialect: how boxes are written.
        frame: what the model sees of a picture: a frame, its name, or a function of width and
            height.
        image_root: the folder that image paths are relative to.
        max_length: the longest allowed example in tokens, picture tokens included. ``None``: no
            limit.
        too_long: ``"raise"`` or ``"drop"`` longer ones. They are never cut, because half an answer
            teaches to stop early.
        confined: refuse image paths that leave ``image_root``.
        template_options: passed on to the chat template.

    Raises:
        BadConfig: an unknown dialect or ``too_long``.
    """

    def __init__(
        self,
        processor: Any,
        dialect: str | Dialect = "scout",
        frame: FrameChoice = "stretched",
        image_root: str | Path | None = None,
        *,
        max_length: int | None = None,
        too_long: Literal["raise", "drop"] = "raise",
        confined: bool = False,
        template_options: dict[str, Any] | None = None,
    ) -> None:
        if too_long not in ("raise", "drop"):
            raise BadConfig(f"too_long is 'raise' or 'drop', not {too_long!r}.")
        self.processor = processor
        if processor.tokenizer.pad_token_id is None:
            processor.tokenizer.pad_token = processor.tokenizer.eos_token
        self.dialect = get_dialect(dialect)
        self.frame = frame
        self.image_root = Path(image_root) if image_root is not None else Path()
        self.max_length = max_length
        self.too_long = too_long
        self.confined = confined
        self.template_options = template_options or {}

    def __call__(self, examples: Sequence[Example]) -> dict[str, torch.Tensor]:
        """Build the batch of these examples.

        Raises:
            BadInput: an example has no answer, is too long, or its picture cannot be used; names
                the example.
            BadModel: the processor's template or tokenizer cannot be used for training.
        """
        texts = [self._text(example) for example in examples]
        pictures = [self._picture(example) for example in examples]
        batch = self._process(examples, texts, pictures)
        if self.max_length is None:
            return batch
        lengths = batch["attention_mask"].sum(1).tolist()
        kept = [i for i, length in enumerate(lengths) if length <= self.max_length]
        dropped = len(examples) - len(kept)
        if dropped and self.too_long == "raise":
            worst = max(range(len(examples)), key=lengths.__getitem__)
            raise BadInput(
                f"Example {examples[worst].id!r} has {lengths[worst]} tokens and max_length is "
                f"{self.max_length}: raise max_length, or set too_long='drop' to leave it out."
            )
        if dropped and kept:
            batch = self._process(
                [examples[i] for i in kept],
                [texts[i] for i in kept],
                [pictures[i] for i in kept],
            )
        elif dropped:
            # A batch cannot be empty: the question of the shortest stands in, without labels.
            i = min(range(len(examples)), key=lengths.__getitem__)
            question = ChatText(texts[i].text[: texts[i].answers[0][0]], answers=[])
            batch = self._process([examples[i]], [question], [pictures[i]])
        if self.too_long == "drop":
            batch["dropped"] = torch.tensor(dropped)
        return batch

    def tokens(self, example: Example) -> tuple[Ints, Ints]:
        """Token ids of an example with its picture's placeholder as it stands, and the step of each of the assistant's.

        Returns:
            ids ``(tokens,)`` and step numbers ``(tokens,)``, 0 where a token is not the assistant's.
        """
        chat = self._text(example)
        special = adds_special_tokens(self.processor, chat.text)
        marked = label_tokens(self.processor.tokenizer, chat, add_special_tokens=special)
        return marked.ids, marked.steps

    def _text(self, example: Example) -> ChatText:
        messages = render_messages(example, self.dialect, self.frame)
        try:
            chat = training_text(self.processor, messages, **self.template_options)
        except BadModel:
            raise
        except BadInput as error:
            raise BadInput(f"Example {example.id!r}: {error}") from error
        placeholder = getattr(self.processor, "image_token", None)
        if isinstance(placeholder, str) and (count := chat.text.count(placeholder)) != 1:
            remedy = "take it out of the messages" if count else "correct the chat template"
            raise BadInput(
                f"Example {example.id!r} has one picture but its text holds {placeholder!r} {count} times: {remedy}."
            )
        return chat

    def _picture(self, example: Example) -> Image.Image:
        if self.confined and not is_confined(example.image):
            raise BadImage(
                f"Example {example.id!r}: {example.image!r} points out of the data folder: use a path inside."
            )
        path = self.image_root / example.image
        picture = load_image(path)
        if picture.size != (example.width, example.height):
            # Boxes would silently be in the wrong place.
            raise BadImage(
                f"{path} is {picture.width} x {picture.height} upright pixels but example "
                f"{example.id!r} says {example.width} x {example.height}: correct the record and "
                "its boxes."
            )
        return picture

    def _process(
        self, examples: Sequence[Example], texts: list[ChatText], pictures: list[Image.Image]
    ) -> dict[str, torch.Tensor]:
        special, apart = adds_special_tokens(self.processor, texts[0].text), takes_suffix(self.processor)
        try:
            batch = process(self.processor, texts, pictures, padding_side="right")
        except TwistScoutError:
            raise
        except Exception as error:  # processors of every family raise their own types
            names = ", ".join(repr(example.id) for example in examples)
            raise BadInput(f"{type(self.processor).__name__} could not process examples {names}: {error}") from error
        ids = batch["input_ids"]  # (batch, tokens)
        labels = torch.full_like(ids, IGNORED)
        step_ids = torch.zeros_like(ids)
        for row, chat in enumerate(texts):
            if not chat.answers:
                continue
            tail = label_tail(self.processor.tokenizer, chat, add_special_tokens=special, apart=apart)
            steps = torch.from_numpy(tail.steps)
            places = batch["attention_mask"][row].nonzero()[:, 0][-len(steps) :]
            if ids[row, places].tolist() != tail.ids.tolist():
                raise BadModel(
                    f"{type(self.processor).__name__} changes the text after the picture, so the "
                    "answers cannot be located: use one that only expands the placeholder."
                )
            labels[row, places] = torch.where(steps > 0, ids[row, places], IGNORED)
            step_ids[row, places] = steps
        return {**batch, "labels": labels, "step_ids": step_ids}
