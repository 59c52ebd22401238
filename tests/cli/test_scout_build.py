from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from twist_scout.cli import main
from twist_scout.cli.build_progress import BuildProgress
from twist_scout.data.records import read_examples
from twist_scout.scout.pipeline import Progress
from twist_scout.toyworld.scene import render, sample_scene
from twist_scout.toyworld.truth import truth_record

from ..scout.serving import Answer, failed, last_text, said, serve

SCENES = 12
PATIENCE = 300  # seconds, on a machine that has other things to do


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Drawn scenes with their truth, as ``twist-scout toyworld sample`` writes them."""
    folder = tmp_path_factory.mktemp("scenes")
    with (folder / "truth.jsonl").open("w") as file:
        for seed in range(SCENES):
            scene = sample_scene(seed, split="train")
            rendered = render(scene, 96)
            rendered.image.save(folder / f"{seed}.png")
            file.write(json.dumps(truth_record(scene, rendered, f"{seed}.png")) + "\n")
    return folder


@pytest.fixture(autouse=True)
def _terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")


def build(scenes: Path, out: Path, *more: str) -> int:
    return main(["scout", "build", str(scenes), "--out", str(out), *more])


def test_rules_make_a_data_set_and_a_table(scenes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert build(scenes, tmp_path / "out") == 0
    text = capsys.readouterr().out
    records = list(read_examples(tmp_path / "out" / "train.jsonl"))
    assert len(records) > 2 * SCENES
    assert len({record.id for record in records}) == len(records)
    assert {record.negative for record in records} == {True, False}
    assert all(Path(record.image).is_file() for record in records)
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert f"{SCENES} pictures, {report['counts']['questions']} questions, {len(records)} records" in text
    assert f"kept {len(records)}" in " ".join(text.split())
    for row in report["rejected_by"]:
        assert f"{row['stage']} {row['check']} {row['count']}" in " ".join(text.split())
    assert report["settings"]["positives"] == 4
    assert report["versions"]["twist-scout"]


def test_json_is_the_report_and_nothing_else(scenes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert build(scenes, tmp_path / "out", "--json", "--limit", "3", "--negatives", "0", "--positives", "2") == 0
    report = json.loads(capsys.readouterr().out)
    assert report == json.loads((tmp_path / "out" / "report.json").read_text())
    assert report["items"] == 3
    assert report["negatives"] == 0
    assert report["counts"]["questions"] <= 6


def test_pictures_go_along_on_request(scenes: Path, tmp_path: Path) -> None:
    assert build(scenes, tmp_path / "out", "--copy-images") == 0
    for record in read_examples(tmp_path / "out" / "train.jsonl", confined=True):
        assert (tmp_path / "out" / record.image).is_file()


def test_the_same_command_goes_on_and_another_one_is_told_apart(
    scenes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert build(scenes, tmp_path / "out", "--limit", "5") == 0
    assert build(scenes, tmp_path / "out") == 0
    assert build(scenes, tmp_path / "whole") == 0
    for name in ("train.jsonl", "rejects.jsonl"):
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    capsys.readouterr()
    assert build(scenes, tmp_path / "out", "--seed", "1") == 2
    error = capsys.readouterr().err
    assert "other settings (seed 0, now 1)" in error
    assert error.count("\n") == 1
    assert build(scenes, tmp_path / "out", "--seed", "1", "--restart") == 0


def test_checks_can_be_chosen(scenes: Path, tmp_path: Path) -> None:
    assert build(scenes, tmp_path / "raw", "--checks", "none") == 0
    assert build(scenes, tmp_path / "some", "--checks", "all,-annotation,-same_thing") == 0
    assert build(scenes, tmp_path / "few", "--checks", "grammar, boxes") == 0
    raw, some, few = (next(read_examples(tmp_path / name / "train.jsonl")) for name in ("raw", "some", "few"))
    assert set(raw.meta["verdicts"].values()) == {"skipped"}
    assert some.meta["verdicts"]["annotation"] == "skipped"
    assert some.meta["verdicts"]["grammar"] == "passed"
    assert {name for name, outcome in few.meta["verdicts"].items() if outcome != "skipped"} == {"grammar", "boxes"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--checks", "everything"], "give all, none, or names among grammar"),
        (["--checks", ""], "give all, none"),
        (["--llm", "gpt"], "There is no backend 'gpt'"),
        (["--mllm", "hf:/nowhere/model"], "/nowhere/model does not exist"),
        (["--llm", "openai:m@http://127.0.0.1:9"], "--mllm"),
        (["--positives", "0", "--negatives", "0", "--mllm", "pocket"], "There is nothing to do"),
        (["--dialect", "klingon", "--mllm", "hf:/nowhere/model"], "there is no box dialect 'klingon'"),
        (["--ask-absence"], "There is nobody to look for what is missing"),
        (["--concurrency", "0"], "--concurrency"),
        (["--prompts", "/nowhere", "--mllm", "openai:m@http://127.0.0.1:9"], "/nowhere"),
    ],
)
def test_a_mistake_is_one_sentence(
    arguments: list[str], words: str, scenes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert build(scenes, tmp_path / "out", *arguments) == 2
    error = capsys.readouterr().err
    assert words in error
    assert error.count("\n") == 1
    assert "Traceback" not in error


def test_a_source_that_is_not_there_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert build(tmp_path / "gone", tmp_path / "out") == 2
    assert "gone does not exist" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def answer(number: int, body: dict[str, Any]) -> Answer:
    """Points at the same place whatever is asked, and sometimes fails."""
    if number % 5 == 1:
        return failed(500, "oops")
    return said("Step 1: Find the thing [[10,20,50,60]]. Step 2: So the answer is red.", usage=(50, 20))


def test_an_endpoint_answers_and_what_it_says_is_checked(
    scenes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with serve(answer) as server:
        assert build(scenes, tmp_path / "out", "--mllm", f"openai:m@{server.url}", "--picture-side", "48") == 0
    output = capsys.readouterr()
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    asked = report["stages"]["answers"]["requests"]
    assert asked == report["counts"]["questions"] - report["counts"]["negatives"]
    assert f"answers: {asked} requests, {50 * asked:,} tokens read and {20 * asked:,} written" in output.out
    assert report["rejected"] > 0  # it never looked
    assert report["records"] + report["rejected"] == report["counts"]["questions"]
    sent = server.bodies[0]["messages"][-1]["content"][0]["image_url"]["url"]
    assert sent.startswith("data:image/jpeg;base64,")


def test_a_budget_ends_the_run_politely(scenes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["--mllm", "openai:m@{}", "--concurrency", "2"]
    with serve(lambda n, body: answer(0, body)) as server:
        command[1] = f"openai:m@{server.url}"
        assert build(scenes, tmp_path / "out", *command, "--token-budget", "900") == 0
        output = capsys.readouterr()
        report = json.loads((tmp_path / "out" / "report.json").read_text())
        assert not report["complete"]
        assert 0 < report["items"] < SCENES
        assert "budget of 900 tokens is spent" in output.err
        assert "Run the same command again to go on" in " ".join(output.err.split())
        assert build(scenes, tmp_path / "out", *command) == 0
        assert build(scenes, tmp_path / "whole", *command) == 0
    one, other = ((tmp_path / name / "train.jsonl").read_bytes() for name in ("out", "whole"))
    assert one == other


def test_what_got_no_reply_can_be_asked_again(scenes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    broken = [True]

    def moody(number: int, body: dict[str, Any]) -> Answer:
        return failed(400, "not now") if broken[0] and number % 3 == 0 else answer(0, body)

    with serve(moody) as server:
        command = ["--mllm", f"openai:m@{server.url}", "--concurrency", "1"]
        assert build(scenes, tmp_path / "out", *command) == 0
        assert "--retry-failed" in capsys.readouterr().err
        broken[0] = False
        assert build(scenes, tmp_path / "out", *command, "--retry-failed") == 0
        assert build(scenes, tmp_path / "whole", *command) == 0
    assert json.loads((tmp_path / "out" / "report.json").read_text())["to_retry"] == 0
    one, other = ((tmp_path / name / "train.jsonl").read_bytes() for name in ("out", "whole"))
    assert one == other


def test_a_wrong_key_ends_it_in_one_sentence_and_keeps_what_is_done(
    scenes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_KEY", "sk-very-secret")
    with serve(lambda n, body: answer(0, body) if n < 10 else failed(401, "bad key sk-very-secret")) as server:
        command = ["--mllm", f"openai:m@{server.url}", "--mllm-key-env", "MY_KEY", "--concurrency", "2"]
        assert build(scenes, tmp_path / "out", *command) == 2
    error = capsys.readouterr().err
    assert "check the key" in error
    assert f"What is finished is kept in {tmp_path / 'out'}" in error
    assert "very-secret" not in error
    assert server.headers[0]["authorization"] == "Bearer sk-very-secret"
    left = b"".join(path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file())
    assert b"very-secret" not in left
    assert left.count(b'"index"') >= 1


def test_a_model_that_sees_the_missing_thing_is_believed(
    scenes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    deaf = [True]
    rows = [json.loads(line) for line in (scenes / "truth.jsonl").open()]
    seen, unsure, unheard = sorted({thing["name"] for row in rows[:9] for thing in row["objects"]})[:3]

    def looks(number: int, body: dict[str, Any]) -> Answer:
        """Sees one kind of thing everywhere, is not sure of a second, and at first does not hear of a third."""
        asked = last_text(body)
        if "Is there a" not in asked:
            return answer(0, body)
        if f" {unheard} any" in asked and deaf[0]:
            return failed(400, "not now")
        return said("Yes." if f" {seen} any" in asked else "Hm." if f" {unsure} any" in asked else "No.", usage=(9, 1))

    with serve(looks) as server:
        command = ["--mllm", f"openai:m@{server.url}", "--negatives", "9", "--positives", "0", "--ask-absence"]
        assert build(scenes, tmp_path / "out", *command, "--limit", "9") == 0
        assert build(scenes, tmp_path / "out", *command) == 0
        output = capsys.readouterr()
        assert "--retry-failed" in output.err  # what was not heard
        deaf[0] = False
        assert build(scenes, tmp_path / "out", *command, "--retry-failed") == 0
        assert build(scenes, tmp_path / "whole", *command) == 0
        table = " ".join(capsys.readouterr().out.split())
        assert build(scenes, tmp_path / "out", *command[:-1]) == 2  # it is a setting of the run
    assert "other settings (absence" in capsys.readouterr().err
    for name in ("train.jsonl", "rejects.jsonl"):
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    records = list(read_examples(tmp_path / "whole" / "train.jsonl"))
    assert {record.meta["missing"] for record in records}.isdisjoint({seen, unsure})
    rejects = [json.loads(line)["example"] for line in (tmp_path / "whole" / "rejects.jsonl").open()]
    assert {seen, unsure} <= {example["meta"]["missing"] for example in rejects}
    assert {record.meta["verdicts"]["asked_absence"] for record in records} == {"passed"}
    assert {record.meta["provenance"]["absence_by"] for record in records} == {f"openai:m@{server.url}"}
    report = json.loads((tmp_path / "whole" / "report.json").read_text())
    (row,) = report["rejected_by"]
    assert (row["stage"], row["check"]) == ("checks", "asked_absence")
    assert report["counts"]["negatives"] == report["records"] + row["count"] == report["stages"]["absence"]["requests"]
    assert f"checks asked_absence {row['count']}" in table
    assert f"absence: {report['counts']['negatives']} requests" in table
    assert "| absence | openai:m (prompts: absence 1) |" in (tmp_path / "whole" / "README.md").read_text()


def start(scenes: Path, out: Path, *more: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "twist_scout", "scout", "build", str(scenes), "--out", str(out), *more]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2] / "src"), "COLUMNS": "200"}
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_for_lines(journal: Path, count: int) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and (not journal.exists() or journal.read_bytes().count(b"\n") <= count):
        time.sleep(0.01)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_however_it_is_ended_it_goes_on(number: signal.Signals, scenes: Path, tmp_path: Path) -> None:
    journal = tmp_path / "out" / ".scout" / "journal.jsonl"
    with serve(lambda n, body: Answer(answer(0, body).body, delay=0.1)) as server:
        command = ["--mllm", f"openai:m@{server.url}", "--concurrency", "2"]
        for lines in (2, 5):
            process = start(scenes, tmp_path / "out", *command)
            wait_for_lines(journal, lines)
            process.send_signal(number)
            _, error = process.communicate(timeout=PATIENCE)
            if number is signal.SIGKILL:
                assert process.returncode == -9
            else:
                assert process.returncode == 130
                assert "Finishing" in error
                assert "Run the same command again to go on." in error
        process = start(scenes, tmp_path / "out", *command)
        assert process.communicate(timeout=PATIENCE)[0]
        assert process.returncode == 0
        assert build(scenes, tmp_path / "whole", *command) == 0
    for name in ("train.jsonl", "rejects.jsonl"):
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_help_teaches(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scout", "build", "--help"]) == 0
    text = capsys.readouterr().out
    assert "Examples:" in text
    for panel in ("Models", "Questions and checks", "Endpoints", "The run"):
        assert panel in text


def test_in_a_log_file_progress_is_a_line_now_and_then(capsys: pytest.CaptureFixture[str]) -> None:
    with BuildProgress(log_seconds=0.0) as progress:
        progress(Progress(3, 10, 6, 2))
        progress(Progress(4, None, 6, 2, "Finishing 1 item."))
    error = capsys.readouterr().err
    assert error.splitlines() == [
        "3 of 10 items, 6 records kept (75%)",
        "Finishing 1 item.",
        "4 items, 6 records kept (75%)",
    ]
