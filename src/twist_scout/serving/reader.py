"""From the bytes of a request to a row for the model."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jinja2 import TemplateError

from twist_scout.data.chat import adds_special_tokens, prompt_text
from twist_scout.errors import first_line
from twist_scout.routing.router import Decision
from twist_scout.serving.conversation import fold_system, read_conversation
from twist_scout.serving.errors import ApiError, bad
from twist_scout.serving.limits import Limits
from twist_scout.serving.model import RowModel
from twist_scout.serving.pictures import PictureReader
from twist_scout.serving.protocol import ChatRequest
from twist_scout.serving.rows import Event, Row
from twist_scout.serving.sampling import Sampling

AUTO = "auto"
#: Below this temperature the likeliest token is drawn all but certainly, and divisions overflow.
_COLDEST = 1e-4
_QUESTION = {"role": "user", "content": "?"}
#: No tokenizer writes more characters into a token than this on average; longer texts are not even counted.
_CHARACTERS_PER_TOKEN = 64


@dataclass(frozen=True, slots=True)
class Read:
    """A request that was read.

    Attributes:
        row: for the model.
        decision: which mode answers it, and why.
        size: width and height of its picture in pixels; None without one.
    """

    row: Row
    decision: Decision
    size: tuple[int, int] | None


class Reader:
    """Reads requests, in any number of threads.

    Args:
        model: what will answer. It is not used here: only a copy of its processor, and its router behind a lock.
        name: of the model; ``NAME:MODE`` insists on a mode.
        limits: of pixels and tokens.
        pictures: reads pictures.

    Raises:
        BadConfig: the router knows a mode for which the model has no adapter.
    """

    def __init__(self, model: RowModel, name: str, limits: Limits, pictures: PictureReader) -> None:
        self.name = name
        self.adapters: Mapping[str, str] = {mode: model.adapter_of(mode) for mode in model.modes}
        self._router = model.router
        self._limits = limits
        self._pictures = pictures
        self._lock = threading.Lock()  # tokenizers keep settings between calls
        self._processor = copy.deepcopy(model.processor)
        self._options = model.template_options
        named = (getattr(self._processor, f"{kind}_token", None) for kind in ("image", "video", "audio"))
        self._marks = [mark for mark in named if isinstance(mark, str) and mark]
        self._knows_system = self._has_place_for_system()
        self._router.decide(["?"])  # opens it, so that the first request does not wait for that
        self._most_tokens = min(filter(None, (limits.prompt_tokens, model.context)), default=None)

    @property
    def names(self) -> list[str]:
        """The names under which the model answers."""
        return [self.name, *(f"{self.name}:{mode}" for mode in self.adapters)]

    def read(self, request: ChatRequest, tell: Callable[[Event], None], arrived: float) -> Read:
        """Read a request.

        Args:
            request: what was sent.
            tell: for the row.
            arrived: when it came, on the monotonic clock.

        Raises:
            ApiError: status 404: there is no such model; 400: the request cannot be answered; 413: a picture file is too large.
        """
        mode = self._mode(request)
        conversation = read_conversation(request.messages, self._marks)
        if request.limit is not None and request.limit > self._limits.new_tokens:
            told = f"An answer has at most {self._limits.new_tokens:,} tokens here: ask for no more."
            raise bad(told, "max_completion_tokens", "too_many_tokens")
        with self._lock:
            text = self._text(conversation.turns, 0 if conversation.picture is None else 1)
            decision = self._router.decide([conversation.prompt], mode)[0]
        picture = None if conversation.picture is None else self._pictures.read(conversation.picture)
        temperature = request.temperature or 0.0
        sampling = None
        if temperature >= _COLDEST:
            top_p = 1.0 if request.top_p is None else request.top_p
            sampling = Sampling(temperature, top_p, request.seed)
        row = Row(
            text,
            picture,
            decision.mode,
            self.adapters[decision.mode],
            tell,
            max_tokens=request.limit,
            stop=request.stops,
            sampling=sampling,
            stream=bool(request.stream),
            arrived=arrived,
        )
        return Read(row, decision, None if picture is None else picture.size)

    def _mode(self, request: ChatRequest) -> str | None:
        """The mode that the client insists on; None: the router decides.

        Raises:
            ApiError: there is no such model or mode, or name and field say different things.
        """
        asked = None if request.mode == AUTO else request.mode
        if asked is not None and asked not in self.adapters:
            raise bad(f"There is no mode {asked[:80]!r}: choose one of {self._told_modes()}.", "mode", "unknown_mode")
        if request.model is None or request.model == self.name:
            return asked
        name, _, suffix = request.model.rpartition(":")
        if name != self.name or suffix not in (*self.adapters, AUTO):
            told = f"There is no model {request.model[:200]!r} here: it has {', '.join(self.names)}."
            raise ApiError(404, told, param="model", code="model_not_found")
        named = None if suffix == AUTO else suffix
        if request.mode is not None and named != asked:
            told = f"The model's name asks for the mode {suffix!r} and the field for {request.mode!r}: leave one out."
            raise bad(told, "mode", "contradiction")
        return named

    def _told_modes(self) -> str:
        return ", ".join((AUTO, *self.adapters))

    def _text(self, turns: Sequence[dict[str, str]], images: int) -> str:
        """The conversation as the model reads it, if it is not too long already without its picture."""
        characters = sum(len(turn["content"]) for turn in turns)
        if self._most_tokens is not None and characters > _CHARACTERS_PER_TOKEN * self._most_tokens:
            raise self._too_long(f"{characters:,} characters")
        if not self._knows_system:
            turns = fold_system(turns)
        try:
            text = prompt_text(self._processor, turns, images, **self._options)
        except (TemplateError, ValueError, TypeError) as error:
            told = f"The model's chat template refuses this conversation ({first_line(error)})."
            raise bad(told, "messages", "template") from error
        tokens = self._count(text)
        if self._most_tokens is not None and tokens > self._most_tokens:
            raise self._too_long(f"{tokens:,} tokens")
        return text

    def _count(self, text: str) -> int:
        options: dict[str, Any] = {"add_special_tokens": adds_special_tokens(self._processor, text)}
        return len(self._processor.tokenizer(text, **options)["input_ids"])

    def _too_long(self, length: str) -> ApiError:
        told = f"The conversation has {length}, and there is room for {self._most_tokens:,} tokens: shorten it."
        return bad(told, "messages", "context_length_exceeded")

    def _has_place_for_system(self) -> bool:
        """Whether the template shows a system message as something else than a turn of the user."""
        said = "Mind the gap."
        as_system, as_user = (self._shown([{"role": role, "content": said}, _QUESTION]) for role in ("system", "user"))
        return as_system is not None and said in as_system and as_system != as_user

    def _shown(self, turns: Sequence[dict[str, str]]) -> str | None:
        try:
            return prompt_text(self._processor, turns, 0, **self._options)
        except (TemplateError, ValueError, TypeError):
            return None
