"""``twist-scout app`` as a user runs it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from twist_scout.cli import main


def test_it_prints_its_address_and_ends_with_control_c(tiny_base: Path, tiny_adapter: Path) -> None:
    command = [sys.executable, "-m", "twist_scout", "app", "--port", "0", "--device", "cpu"]
    command += ["--model", str(tiny_base), "--adapter", str(tiny_adapter), "--adapter", "-"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=dict(os.environ))
    assert process.stdout is not None
    try:
        address = urlsplit(process.stdout.readline().strip())
        assert address.hostname == "127.0.0.1"
        key = parse_qs(address.fragment)["key"][0]
        assert len(key) >= 32
        connection = HTTPConnection("127.0.0.1", address.port or 0, timeout=120)
        sent = json.dumps({"model": 0})
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        connection.request("POST", "/api/load", sent, headers)
        told = json.loads(connection.getresponse().read())
        assert (told["loaded"], told["adapter"]) == (True, True)
        connection.request("GET", "/api/state", headers=headers)
        names = [one["name"] for one in json.loads(connection.getresponse().read())["models"]]
        assert names == [f"{tiny_base.name} + {tiny_adapter.name}", tiny_base.name]
        connection.close()
        process.send_signal(signal.SIGINT)
        _, complaints = process.communicate(timeout=60)
        assert process.returncode == 0, complaints
        assert "Traceback" not in complaints
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--adapter", "-"], "give --model too"),
        (["--model", "a", "--model", "b", "--adapter", "c"], "give one for each model"),
        (["--host", "no.such.host.invalid"], "cannot be served"),
        (["--device", "abacus"], "abacus"),
    ],
)
def test_what_cannot_be_is_told_in_one_line(
    arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["app", *arguments]) == 2
    complaint = capsys.readouterr().err
    assert told in complaint
    assert complaint.count("\n") == 1


def test_a_taken_port_is_told_before_a_model_is_loaded(capsys: pytest.CaptureFixture[str]) -> None:
    from twist_scout.serving.server import bind

    with bind("127.0.0.1", 0) as taken:
        taken.listen()
        assert main(["app", "--port", str(taken.getsockname()[1])]) == 2
    assert "choose with --host and --port" in capsys.readouterr().err
