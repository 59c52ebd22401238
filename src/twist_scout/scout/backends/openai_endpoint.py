"""An endpoint that speaks the OpenAI protocol of chat completions.

vLLM, ``transformers serve``, llama.cpp's server, SGLang, Ollama and hosted models all do. Connections and the protocol
are the ``openai`` client's; how often to ask, when to try again and when to stop are decided here, because a data set
of a week must not hang on one answer.
"""

from __future__ import annotations

import asyncio
import os
import time
from typing import Any
from urllib.parse import urlsplit

from twist_scout.boxes.conversion import view_of
from twist_scout.boxes.dialects import get_dialect
from twist_scout.boxes.frame import Frame, make_frame
from twist_scout.data.records import FrameChoice, resolve_frame
from twist_scout.errors import BadConfig, BadImage
from twist_scout.scout.backends.base import BackendDown, Reply, Request
from twist_scout.scout.backends.limits import RateLimit
from twist_scout.scout.backends.openai_errors import Failure, UnusableReply, judge
from twist_scout.scout.backends.pictures import PictureFormat, PictureUrls, sent_size
from twist_scout.scout.backends.retrying import Retries

#: Tries of a connection while no server has answered yet: most likely there is none.
FIRST_CONNECTIONS = 3
#: What a picture is taken for where tokens per minute are limited; the true number is settled after the reply.
PICTURE_TOKENS = 1000


class OpenAIEndpoint:
    """A model behind an OpenAI-compatible endpoint.

    Args:
        model: its name at the endpoint.
        url: the endpoint's base, ``http://localhost:8000/v1``; ``/v1`` is added where there is no path. None: what
            ``OPENAI_BASE_URL`` says, else OpenAI's own.
        key_variable: environment variable that holds the key. Servers of one's own need none.
        dialect: how the model writes boxes.
        frame: what the model sees of the picture that it is sent; None: what models of its dialect see.
        concurrency: requests under way at once.
        requests_per_minute: None for no limit.
        tokens_per_minute: read and written together; None for no limit.
        timeout: seconds for one try, from sending to the last byte.
        retries: how often and when to try again.
        longest_side: larger pictures are shrunk to this many pixels before they are sent.
        picture_format: ``jpeg`` or ``png``.
        give_up_after: after this many requests in a row that failed in all their tries, the endpoint counts as gone.

    Raises:
        BadConfig: the client is not installed, the address cannot be used, or there is no such dialect or frame.
    """

    def __init__(
        self,
        model: str,
        url: str | None = None,
        *,
        key_variable: str = "OPENAI_API_KEY",
        dialect: str | None = None,
        frame: FrameChoice | None = None,
        concurrency: int = 16,
        requests_per_minute: float | None = None,
        tokens_per_minute: float | None = None,
        timeout: float = 120.0,
        retries: Retries | None = None,
        longest_side: int | None = None,
        picture_format: PictureFormat = "jpeg",
        give_up_after: int = 32,
    ) -> None:
        openai = _client_library()
        base = _checked_url(url or os.environ.get("OPENAI_BASE_URL") or "https://api.openai.com/v1")
        self._key = os.environ.get(key_variable, "").strip()
        if not self._key and urlsplit(base).hostname == "api.openai.com":
            raise BadConfig(f"{base} needs a key: set the environment variable {key_variable}, or give MODEL@URL.")
        self.name = f"openai:{model}@{base}"
        self.dialect = dialect
        self._seen = _seen(dialect, frame)
        self._model, self._url, self._timeout = model, base, timeout
        self._retries = retries or Retries()
        self._limit_name = "max_tokens"
        self._pictures = PictureUrls(longest_side, picture_format)
        self._slots = asyncio.Semaphore(concurrency)
        self._requests, self._tokens = RateLimit(requests_per_minute), RateLimit(tokens_per_minute)
        self._quiet_until = 0.0
        self._answered = 0
        self._failed_in_row, self._give_up_after = 0, give_up_after
        self._client = openai.AsyncOpenAI(
            api_key=self._key or "none", base_url=base, max_retries=0, timeout=timeout + 5.0
        )

    @property
    def frame(self) -> FrameChoice | None:
        """What the model sees of an original picture, which may have been shrunk on its way."""
        seen, side = self._seen, self._pictures.longest_side
        if seen is None or side is None or isinstance(seen, Frame):
            return seen
        return lambda width, height: resolve_frame(seen, *sent_size(width, height, side))

    async def complete(self, request: Request) -> Reply:
        """Send a request, and again where that may help."""
        try:
            body = await self._body(request)
        except BadImage as error:
            return Reply(problem=str(error))
        expected = sum(len(m.text) for m in request.messages) // 4 + (PICTURE_TOKENS if request.image else 0)
        expected += request.max_tokens
        failures = 0
        while True:
            await self._tokens.take(expected)
            outcome = await self._once(body)
            if isinstance(outcome, Reply):
                self._tokens.give_back(expected - outcome.prompt_tokens - outcome.completion_tokens)
                self._answered += 1
                self._failed_in_row = 0
                return outcome
            self._tokens.give_back(expected)
            failures += 1
            if outcome.kind == "bad request" and self._renamed_limit(body, outcome):
                continue
            if outcome.kind != "passing":
                return await self._given_up(outcome)
            if not outcome.reached and not self._answered and failures >= FIRST_CONNECTIONS:
                raise BackendDown(
                    self._sentence(f"{outcome.problem}: is the server running, and is the address right?")
                )
            wait = self._retries.wait(failures, outcome.asked)
            if wait is None:
                return await self._given_up(outcome, tries=failures)
            if outcome.asked:  # the server speaks to all of us
                self._quiet_until = max(self._quiet_until, time.monotonic() + wait)
            await asyncio.sleep(wait)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def _once(self, body: dict[str, Any]) -> Reply | Failure:
        await self._requests.take()
        async with self._slots:
            while (pause := self._quiet_until - time.monotonic()) > 0:
                await asyncio.sleep(pause)
            try:
                async with asyncio.timeout(self._timeout):
                    completion = await self._client.chat.completions.create(**body)
                return _reply(completion, body)
            except Exception as error:
                failure = judge(error)
                if failure is None:
                    raise
                return failure

    async def _given_up(self, failure: Failure, tries: int = 1) -> Reply:
        """The reply of a request that failed for good; a failure that is everybody's ends the run."""
        if failure.kind == "fatal" and not (failure.status == 403 and self._answered):
            raise BackendDown(self._sentence(await self._advice(failure)))
        if failure.kind == "passing":
            self._failed_in_row += 1
            if self._failed_in_row >= self._give_up_after:
                raise BackendDown(
                    self._sentence(
                        f"{self._failed_in_row} requests in a row failed in all tries; last, {failure.problem}"
                    )
                )
        times = f" (tried {tries} times)" if tries > 1 else ""
        return Reply(problem=self._without_key(f"{failure.problem}{times}."))

    async def _advice(self, failure: Failure) -> str:
        if failure.status in (401, 403):
            return f"{failure.problem}: check the key in the environment variable and what it may use."
        if failure.status == 429:
            return f"{failure.problem}: the account has no quota left."
        if failure.status != 404:
            return f"{failure.problem}: check the address."
        try:
            async with asyncio.timeout(10):
                names = [model.id async for model in self._client.models.list()][:8]
        except Exception:  # the list is a courtesy; what is wrong is known already
            names = []
        known = f"it has {', '.join(names)}" if names else "check the model's name and the address"
        return f"{failure.problem}: {known}."

    def _sentence(self, problem: str) -> str:
        return self._without_key(f"{self.name} does not work: {problem}")

    def _without_key(self, text: str) -> str:
        return text.replace(self._key, "***") if self._key else text

    def _renamed_limit(self, body: dict[str, Any], failure: Failure) -> bool:
        """Newer endpoints know the token limit by another name and say so; whether this was it."""
        if "max_completion_tokens" not in failure.problem or "max_tokens" not in body:
            return False
        self._limit_name = "max_completion_tokens"
        body[self._limit_name] = body.pop("max_tokens")
        return True

    async def _body(self, request: Request) -> dict[str, Any]:
        messages: list[dict[str, Any]] = [{"role": m.role, "content": m.text} for m in request.messages]
        if request.image is not None:
            url = await self._pictures.url(request.image)
            last = max(i for i, message in enumerate(messages) if message["role"] == "user")
            text = {"type": "text", "text": messages[last]["content"]}
            messages[last]["content"] = [{"type": "image_url", "image_url": {"url": url}}, text]
        body: dict[str, Any] = {
            "model": self._model,
            "messages": messages,
            "temperature": request.temperature,
            self._limit_name: request.max_tokens,
        }
        if request.temperature > 0:
            body["seed"] = request.seed
        if request.stop:
            body["stop"] = list(request.stop)
        return body


