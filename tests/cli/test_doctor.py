"""``twist-scout doctor``."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from twist_scout.cli import main
from twist_scout.machine import Finding, checks


@pytest.mark.slow
def test_what_tests_run_on_works(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--offline", "--json"]) == 0
    said = json.loads(capfd.readouterr().out)
    assert said["works"] is True
    statuses = {one["name"]: one["status"] for one in said["findings"]}
    for name in ("python", "torch", "transformers", "peft", "libraries", "pocket model", "certificate", "hub"):
        assert statuses[name] == "ok", name
    assert {"gpu", "cpu", "c++ compiler", "model cache", "extra: scout", "extra: router"} <= set(statuses)
    assert all(one["remedy"] for one in said["findings"] if one["status"] != "ok")


@pytest.mark.parametrize(("worst", "status", "last"), [
    ("warning", 0, "The core works; 1 warning about what is optional."),
    ("problem", 1, "1 problem to be mended first."),
    ("ok", 0, "The core works."),
])  # fmt: skip
def test_only_a_problem_is_a_failure(
    worst: str, status: int, last: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    asked: list[bool] = []

    def found(*, offline: bool) -> Iterator[Finding]:
        asked.append(offline)
        yield Finding("python", "ok", "3.14")
        yield Finding("thing", worst, "as it is \x1b[31m", "do this")  # type: ignore[arg-type]

    monkeypatch.setattr(checks, "check_machine", found)
    assert main(["doctor"]) == status
    lines = capfd.readouterr().out.splitlines()
    assert lines[-1] == last
    assert [line.split()[0] for line in lines[:2]] == ["ok", worst]
    assert lines[2].strip() == "do this"
    assert "\x1b" not in "".join(lines)
    assert main(["doctor", "--offline", "--json"]) == status
    assert json.loads(capfd.readouterr().out)["works"] is (status == 0)
    assert asked == [False, True]
