from __future__ import annotations

from pathlib import Path

import pytest
from packaging.requirements import Requirement

from twist_scout.machine import libraries
from twist_scout.machine.declared import Declared
from twist_scout.machine.libraries import check_core, check_extra, check_python


def say(monkeypatch: pytest.MonkeyPatch, *core: str, python: str = ">=3.11") -> None:
    found = Declared(python, tuple(map(Requirement, core)), {})
    monkeypatch.setattr(libraries, "declared", lambda: found)


def test_what_tests_run_on_is_good_enough() -> None:
    assert check_python().status == "ok"
    findings = list(check_core())
    assert [one.name for one in findings] == ["torch", "transformers", "peft", "libraries"]
    assert {one.status for one in findings} == {"ok"}


def test_an_old_python_and_old_or_missing_libraries_are_problems(monkeypatch: pytest.MonkeyPatch) -> None:
    say(monkeypatch, "torch>=99", "no-such-library>=1", "numpy>=1", python=">=4")
    assert check_python().status == "problem"
    torch, missing, others = check_core()
    assert (torch.status, missing.status, others.status) == ("problem", "problem", "ok")
    assert ">=99 is needed" in torch.detail
    assert torch.remedy == 'pip install "torch>=99"'
    assert missing.detail == "no-such-library is not installed"
    assert others.detail.startswith("1 other")


def test_an_extra_is_imported_and_not_only_looked_up(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert check_extra("router", [Requirement("numpy>=1"), Requirement("pyyaml")]).status == "ok"
    assert check_extra("app", []).status == "ok"
    missing = check_extra("app", [Requirement("no-such-library")])
    assert (missing.status, missing.remedy) == ("warning", 'pip install "twist-scout[app]"')
    (tmp_path / "numpy.py").write_text("raise OSError('libsomething.so is not there')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    broken = check_extra("eval", [Requirement("numpy")])
    assert broken.status == "warning"
    assert "libsomething.so is not there" in broken.detail
    assert broken.remedy.endswith("--force-reinstall")


def test_files_beside_the_user_are_no_libraries(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "json.py").write_text("raise RuntimeError")
    monkeypatch.chdir(tmp_path)
    assert check_extra("x", [Requirement("numpy")]).status == "ok"
