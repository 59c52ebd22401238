"""The request of `/v1/chat/completions`, as far as it is served; everything else is refused by name."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from twist_scout.errors import first_line
from twist_scout.serving.errors import bad

#: Fields about the sender: they do not bear on the answer.
_ASIDE = frozenset(("user", "metadata", "safety_identifier", "prompt_cache_key"))
#: Fields of what is not offered, with the values by which a client says that it does not want it.
_NOT_OFFERED: Mapping[str, tuple[Any, ...]] = {
    "audio": (),
    "frequency_penalty": (0,),
    "function_call": ("none", "auto"),
    "functions": ([],),
    "logit_bias": ({},),
    "logprobs": (False,),
    "modalities": (["text"],),
    "n": (1,),
    "parallel_tool_calls": (True, False),
    "prediction": (),
    "presence_penalty": (0,),
    "reasoning_effort": ("none",),
    "response_format": ({"type": "text"},),
    "service_tier": ("auto", "default"),
    "store": (False,),
    "tool_choice": ("none", "auto"),
    "tools": ([],),
    "top_logprobs": (0,),
    "verbosity": ("medium",),
    "web_search_options": (),
}
_MAX_STOPS, _MAX_STOP = 4, 256


class _Model(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore", allow_inf_nan=False)


class TextPart(_Model):
    """Words of a message."""

    type: Literal["text"]
    text: str


class ImageUrl(_Model):
    """Where a picture is: a data URL, or a file below the server's root."""

    url: str


class ImagePart(_Model):
    """A picture in a message."""

    type: Literal["image_url"]
    image_url: ImageUrl


Part = Annotated[TextPart | ImagePart, Field(discriminator="type")]


class Message(_Model):
    """One turn of a conversation."""

    role: Literal["system", "developer", "user", "assistant"]
    content: str | list[Part] | None = None


class StreamOptions(_Model):
    """What a stream shall hold beside the answer."""

    include_usage: bool | None = None


class ChatRequest(_Model):
    """A request that can be served.

    Attributes:
        mode: ``auto``, ``understanding``, ``grounding`` or the name of another adapter: this server's own field.
    """

    messages: list[Message] = Field(min_length=1)
    model: str | None = None
    mode: str | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    max_tokens: int | None = Field(None, ge=1)
    max_completion_tokens: int | None = Field(None, ge=1)
    temperature: float | None = Field(None, ge=0, le=2)
    top_p: float | None = Field(None, gt=0, le=1)
    seed: int | None = None
    stop: str | list[str] | None = None

    @property
    def stops(self) -> tuple[str, ...]:
        """Texts that end the answer."""
        return (self.stop,) if isinstance(self.stop, str) else tuple(self.stop or ())

    @property
    def limit(self) -> int | None:
        """Tokens after which the answer is cut; the newer name counts."""
        return self.max_completion_tokens or self.max_tokens

    @property
    def wants_usage(self) -> bool:
        """Whether a stream ends with the token counts."""
        return bool(self.stream_options and self.stream_options.include_usage)


def read_request(body: bytes) -> ChatRequest:
    """Read the body of a request.

    Raises:
        ApiError: status 400: it is no JSON, a field does not hold what it should, or one asks for what is not offered.
    """
    try:
        content = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise bad(f"The request is not JSON ({first_line(error)}).", code="invalid_json") from error
    if not isinstance(content, dict):
        raise bad("The request is not a JSON object.", code="invalid_json")
    given = {name: value for name, value in content.items() if value is not None and name not in _ASIDE}
    for name, value in given.items():
        if name in _NOT_OFFERED and not any(_same(value, neutral) for neutral in _NOT_OFFERED[name]):
            raise bad(f"This server does not offer {name!r}: leave it out.", name, "unsupported_parameter")
        if name not in _NOT_OFFERED and name not in ChatRequest.model_fields:
            raise bad(f"There is no field {name[:80]!r}: leave it out.", name[:80], "unknown_parameter")
    try:
        request = ChatRequest.model_validate({k: v for k, v in given.items() if k not in _NOT_OFFERED})
    except ValidationError as error:
        # A content may be text or parts: what went deepest is what was meant. The names of these two are no part of the request.
        worst = max(error.errors(include_url=False, include_input=False), key=lambda found: len(found["loc"]))
        where = ".".join(step for step in map(str, worst["loc"]) if step != "str" and not step.startswith("list["))
        raise bad(f"{where}: {worst['msg'][:200]}.", where, "invalid_value") from error
    if len(request.stops) > _MAX_STOPS or not all(0 < len(stop) <= _MAX_STOP for stop in request.stops):
        told = f"Give at most {_MAX_STOPS} texts to stop at, each of 1 to {_MAX_STOP} characters."
        raise bad(told, "stop", "invalid_value")
    return request


def _same(value: Any, neutral: Any) -> bool:
    """Equality in which true is not 1."""
    return value == neutral and isinstance(value, bool) == isinstance(neutral, bool)
