"""``twist-scout eval judge`` against a real HTTP server."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from twist_scout.cli import main

from ..scout.serving import Answer, failed, said, serve

pytest.importorskip("openai")

QUESTIONS = {
    f"v1_{n}": {"imagename": f"{n}.png", "question": f"What is {n}?", "answer": f"number {n}", "capability": ["rec"]}
    for n in range(6)
}


class JudgeServer:
    """Grades by whether the right answer stands in the answer; does as it is told otherwise."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []
        self.garbled = 0
        self.url = ""

    def reply(self, body: dict[str, Any]) -> str:
        self.bodies.append(body)
        if self.garbled > 0:
            self.garbled -= 1
            return "I would rather not put a number on it."
        asked = body["messages"][-1]["content"]
        if "<answer_2>" in asked:
            return "8 6\nThe second answer is shorter."
        truth = re.search(r"Right answer: (.*)\nAnswer:", asked)
        assert truth is not None
        return "1.0" if truth[1] in asked.rpartition("\nAnswer: ")[2] else "0.2"


@pytest.fixture
def server() -> Iterator[JudgeServer]:
    judge = JudgeServer()

    def respond(number: int, body: dict[str, Any]) -> Answer:
        if "wrong" in endpoint.headers[number]["authorization"]:
            return failed(401, "no such key")
        return said(judge.reply(body))

    with serve(respond) as endpoint:
        judge.url = endpoint.url
        yield judge


@pytest.fixture
def mm_vet(tmp_path: Path, server: JudgeServer) -> list[str]:
    (tmp_path / "mm-vet.json").write_text(json.dumps(QUESTIONS))
    rows = [{"id": f"v1_{n}", "text": f"It is number {n if n < 4 else 99}."} for n in range(6)]
    (tmp_path / "p.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    truth, predictions = str(tmp_path / "mm-vet.json"), str(tmp_path / "p.jsonl")
    return ["eval", "judge", "mm-vet", "-p", predictions, "-t", truth, "--judge", f"openai:m@{server.url}"]


def test_answers_are_graded_once(
    mm_vet: list[str], server: JudgeServer, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main([*mm_vet, "--json"]) == 0
    found = json.loads(capfd.readouterr().out)
    assert found["score"] == pytest.approx(100 * (4 + 2 * 0.2) / 6)
    assert found["protocol"] == f"mm-vet/1 prompt 1 judge openai:m@{server.url}"
    assert found["groups"]["ability"]["rec"]["total"] == 6
    assert len(server.bodies) == 6
    assert {body["temperature"] for body in server.bodies} == {0.0}
    assert len((tmp_path / "p.judgements.jsonl").read_text().splitlines()) == 6
    assert main([*mm_vet, "--html", str(tmp_path / "page.html")]) == 0
    assert len(server.bodies) == 6  # nothing was asked again
    assert "MM-Vet score 73.33" in capfd.readouterr().out
    assert "The judge: 0.2" in (tmp_path / "page.html").read_text()


def test_what_cannot_be_read_is_asked_for_again(
    mm_vet: list[str], server: JudgeServer, capfd: pytest.CaptureFixture[str]
) -> None:
    server.garbled = 8
    assert main([*mm_vet, "--json"]) == 0
    found = json.loads(capfd.readouterr().out)
    assert (found["unjudged"], len(server.bodies)) == (0, 14)
    assert {body["temperature"] for body in server.bodies} == {0.0, 0.5, 1.0}


def test_llava_bench(tmp_path: Path, server: JudgeServer, capfd: pytest.CaptureFixture[str]) -> None:
    files = {
        "questions.jsonl": {"question_id": 0, "image": "001.jpg", "category": "conv", "text": "Why?"},
        "context.jsonl": {"id": "001", "image": "001.jpg", "caption": "A man waits."},
        "answers_gpt4.jsonl": {"question_id": 0, "text": "He waits for a bus."},
        "p.jsonl": {"question_id": 0, "text": "He waits."},
    }
    for name, row in files.items():
        (tmp_path / name).write_text(json.dumps(row) + "\n")
    options = ["-p", str(tmp_path / "p.jsonl"), "-t", str(tmp_path), "--judge", f"openai:m@{server.url}"]
    assert main(["eval", "judge", "llava-bench", *options]) == 0
    assert "LLaVA-Bench score 75.00" in capfd.readouterr().out
    asked = server.bodies[0]["messages"]
    assert [message["role"] for message in asked] == ["system", "user"]
    assert asked[1]["content"].index("He waits for a bus.") < asked[1]["content"].index("He waits.\n</answer_2>")


def test_a_wrong_key_ends_in_one_sentence_and_loses_nothing(
    mm_vet: list[str],
    server: JudgeServer,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "few.jsonl").write_text("".join((tmp_path / "p.jsonl").read_text().splitlines(keepends=True)[:2]))
    few = [str(tmp_path / "few.jsonl") if part.endswith("p.jsonl") else part for part in mm_vet]
    kept = ["--judgements", str(tmp_path / "kept.jsonl")]
    assert main([*few, *kept]) == 0
    monkeypatch.setenv("OPENAI_API_KEY", "wrong")
    capfd.readouterr()
    assert main([*mm_vet, *kept]) == 2
    said = capfd.readouterr().err
    assert "check the key" in said
    assert said.count("\n") == 1
    monkeypatch.setenv("OPENAI_API_KEY", "right")
    assert main([*mm_vet, *kept]) == 0
    assert len(server.bodies) == 6
