from __future__ import annotations

import time
from email.utils import formatdate

import pytest

from twist_scout.scout.backends.retrying import Retries, asked_wait


def test_waits_double_and_jitter_up_to_the_longest() -> None:
    retries = Retries(tries=10, first=1, longest=8)
    for failures, most in enumerate((1, 2, 4, 8, 8, 8), start=1):
        waits = [retries.wait(failures) or 0.0 for _ in range(200)]
        assert all(most / 2 <= wait <= most for wait in waits)
        assert len(set(waits)) > 100


def test_tries_come_to_an_end() -> None:
    retries = Retries(tries=3)
    assert retries.wait(2) is not None
    assert retries.wait(3) is None


def test_a_server_gets_the_time_it_asks_for_within_reason() -> None:
    retries = Retries(longest=1, longest_asked=100)
    assert retries.wait(1, asked=99) == 99
    assert retries.wait(1, asked=101) is None


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "3"}, 3.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after": "-3"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after-ms": "250", "retry-after": "3"}, 0.25),
    ],
)
def test_what_a_server_asks_for(headers: dict[str, str], seconds: float | None) -> None:
    assert asked_wait(headers) == seconds


def test_a_date_is_a_wait_as_well() -> None:
    found = asked_wait({"retry-after": formatdate(time.time() + 30, usegmt=True)})
    assert found is not None
    assert 28 <= found <= 31
