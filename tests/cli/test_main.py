"""The command line as a user meets it: exit statuses, one sentence on stderr, JSON alone on
stdout.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from twist_scout.cli import main

# Also where the package is not installed, only on pytest's path.
SOURCE = Path(main.__code__.co_filename).parents[2]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(SOURCE)}
COMMANDS = (
    (),
    ("ground",),
    ("plan",),
    ("train",),
    ("certify",),
    ("quickstart",),
    ("toyworld",),
    ("toyworld", "sample"),
    ("toyworld", "scout-data"),
    ("toyworld", "evaluate"),
    ("toyworld", "train-base"),
)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_has_help(command: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*command, "--help"]) == 0
    assert "Usage" in capsys.readouterr().out


def test_help_is_quick_because_torch_is_not_imported() -> None:
    code = (
        "import sys; from twist_scout.cli import main; main(['ground', '--help']);"
        "sys.exit(any(m in sys.modules for m in ('torch', 'transformers', 'peft', 'numpy')))"
    )
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL, env=ENVIRONMENT)


def test_without_arguments_help_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    assert "quickstart" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("typed", "offered"),
    [("twist-scout qui", "quickstart"), ("twist-scout eval re", "referring"), ("twist-scout label --cl", "--classes")],
)
def test_the_shell_completes(typed: str, offered: str) -> None:
    words = {"COMP_WORDS": typed, "COMP_CWORD": str(len(typed.split()) - 1), "_TWIST_SCOUT_COMPLETE": "complete_bash"}
    code = "from twist_scout.cli import main; main([])"
    done = subprocess.run(
        [sys.executable, "-c", code], check=False, stdout=subprocess.PIPE, text=True, env={**ENVIRONMENT, **words}
    )
    assert offered in done.stdout.split()


def test_the_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("twist-scout 0.")


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        (["fly"], "fly"),
        (["ground"], "image"),
        (["ground", "x.png", "Where?", "--mode", "chat"], "--mode"),
        (["ground", "x.png", "Where?", "--colour"], "--colour"),
        (["toyworld", "sample", "--out", "x", "--count", "many"], "--count"),
        (["toyworld", "sample", "--out", "x", "--count", "0"], "--count"),
        (["toyworld", "sample"], "--out"),
        (["toyworld", "train-base", "--out", "x", "--stage", "dreams"], "dreams"),
    ],
)
def test_a_wrong_call_is_one_sentence_and_status_2(
    arguments: list[str],
    names: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.count("\n") == 1
    assert names in output.err
    assert "Traceback" not in output.err
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_stops_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("twist_scout.toyworld.scene.sample_scene", interrupted)
    assert main(["toyworld", "sample", "--out", str(tmp_path)]) == 130
    assert capsys.readouterr().err.strip().endswith("stopped")


def test_a_reader_that_leaves_early_is_no_error() -> None:
    code = "import sys; from twist_scout.cli import main; sys.exit(main(['--help']))"
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=ENVIRONMENT,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == ""
    process.stderr.close()
    assert process.wait() in (0, 1)


def test_python_dash_m_is_the_same_program() -> None:
    result = subprocess.run(
        [sys.executable, "-m", "twist_scout", "fly"],
        capture_output=True,
        text=True,
        check=False,
        env=ENVIRONMENT,
    )
    assert result.returncode == 2
    assert "fly" in result.stderr


def test_a_full_or_forbidden_disk_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    assert main(["toyworld", "sample", "--out", str(tmp_path / "file" / "x")]) == 2
    assert "cannot be made" in capsys.readouterr().err
