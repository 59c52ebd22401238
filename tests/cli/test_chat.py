"""``twist-scout chat``, from a pipe and from a terminal."""

from __future__ import annotations

import io
import json
import os
import select
import signal
import sys
import time
from pathlib import Path

import pytest
from PIL import Image

from twist_scout.cli import main


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    Image.new("RGB", (40, 20), (9, 9, 9)).save(tmp_path / "a.png")
    return tmp_path / "a.png"


@pytest.fixture
def tiny(tiny_base: Path, tiny_adapter: Path) -> list[str]:
    return ["--model", str(tiny_base), "--adapter", str(tiny_adapter), "--device", "cpu", "--turns", "0"]


def pipe(monkeypatch: pytest.MonkeyPatch, *lines: str) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("\n".join(lines)))


def test_a_script_of_questions_and_commands(
    picture: Path, tiny: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    saved = tmp_path / "boxes.png"
    pipe(
        monkeypatch,
        "Where is the red car? Give its box.",
        f"/save {saved}",
        "/mode understanding",
        "And now?",
        "/quit",
        "x",
    )
    assert main(["chat", str(picture), *tiny]) == 0
    spoken = capfd.readouterr()
    lines = spoken.out.splitlines()
    assert lines[0].startswith("grounding: grounding with probability")
    assert lines[1] == "Step 1: Find the red car [[10,20,50,80]]."
    assert "  the red car: 4, 4, 20, 16" in lines
    assert lines[-2:] == ["understanding: asked for", "a red car"]
    assert f"1 boxes drawn to {saved}" in spoken.err
    assert saved.is_file()


def test_json_is_one_object_a_line(
    picture: Path, tiny: list[str], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    pipe(monkeypatch, "/mode grounding", "Where is it?", f"/image {picture}", "And now?")
    assert main(["chat", "--json", *tiny]) == 0
    first, second = (json.loads(line) for line in capfd.readouterr().out.splitlines())
    assert (first["prompt"], first["mode"], first["width"]) == ("Where is it?", "grounding", None)
    assert (second["width"], second["phrases"][0]["boxes"]) == (40, [[4.0, 4.0, 20.0, 16.0]])


def test_a_line_that_cannot_be_done_is_said_and_the_script_goes_on(
    picture: Path, tiny: list[str], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    pipe(monkeypatch, "/image none.png", "/bogus", "/mode grounding", "Where is it?", "/save boxes.txt")
    assert main(["chat", str(picture), *tiny]) == 1
    spoken = capfd.readouterr()
    assert "[[10,20,50,80]]" in spoken.out
    for message in ("none.png does not exist", "no command /bogus", "does not end like a picture"):
        assert message in spoken.err


def test_a_picture_that_is_none_is_found_before_the_model_is_loaded(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["chat", "nothing.png", "--model", "/nowhere"]) == 2
    assert "nothing.png does not exist" in capfd.readouterr().err


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "forkpty"), reason="needs a terminal to pretend with")
def test_in_a_terminal_it_asks_for_the_next_line(picture: Path, tiny: list[str]) -> None:
    pid, terminal = os.forkpty()
    if pid == 0:  # the child has the terminal as its own
        os.execv(sys.executable, [sys.executable, "-m", "twist_scout", "chat", str(picture), *tiny])
    said = ""

    def until(text: str) -> None:
        nonlocal said
        end = time.monotonic() + 90
        while text not in said:
            ready, _, _ = select.select([terminal], [], [], max(0.0, end - time.monotonic()))
            assert ready, f"never: {text!r}, but {said!r}"
            said += os.read(terminal, 4096).decode(errors="replace")
        said = said.partition(text)[2]

    try:
        until("/help for commands")
        until("> ")
        os.write(terminal, b"/mode grounding\n")
        until("mode: grounding")
        os.write(terminal, b"Where is it?\n")
        until("the red car: 4, 4, 20, 16")
        until("> ")
        os.write(terminal, b"\x04")  # Ctrl-D
    except BaseException:
        os.kill(pid, signal.SIGKILL)
        raise
    finally:
        _, status = os.waitpid(pid, 0)
        os.close(terminal)
    assert os.waitstatus_to_exitcode(status) == 0
