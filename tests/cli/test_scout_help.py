"""The commands about data sets explain themselves, at once."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from twist_scout.cli import main

COMMANDS = ("build", "plan", "check", "stats", "view", "audit", "export")
SOURCE = Path(main.__code__.co_filename).parents[2]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_examples(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scout", command, "--help"]) == 0
    said = capsys.readouterr().out
    assert "Usage" in said
    assert f"twist-scout scout {command} " in said


def test_help_imports_nothing_that_is_slow() -> None:
    code = (
        "import sys; from twist_scout.cli import main\n"
        f"for name in {COMMANDS!r}: main(['scout', name, '--help'])\n"
        "sys.exit(any(m in sys.modules for m in ('torch', 'transformers', 'numpy', 'jinja2', 'pyarrow', 'PIL')))"
    )
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL, env=environment)


def test_no_help_loses_its_brackets(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """They are marks of the help's own language."""
    monkeypatch.setenv("COLUMNS", "120")
    assert main(["data", "mix", "--help"]) == 0
    assert "against: [instances_val2017.json], action: drop" in capsys.readouterr().out
