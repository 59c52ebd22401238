from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import twist_scout
from twist_scout.cli import main
from twist_scout.scout.audit import Audit

from ..scout.data_set import write_data_set


def test_the_command_serves_saves_and_says_the_result_when_it_is_stopped(tmp_path: Path) -> None:
    write_data_set(tmp_path)
    environment = {**os.environ, "PYTHONPATH": str(Path(twist_scout.__file__).parents[1]), "COLUMNS": "200"}
    command = [sys.executable, "-m", "twist_scout", "scout", "audit", str(tmp_path)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, text=True)
    assert process.stderr is not None
    host, port = process.stderr.readline().split("http://")[1].strip("/\n").split(":")
    assert host == "127.0.0.1"
    for number, answer in enumerate(("right", "right", "wrong")):
        connection = http.client.HTTPConnection(host, int(port), timeout=10)
        connection.request(
            "POST", "/judge", json.dumps({"number": number, "answer": answer}), {"Content-Type": "application/json"}
        )
        assert connection.getresponse().status == 200
        connection.close()
    process.send_signal(signal.SIGINT)
    said, complaints = process.communicate(timeout=20)
    assert process.returncode == 0
    assert "66.7% right: 2 of 3 judged (95 % interval 20.8% to 93.9%)" in said
    assert "1 to go" in said
    assert "Traceback" not in complaints


def test_the_result_can_be_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_data_set(tmp_path)
    assert main(["scout", "audit", str(tmp_path), "--report"]) == 0
    assert "None of 4 records is judged yet." in capsys.readouterr().out
    audit = Audit(tmp_path / "train.jsonl")
    for number, answer in enumerate(("right", "wrong", "skipped")):
        audit.judge(number, answer)
    assert main(["scout", "audit", str(tmp_path), "--report", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["share"], found["judged"], found["skipped"], found["left"]) == (0.5, 2, 1, 1)
    assert found["wrong_ids"] == ["small:1:1"]
    assert found["paper"] == {"SCOUT": 0.947, "Shikra": 0.631}
    assert main(["scout", "audit", str(tmp_path), "--report", "--count", "2"]) == 0
    capsys.readouterr()


def test_wrong_calls_are_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in ([str(tmp_path)], [str(tmp_path), "--count", "0"], [str(tmp_path), "--port", "70000"]):
        assert main(["scout", "audit", *arguments]) == 2
        assert capsys.readouterr().err.count("\n") == 1
