"""``twist-scout serve``."""

from __future__ import annotations

import base64
import io
import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import openai
import pytest
from PIL import Image

from twist_scout.cli import main

BASE_ANSWER, ADAPTER_ANSWER = (
    "a red car",
    "Step 1: Find the red car [[10,20,50,80]]. Step 2: So the answer is red.",
)  # tests/conftest.py


def said(capfd: pytest.CaptureFixture[str], *words: str) -> str:
    """What a command that cannot start says."""
    assert main(["serve", "--port", "0", *words]) == 2
    line = capfd.readouterr().err
    assert line.count("\n") == 1
    return line


def test_what_is_wrong_is_said_before_the_model_is_loaded(
    capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_SUCH_KEY", raising=False)
    began = time.monotonic()
    assert "NO_SUCH_KEY holds no key" in said(capfd, "--api-key-env", "NO_SUCH_KEY")
    assert "--image-root" in said(capfd, "--image-root", str(tmp_path / "nowhere"))
    assert "NAME=FOLDER" in said(capfd, "--skill", "x")
    assert "NAME=FOLDER" in said(capfd, "--skill", "auto=x")
    assert "--host" in said(capfd, "--host", "203.0.113.1")
    assert time.monotonic() - began < 20


def test_a_folder_that_is_no_model_is_said(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["serve", "--port", "0", "--quiet", "--model", str(tmp_path)]) == 2
    assert "config.json" in capfd.readouterr().err


def test_without_the_extra_one_sentence_says_what_to_install(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import importlib.util

    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *rest: None if name == "uvicorn" else find(name, *rest)
    )
    assert "needs uvicorn: pip install 'twist-scout[serve]'" in said(capfd)


class Server:
    """The command in a process of its own."""

    def __init__(self, log: Path, *words: str) -> None:
        self.log = log
        with log.open("w") as file:
            command = [sys.executable, "-m", "twist_scout", "serve", "--port", "0", "--device", "cpu", *words]
            self.process = subprocess.Popen(
                command, stderr=file, stdout=subprocess.PIPE, env={**os.environ, "KEY": "k"}
            )

    def lines(self) -> list[dict[str, Any]]:
        whole, _, _ = self.log.read_text().rpartition("\n")
        if "{" not in whole:
            assert self.process.poll() is None, self.log.read_text()
            return []
        return [json.loads(line) for line in whole.splitlines()]

    def wait_for(self, event: str) -> dict[str, Any]:
        for _ in range(1200):
            if found := [line for line in self.lines() if line["event"] == event]:
                return found[0]
            assert self.process.poll() is None, self.log.read_text()
            time.sleep(0.1)
        raise AssertionError(self.log.read_text())


@pytest.mark.skipif(os.name != "posix", reason="signals")
@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_a_signal_lets_it_finish_what_it_accepted(
    tiny_base: Path, tiny_adapter: Path, tmp_path: Path, sent: int
) -> None:
    words = [
        "--model",
        str(tiny_base),
        "--adapter",
        str(tiny_adapter),
        "--name",
        "t",
        "--max-batch",
        "2",
        "--api-key-env",
        "KEY",
    ]
    server = Server(tmp_path / "log", *words)
    try:
        url = server.wait_for("serving")["url"]
        assert server.wait_for("loaded")["batching"] == "modes share batches"
        client = openai.OpenAI(base_url=url, api_key="k", max_retries=0, timeout=120)
        with pytest.raises(openai.AuthenticationError):
            client.with_options(api_key="other").models.list()

        file = io.BytesIO()
        Image.new("RGB", (60, 40), "red").save(file, "PNG")
        shown = f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"
        picture = {"type": "image_url", "image_url": {"url": shown}}

        def one(number: int) -> tuple[int, str]:
            turn: Any = {"role": "user", "content": [picture, {"type": "text", "text": "What is it?"}]}
            model = ("t:understanding", "t:grounding")[number % 2]
            try:
                reply = client.chat.completions.create(model=model, messages=[turn])
            except openai.InternalServerError as error:
                return error.status_code, ""
            return 200, str(reply.choices[0].message.content)

        with ThreadPoolExecutor(24) as pool:
            asked = [pool.submit(one, number) for number in range(24)]
            while not any(future.done() for future in asked):
                time.sleep(0.002)
            server.process.send_signal(sent)
            replies = [future.result() for future in asked]
        for number, (status, text) in enumerate(replies):
            expected = (BASE_ANSWER, ADAPTER_ANSWER)[number % 2]
            assert (status, text) in ((200, expected), (503, "")), "503: it came after the signal"
        assert server.process.wait(60) == 0
        lines = server.lines()
        done = [line for line in lines if line["event"] == "request" and line["status"] == 200]
        assert len(done) == sum(status == 200 for status, _ in replies) > 0
        assert lines[-1] == {**lines[-1], "event": "ended", "abandoned": False}
        assert server.process.stdout is not None
        assert server.process.stdout.read() == b"", "answers of a server are not on stdout"
    finally:
        server.process.kill()
        server.process.wait()


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_open_to_the_network_it_warns(tiny_base: Path, tmp_path: Path) -> None:
    server = Server(tmp_path / "log", "--model", str(tiny_base), "--host", "0.0.0.0")
    try:
        warning = server.wait_for("reachable from other machines, without a key")
        assert (warning["level"], warning["remedy"]) == ("warning", "--api-key-env NAME")
        assert server.wait_for("serving")["model"] == tiny_base.name
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(60) == 0
    finally:
        server.process.kill()
        server.process.wait()
