from __future__ import annotations

import json
from typing import Any

import pytest

from twist_scout.serving.errors import ApiError
from twist_scout.serving.protocol import read_request

HELLO = [{"role": "user", "content": "hello"}]


def read(**fields: Any) -> Any:
    return read_request(json.dumps({"model": "m", "messages": HELLO, **fields}).encode())


def refusal(body: bytes) -> ApiError:
    with pytest.raises(ApiError) as caught:
        read_request(body)
    assert caught.value.status == 400
    assert "\n" not in str(caught.value)
    return caught.value


def test_a_request_with_everything_that_is_served() -> None:
    request = read(max_tokens=5, temperature=0.5, top_p=0.9, seed=-3, stop="x", stream=True, mode="grounding")
    assert (request.limit, request.temperature, request.top_p, request.seed) == (5, 0.5, 0.9, -3)
    assert (request.stops, request.stream, request.mode) == (("x",), True, "grounding")
    assert read(stop=["a", "b"]).stops == ("a", "b")
    assert read(max_tokens=5, max_completion_tokens=7).limit == 7
    assert read(stream_options={"include_usage": True}).wants_usage


def test_what_a_client_says_to_want_nothing_special_is_taken() -> None:
    """Clients send the defaults of fields that this server does not have."""
    defaults = {
        "n": 1,
        "presence_penalty": 0.0,
        "frequency_penalty": 0,
        "logprobs": False,
        "tools": [],
        "tool_choice": "none",
        "response_format": {"type": "text"},
        "logit_bias": {},
        "store": False,
        "user": "me",
        "metadata": {"a": "b"},
        "top_p": None,
        "functions": None,
        "never_heard_of": None,
    }
    assert read(**defaults) == read()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("n", 2),
        ("n", True),
        ("presence_penalty", 0.5),
        ("logprobs", True),
        ("logit_bias", {"5": 1}),
        ("tools", [{"type": "function"}]),
        ("tool_choice", "required"),
        ("response_format", {"type": "json_object"}),
        ("audio", {"voice": "x"}),
        ("store", True),
        ("reasoning_effort", "high"),
    ],
)
def test_what_is_not_offered_is_refused_by_name(field: str, value: Any) -> None:
    error = refusal(json.dumps({"messages": HELLO, field: value}).encode())
    assert (error.param, error.code) == (field, "unsupported_parameter")
    assert field in str(error)


def test_a_field_that_does_not_exist_is_refused_by_name() -> None:
    error = refusal(json.dumps({"messages": HELLO, "temprature": 1}).encode())
    assert (error.param, error.code) == ("temprature", "unknown_parameter")


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"temperature": -0.1}, "temperature"),
        ({"temperature": 2.5}, "temperature"),
        ({"temperature": "1"}, "temperature"),
        ({"temperature": float("nan")}, "temperature"),
        ({"top_p": 0}, "top_p"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"max_tokens": 2.5}, "max_tokens"),
        ({"max_completion_tokens": True}, "max_completion_tokens"),
        ({"seed": "a"}, "seed"),
        ({"stream": 1}, "stream"),
        ({"stop": [""]}, "stop"),
        ({"stop": ["a"] * 5}, "stop"),
        ({"stop": "a" * 257}, "stop"),
        ({"stop": [1]}, "stop.0"),
        ({"messages": []}, "messages"),
        ({"messages": "hello"}, "messages"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "messages.0.role"),
        ({"messages": [{"role": "user", "content": [{"type": "input_audio"}]}]}, "messages.0.content.0"),
        (
            {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": "data:"}]}]},
            "messages.0.content",
        ),
    ],
)
def test_a_value_that_does_not_fit_is_refused_by_name(fields: dict[str, Any], param: str) -> None:
    error = refusal(json.dumps({"messages": HELLO, **fields}).encode())
    assert error.param is not None
    assert error.param.startswith(param)
    assert error.code == "invalid_value"


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"7", b"null", b"\xff\xfe", b"[" * 100_000, b'{"messages": 1e'])
def test_what_is_no_json_object_is_refused(body: bytes) -> None:
    assert refusal(body).code == "invalid_json"


def test_what_a_client_sent_is_not_sent_back_at_length() -> None:
    long = "x" * 100_000
    cases: list[dict[str, Any]] = [
        {long: 1},
        {"messages": [{"role": "user", "content": [{"type": long}]}]},
        {"stop": [long]},
    ]
    for fields in cases:
        assert len(str(refusal(json.dumps({"messages": HELLO, **fields}).encode()))) < 400


def test_errors_have_the_form_that_clients_read() -> None:
    error = ApiError(429, "Busy.", code="queue_full", param="x", retry_after=3)
    told = {"message": "Busy.", "type": "rate_limit_error", "param": "x", "code": "queue_full"}
    assert error.body == {"error": told}
    assert error.headers == {"retry-after": "3"}
    assert ApiError(500, "x").body["error"]["type"] == "server_error"
    assert ApiError(413, "x").body["error"]["type"] == "invalid_request_error"
