"""`Grounder`: pictures and prompts in, grounded text out. The facade that most users import.

    from twist_scout import Grounder

    grounder = Grounder.from_pretrained()            # the pocket model that ships with the package
    answer = grounder.ground("street.jpg", "Where is the red car?")
    answer.boxes[0].to_pixels(1280, 720)

The prompt router decides for each row. A prompt that asks for no box runs with the adapter switched
off, that is, on the untouched base: alpha = 1 in Eq. 9 of the paper. A prompt that asks for one runs
with the adapter on: the twin experts, or the LoRA or other adapter that the model has.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal, Self, get_args, overload

import torch
from PIL import Image

from twist_scout.boxes.frame import Frame, make_frame
from twist_scout.boxes.grounded import GroundedText
from twist_scout.data.images import ImageSource, load_image
from twist_scout.data.inputs import prompt_inputs
from twist_scout.errors import BadConfig, BadInput
from twist_scout.generation import Greedy, on_device_of
from twist_scout.loading import Source, choose_device, load_adapter, load_base, resolve_folders
from twist_scout.processor_frame import frame_for
from twist_scout.routing import Decision, Router, default_router
from twist_scout.routing.switching import adapter_for
from twist_scout.trained import how_trained

Mode = Literal["auto", "grounding", "understanding"]


class Grounder:
    """A vision-language model, with or without a grounding adapter, behind one method.

    Args:
        model: a model that generates text from pictures and text, or such a model in a
            ``PeftModel``.
        processor: its processor, with a chat template.
        dialect: how the model writes boxes.
        router: what decides in mode ``auto``; None: the one that ships with the package. One that knows more
            skills than grounding switches between adapters of those names.
        frame: name of the frame that the model sees pictures in; None: its processor's.
        template_options: what the chat template is given beside the messages.
    """

    def __init__(
        self,
        model: Any,
        processor: Any,
        *,
        dialect: str = "scout",
        router: Router | None = None,
        frame: str | None = None,
        template_options: Mapping[str, Any] | None = None,
    ) -> None:
        from peft import PeftModel

        self.model = model.eval()
        self.processor = processor
        self.dialect, self.frame = dialect, frame
        self.template_options = dict(template_options or {})
        self.router = router or default_router()
        self.has_adapter = isinstance(model, PeftModel)
        self.greedy = Greedy(model, processor)

    @classmethod
    def from_pretrained(
        cls,
        base: Source | None = None,
        adapter: Source | None = None,
        device: str | torch.device | None = None,
        *,
        dtype: torch.dtype | None = None,
        dialect: str | None = None,
        router: Router | None = None,
    ) -> Self:
        """Load a model and, where there is one, its adapter.

        Args:
            base: model folder or hub id. ``None``: the base that the adapter names, and without an
                adapter the pocket base with its adapter, both shipped with the package.
            adapter: adapter folder. ``None`` with a ``base``: the base alone.
            device: ``cpu``, ``cuda``, ...; ``None``: a GPU where there is one.
            dtype: of the weights; ``None``: as saved, on a CPU float32.
            dialect: how the model writes boxes; None: as its adapter was trained to, else ``scout``.
            router: what decides in mode ``auto``; None: the one that ships with the package.

        Raises:
            BadModel: a folder does not hold what it should, or the adapter does not fit the base.
            BadConfig: there is no such device.
        """
        where = choose_device(device)
        base, adapter = resolve_folders(base, adapter)
        trained = how_trained(adapter)
        model, processor = load_base(base, dtype=dtype, device=where)
        if adapter is not None:
            model = load_adapter(model, adapter)
        told = trained.but(dialect)
        return cls(
            model,
            processor,
            dialect=told.dialect,
            router=router,
            frame=told.frame,
            template_options=told.template_options,
        )

    def frame_of(self, width: int, height: int) -> Frame:
        """How the model sees a picture of this size in pixels."""
        if self.frame is None:
            return frame_for(self.processor, width, height)
        return make_frame(self.frame, width=width, height=height)

    @property
    def device(self) -> torch.device:
        """Where the model is."""
        return next(self.model.parameters()).device

    @overload
    def ground(
        self,
        image: ImageSource | None,
        prompt: str,
        mode: Mode | str = ...,
        *,
        max_new_tokens: int = ...,
        batch_size: int = ...,
    ) -> GroundedText: ...

    @overload
    def ground(
        self,
        image: ImageSource | Sequence[ImageSource | None] | None,
        prompt: str | Sequence[str],
        mode: Mode | str = ...,
        *,
        max_new_tokens: int = ...,
        batch_size: int = ...,
    ) -> GroundedText | list[GroundedText]: ...

    def ground(
        self,
        image: ImageSource | Sequence[ImageSource | None] | None,
        prompt: str | Sequence[str],
        mode: Mode | str = "auto",
        *,
        max_new_tokens: int = 256,
        batch_size: int = 16,
    ) -> GroundedText | list[GroundedText]:
        """Answer a prompt about a picture, greedily.

        Args:
            image: a path, the bytes of a file, a PIL picture, or a list of those; None where a
                prompt is about no picture.
            prompt: what to ask, or a list. One picture goes with every prompt of a list, and one
                prompt with every picture.
            mode: ``grounding`` uses the adapter, ``understanding`` the base alone, ``auto`` lets the
                router decide for each prompt; the name of an adapter uses that one. Without an
                adapter all of them run the base.
            max_new_tokens: where to cut a long answer.
            batch_size: how many rows go through the model at once.

        Returns:
            One grounded text, or a list of them if ``image`` or ``prompt`` is a list. Its ``mode``
            says which mode answered, its ``probability`` how likely that mode was; boxes are relative
            to the original, upright picture.

        Raises:
            BadImage: a picture cannot be read.
            BadInput: a prompt is empty, or two lists differ in length.
            BadConfig: an unknown mode.
        """
        images, prompts, single = self.rows(image, prompt)
        decisions = self.decisions(mode, prompts)
        modes = [decision.mode for decision in decisions]
        loaded = _load_each(images)
        answers: list[GroundedText | None] = [None] * len(prompts)
        kinds = [(one, picture is None) for one, picture in zip(modes, loaded, strict=True)]
        for indexes in _batches(kinds, batch_size):
            pictures = [loaded[i] for i in indexes]
            one_mode = modes[indexes[0]]
            texts = self._generate(pictures, [prompts[i] for i in indexes], one_mode, max_new_tokens)
            for index, picture, text in zip(indexes, pictures, texts, strict=True):
                frame = None if picture is None else self.frame_of(*picture.size)
                answer = GroundedText.parse(text, dialect=self.dialect, frame=frame, mode=one_mode)
                answers[index] = replace(answer, probability=decisions[index].probability)
        complete = [answer for answer in answers if answer is not None]
        return complete[0] if single else complete

    @torch.inference_mode()
    def logits(
        self, image: Sequence[ImageSource | None], prompt: Sequence[str], mode: Mode | str = "auto"
    ) -> torch.Tensor:
        """The logits over a batch of prompts, all in one mode: what "bit-equal to the base" is
        stated about.

        Returns:
            (batch, tokens, vocabulary) in the model's precision; the rows are padded on the left.

        Raises:
            BadInput: ``auto`` decides differently for different prompts, some have a picture and
                some have none, and as for :meth:`ground`.
        """
        images, prompts, _ = self.rows(image, prompt)
        modes = {decision.mode for decision in self.decisions(mode, prompts)}
        if len(modes) > 1:
            raise BadInput("These prompts need different modes: ask for the logits of each mode apart.")
        if len({picture is None for picture in images}) > 1:
            raise BadInput("Some of these prompts have a picture and some have none: ask for the logits of each apart.")
        inputs = self.inputs(_load_each(images), prompts)
        with adapter_for(self.model, modes.pop()):
            result: torch.Tensor = self.model(**inputs).logits
        return result

    def rows(
        self, image: ImageSource | Sequence[ImageSource | None] | None, prompt: str | Sequence[str]
    ) -> tuple[list[ImageSource | None], list[str], bool]:
        """Pictures and prompts row by row, and whether the caller asked for a single one.

        Raises:
            BadInput: a prompt is empty or holds the mark of a picture, or two lists differ in length.
        """
        many_images = isinstance(image, (list, tuple))
        many_prompts = isinstance(prompt, (list, tuple))
        images: list[Any] = list(image) if many_images else [image]  # type: ignore[arg-type]
        prompts: list[Any] = list(prompt) if many_prompts else [prompt]
        if many_images and many_prompts and len(images) != len(prompts):
            raise BadInput(
                f"{len(images)} pictures do not go with {len(prompts)} prompts: give one prompt for each picture."
            )
        rows = len(prompts) if many_prompts else len(images)
        images = images if many_images else images * rows
        prompts = prompts if many_prompts else prompts * rows
        named = (getattr(self.processor, f"{kind}_token", None) for kind in ("image", "video", "audio"))
        marks = [mark for mark in named if isinstance(mark, str) and mark]
        for text in prompts:
            if not isinstance(text, str) or not text.strip():
                raise BadInput("The prompt is empty: say what to look for or ask a question.")
            if held := [mark for mark in marks if mark in text]:
                raise BadInput(f"The prompt holds {held[0]!r}, which this model reads as a picture: take it out.")
        return images, prompts, not (many_images or many_prompts)

    def decisions(self, mode: str, prompts: Sequence[str]) -> list[Decision]:
        """Which mode answers each prompt, and how sure the router is.

        Raises:
            BadConfig: an unknown mode.
        """
        known = dict.fromkeys(
            (*get_args(Mode), *self.router.modes, *(self.model.peft_config if self.has_adapter else ()))
        )
        if mode not in known:
            raise BadConfig(f"There is no mode {mode!r}: choose one of {', '.join(known)}.")
        return self.router.decide(prompts, None if mode == "auto" else mode)

    def inputs(self, pictures: Sequence[Image.Image | None], prompts: Sequence[str]) -> dict[str, torch.Tensor]:
        """Rows as the model's inputs, where the model is: ``input_ids`` (batch, tokens), ...

        Args:
            pictures: loaded; one for each prompt, or None for all.
            prompts: what to ask.
        """
        shown = [picture for picture in pictures if picture is not None]
        made = prompt_inputs(self.processor, prompts, shown or None, **self.template_options)
        return on_device_of(self.model, made)

    @torch.inference_mode()
    def _generate(
        self, pictures: Sequence[Image.Image | None], prompts: Sequence[str], mode: str, max_new_tokens: int
    ) -> list[str]:
        inputs = self.inputs(pictures, prompts)
        with adapter_for(self.model, mode):
            tokens = self.model.generate(**inputs, generation_config=self.greedy.settings(max_new_tokens))
        return [self.greedy.text(row) for row in tokens[:, inputs["input_ids"].shape[1] :].tolist()]


def _load_each(sources: Sequence[ImageSource | None]) -> list[Image.Image | None]:
    """Load pictures; one that stands in several rows is read once."""
    loaded: dict[int, Image.Image | None] = {}
    for source in sources:
        if id(source) not in loaded:
            loaded[id(source)] = None if source is None else load_image(source)
    return [loaded[id(source)] for source in sources]


def _batches(kinds: Sequence[object], size: int) -> Iterator[list[int]]:
    """Row numbers in groups of at most ``size`` rows of one kind."""
    for kind in dict.fromkeys(kinds):
        rows = [i for i, k in enumerate(kinds) if k == kind]
        for start in range(0, len(rows), max(1, size)):
            yield rows[start : start + max(1, size)]
