"""What an error of an endpoint means: try again, give this request up, or stop the run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from twist_scout.errors import first_line
from twist_scout.scout.backends.retrying import asked_wait

Kind = Literal["passing", "bad request", "fatal"]


@dataclass(frozen=True, slots=True)
class Failure:
    """What went wrong with one try.

    Attributes:
        kind: ``passing``: try again; ``bad request``: this request will never do; ``fatal``: none will.
        problem: what is wrong, without a full stop.
        asked: seconds that the server asks to wait.
        reached: whether a server answered at all.
        status: the HTTP status, where there is one.
    """

    kind: Kind
    problem: str
    asked: float | None = None
    reached: bool = True
    status: int | None = None


class UnusableReply(Exception):
    """An answer of the server that is not what the protocol promises."""


def judge(error: Exception) -> Failure | None:
    """What an error of the ``openai`` client means; None: it is none of an endpoint's errors."""
    import openai

    if isinstance(error, (TimeoutError, openai.APITimeoutError)):
        return Failure("passing", "the endpoint did not answer in time")
    if isinstance(error, openai.APIConnectionError):
        # The client's own message says nothing; what the network said is behind it.
        reason = first_line(error.__cause__ or error)
        return Failure("passing", f"the connection failed ({reason})", reached=False)
    if isinstance(error, openai.APIStatusError):
        return _judge_status(error.status_code, _said(error.body) or first_line(error), error)
    if isinstance(error, (UnusableReply, openai.APIResponseValidationError)):
        return Failure("passing", f"the endpoint's answer is not a chat completion ({first_line(error)})")
    if isinstance(error, ValueError):  # the JSON decoder's errors are among them
        return Failure("passing", f"the endpoint's answer is cut short or no JSON ({first_line(error)})")
    return None


def _judge_status(status: int, said: str, error: Any) -> Failure:
    said = said if len(said) <= 160 else said[:157] + "..."
    problem = f"the endpoint says {status}: {said}" if said else f"the endpoint says {status}"
    if status in (401, 403, 404, 405) or (status == 429 and getattr(error, "code", None) == "insufficient_quota"):
        return Failure("fatal", problem, status=status)
    if status in (408, 409, 425, 429) or status >= 500:
        return Failure("passing", problem, asked=asked_wait(error.response.headers), status=status)
    return Failure("bad request", problem, status=status)


def _said(body: object) -> str:
    """The sentence in an error's body, in the forms that servers have for it."""
    for _ in range(3):
        if isinstance(body, Mapping):
            body = next((body[key] for key in ("message", "detail", "error") if body.get(key)), "")
    return " ".join(str(body).split()).rstrip(".") if isinstance(body, str) else ""
