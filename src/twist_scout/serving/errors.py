"""What a client is told when it gets no answer, in the form that OpenAI's clients read."""

from __future__ import annotations

from typing import Any

from twist_scout.errors import TwistScoutError

_KINDS = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}


class ApiError(TwistScoutError):
    """A request that is refused or failed.

    Args:
        status: of HTTP.
        message: one sentence: what is wrong, and the remedy.
        code: a word for programs.
        param: the field of the request that is meant.
        retry_after: seconds after which another try may succeed.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: str | None = None,
        param: str | None = None,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.param = param
        self.retry_after = retry_after

    @property
    def body(self) -> dict[str, Any]:
        """The JSON of the answer."""
        kind = _KINDS.get(self.status, "server_error" if self.status >= 500 else "invalid_request_error")
        return {"error": {"message": str(self), "type": kind, "param": self.param, "code": self.code}}

    @property
    def headers(self) -> dict[str, str]:
        """HTTP headers beside the usual ones."""
        return {} if self.retry_after is None else {"retry-after": str(self.retry_after)}


def bad(message: str, param: str | None = None, code: str | None = None) -> ApiError:
    """The request itself is at fault: status 400."""
    return ApiError(400, message, param=param, code=code)


def stopping() -> ApiError:
    """The server is about to end: status 503."""
    return ApiError(503, "The server is shutting down: try again in a moment.", code="shutting_down", retry_after=5)
