from __future__ import annotations

from collections.abc import Iterator

from twist_scout.machine import Finding
from twist_scout.machine.checks import guarded


def test_a_look_that_fails_is_a_finding() -> None:
    def broken() -> Iterator[Finding]:
        yield Finding("first", "ok", "fine")
        raise ImportError("libtorch.so is not there\nmore")

    first, second = guarded("torch", "problem", broken)
    assert first.status == "ok"
    assert (second.name, second.status) == ("torch", "problem")
    assert "ImportError: libtorch.so is not there)" in second.detail
    assert list(guarded("x", "warning", lambda: Finding("x", "ok", "y"))) == [Finding("x", "ok", "y")]