def _reply(completion: Any, body: dict[str, Any]) -> Reply:
    """A completion as a reply.

    Raises:
        UnusableReply: it is not one.
    """
    choices = getattr(completion, "choices", None)
    if not isinstance(choices, list) or not choices:
        raise UnusableReply("it has no choices")
    message = getattr(choices[0], "message", None)
    if message is None:
        raise UnusableReply("its choice has no message")
    text, finish = message.content, getattr(choices[0], "finish_reason", None) or "stop"
    if finish == "content_filter":
        return Reply(problem="The endpoint's content filter withheld the reply.", finish=finish)
    if text is None:
        refusal = getattr(message, "refusal", None)
        if refusal:
            return Reply(problem=f"The model refused: {refusal}", finish=finish)
        text = ""
    if not isinstance(text, str):
        raise UnusableReply("its message is not text")
    usage = getattr(completion, "usage", None)
    read, written = getattr(usage, "prompt_tokens", None), getattr(usage, "completion_tokens", None)
    if not isinstance(read, int) or not isinstance(written, int):  # four letters a token, where nobody counts
        words = [
            part if isinstance(part, str) else part[-1]["text"] for part in (m["content"] for m in body["messages"])
        ]
        read, written = sum(map(len, words)) // 4, len(text) // 4
    return Reply(text, finish, read, written)


def _seen(dialect: str | None, frame: FrameChoice | None) -> FrameChoice | None:
    """What a model sees of what it is sent: as said, else as models of its dialect do; None where nothing is known."""
    if isinstance(frame, str):
        make_frame(frame, width=1, height=1)  # a wrong name shows now
    if dialect is None or not (frame is None or isinstance(frame, str)):
        return frame
    family, name = get_dialect(dialect), frame
    return lambda width, height: view_of(family, (width, height), name)


def _client_library() -> Any:
    try:
        import openai
    except ImportError as error:
        raise BadConfig(
            "Endpoints need the 'openai' client, which is not installed: pip install 'twist-scout[scout]'."
        ) from error
    return openai


def _checked_url(url: str) -> str:
    try:
        parts = urlsplit(url)
        valid = parts.scheme in ("http", "https") and parts.hostname and (parts.port is None or parts.port > 0)
    except ValueError:
        valid = False
    if not valid:
        raise BadConfig(f"{url!r} is not the address of an endpoint: write http://HOST:PORT/v1.")
    if parts.username or parts.password:
        raise BadConfig(
            "The endpoint's address holds a user name or password, which would end up in every record: "
            "set the key in the environment instead."
        )
    return url.rstrip("/") if parts.path.strip("/") else f"{parts.scheme}://{parts.netloc}/v1"
