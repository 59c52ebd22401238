from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from twist_scout.cli import main

HARD = Path(__file__).parents[1] / "routing" / "hard_prompts.jsonl"


def run(arguments: list[str], capfd: pytest.CaptureFixture[str]) -> str:
    assert main(arguments) == 0
    return capfd.readouterr().out


def test_prompts_are_explained_one_by_one(capfd: pytest.CaptureFixture[str]) -> None:
    printed = run(["route", "Find the dog.", "What is left of the dog?"], capfd)
    assert printed.index("grounding") < printed.index("Find the dog.") < printed.index("understanding")
    assert "with probability" in printed
    assert "Find +" in printed


@pytest.mark.parametrize("line", [["route", "--json"], ["route", "explain", "--json"]])
def test_json_holds_modes_probabilities_and_words(line: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    found = json.loads(run([*line, "Find the dog.", "Hello"], capfd))
    assert [one["mode"] for one in found] == ["grounding", "understanding"]
    assert sum(found[0]["probabilities"].values()) == pytest.approx(1)
    assert found[0]["words"][0]["text"] == "Find"
    assert found[0]["words"][0]["weight"] > 1


def test_a_mode_that_is_asked_for_wins(capfd: pytest.CaptureFixture[str]) -> None:
    found = json.loads(run(["route", "Find the dog.", "--mode", "understanding", "--json"], capfd))
    assert (found[0]["mode"], found[0]["reason"]) == ("understanding", "asked for")


def test_prompts_may_come_from_stdin(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("Find the dog.\n\nHello\n"))
    assert len(json.loads(run(["route", "-", "--json"], capfd))) == 2


def test_words_of_strangers_do_not_steer_the_terminal(capfd: pytest.CaptureFixture[str]) -> None:
    assert "\x1b[31m" not in run(["route", "Find \x1b[31mthe dog"], capfd)


def test_a_file_is_evaluated(capfd: pytest.CaptureFixture[str]) -> None:
    report = json.loads(run(["route", "evaluate", str(HARD), "--json"], capfd))
    assert report["prompts"] > 200
    assert report["accuracy"] > 0.9
    assert set(report["leak_rates"]) == {"understanding_to_grounding", "grounding_to_understanding", "between_skills"}
    assert {"calibration_error", "latency_ms", "abstained"} <= report.keys()
    printed = run(["route", "evaluate", str(HARD), "--show", "1"], capfd)
    assert "harmful" in printed
    assert f"{report['accuracy']:.2%}" in printed


@pytest.mark.slow
def test_training_writes_a_router_and_says_how_good_it_is(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    extra = tmp_path / "extra.jsonl"
    lines = [{"prompt": f"Price of the {thing} in dollars", "mode": "prices"} for thing in "abcdefghijklmnop"]
    extra.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    out = tmp_path / "router"
    line = ["route", "train", "--extra", str(extra), "--out", str(out), "--steps", "5", "--json"]
    made = json.loads(run(line, capfd))
    assert made["parameters"] < 1_100_000
    assert made["bytes"] < 1_500_000
    assert made["own"]["prompts"] == 1
    assert sorted(path.name for path in out.iterdir()) == [
        "router.json",
        "router.onnx",
        "shortcut.safetensors",
        "tokenizer.json",
    ]
    found = json.loads(run(["route", "Find the dog.", "--router", str(out), "--json"], capfd))
    assert set(found[0]["probabilities"]) == {"understanding", "grounding", "prices"}
    more = tmp_path / "more"
    json.loads(run(["route", "train", "--start", str(out), "--out", str(more), "steps=3", "--json"], capfd))
    assert set(json.loads((more / "router.json").read_text())["modes"]) == {"understanding", "grounding", "prices"}
    assert (more / "tokenizer.json").read_bytes() == (out / "tokenizer.json").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["route", " "], "prompt is empty"),
        (["route", "Find it", "--mode", "chat"], "choose one of understanding, grounding"),
        (["route", "Find it", "--router", "nowhere"], "holds no router"),
        (["route", "Find it", "--engine", "abacus"], "abacus"),
        (["route", "evaluate", "nothing.jsonl"], "cannot be read"),
        (["route", "train", "--out", "x", "--extra", "nothing.jsonl"], "cannot be read"),
        (["route", "train", "--out", "x", "--start", "nowhere"], "holds no router"),
        (["route", "train", "--out", "x", "--start", ".", "--from-scratch"], "contradict each other"),
        (["route", "train"], "--out"),
        (["route", "train", "--out", "x", "stps=5"], "did you mean 'steps'"),
    ],
)
def test_a_mistake_is_one_sentence(
    arguments: list[str], words: str, capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    output = capfd.readouterr()
    assert output.out == ""
    assert words in output.err
    assert output.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_help_names_the_three_commands(capfd: pytest.CaptureFixture[str]) -> None:
    printed = run(["route", "--help"], capfd)
    assert all(name in printed for name in ("explain", "train", "evaluate"))
    assert "every other name an adapter" in " ".join(run(["route", "train", "--help"], capfd).split())
