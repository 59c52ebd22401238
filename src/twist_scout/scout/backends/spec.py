"""Backends by a short name: ``openai:MODEL@URL``, ``hf:MODEL[+ADAPTER]``, ``pocket``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from twist_scout.data.records import FrameChoice
from twist_scout.errors import BadConfig
from twist_scout.scout.backends.base import Backend
from twist_scout.scout.backends.limits import TokenBudget
from twist_scout.scout.backends.metering import MeteredBackend
from twist_scout.scout.backends.retrying import Retries

FORMS = "openai:MODEL@URL, hf:MODEL, hf:MODEL+ADAPTER or pocket"
_OPENAI = re.compile(r"(?P<model>.+?)(?:@(?P<url>https?://.*))?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class BackendOptions:
    """What may be said about any backend; each takes what concerns it.

    Attributes:
        dialect: how the model writes boxes.
        frame: what it sees of a picture, for models that are not in this process.
        key_variable: environment variable with the endpoint's key.
        concurrency: requests under way at an endpoint.
        requests_per_minute: at an endpoint.
        tokens_per_minute: at an endpoint.
        timeout: seconds for one try at an endpoint.
        tries: how often a request is sent to an endpoint at most.
        longest_side: pixels to which pictures are shrunk on their way to an endpoint.
        device: of a model in this process.
        batch_size: of a model in this process.
        budget: tokens that may be used; None for no limit.
    """

    dialect: str | None = None
    frame: FrameChoice | None = None
    key_variable: str = "OPENAI_API_KEY"
    concurrency: int = 16
    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None
    timeout: float = 120.0
    tries: int = 6
    longest_side: int | None = None
    device: str | None = None
    batch_size: int = 8
    budget: TokenBudget | None = None


def make_backend(spec: str, options: BackendOptions | None = None, *, sees: bool = True) -> Backend:
    """A backend by its short name; what it uses is counted.

    Args:
        spec: ``openai:MODEL@URL`` (an endpoint; without ``@URL`` OpenAI's own), ``hf:MODEL`` (folder, hub id or
            ``.gguf`` file), ``hf:MODEL+ADAPTER`` or ``pocket``.
        options: everything else.
        sees: whether pictures will come with the requests. Decides what ``hf:MODEL`` is loaded as.

    Raises:
        BadConfig: there is no such backend, or something it needs is not installed.
        BadModel: the model cannot be loaded.
    """
    given = options or BackendOptions()
    return MeteredBackend(_make(spec.strip(), given, sees), given.budget)


def _make(spec: str, options: BackendOptions, sees: bool) -> Backend:
    kind, _, rest = spec.partition(":")
    if spec == "pocket":
        from twist_scout.scout.backends.pocket import GrounderBackend

        return GrounderBackend(device=options.device, batch_size=options.batch_size)
    if kind == "openai" and (found := _OPENAI.fullmatch(rest)):
        from twist_scout.scout.backends.openai_endpoint import OpenAIEndpoint

        return OpenAIEndpoint(
            found["model"],
            found["url"],
            key_variable=options.key_variable,
            dialect=options.dialect,
            frame=options.frame,
            concurrency=options.concurrency,
            requests_per_minute=options.requests_per_minute,
            tokens_per_minute=options.tokens_per_minute,
            timeout=options.timeout,
            retries=Retries(options.tries),
            longest_side=options.longest_side,
        )
    if kind == "hf" and rest:
        return _in_process(rest, options, sees)
    raise BadConfig(f"There is no backend {spec!r}: write {FORMS}.")


def _in_process(rest: str, options: BackendOptions, sees: bool) -> Backend:
    model, adapter = _split_adapter(rest)
    if sees or adapter:
        from twist_scout.scout.backends.transformers_vision import TransformersVision

        return TransformersVision(
            model, adapter, dialect=options.dialect, device=options.device, batch_size=options.batch_size
        )
    from twist_scout.scout.backends.transformers_text import TransformersText

    return TransformersText(model, device=options.device, batch_size=options.batch_size)


def _split_adapter(rest: str) -> tuple[str, str | None]:
    """``MODEL+ADAPTER``; a plus in the name of a folder that exists is part of the name."""
    if "+" not in rest or Path(rest).expanduser().exists():
        return rest, None
    model, _, adapter = rest.rpartition("+")
    if not model or not adapter:
        raise BadConfig(f"'hf:{rest}' names no model or no adapter: write {FORMS}.")
    return model, adapter
