from __future__ import annotations

import json
from pathlib import Path

import pytest

from twist_scout.cli import main
from twist_scout.cli.printable import printable
from twist_scout.data.records import read_examples, write_examples

from ..scout.data_set import write_data_set


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Scenes, and data that the rules made of them."""
    folder = tmp_path_factory.mktemp("made")
    assert main(["toyworld", "sample", "--seed", "3", "--count", "12", "--out", str(folder / "scenes")]) == 0
    assert main(["scout", "build", str(folder / "scenes"), "--out", str(folder / "data"), "--negatives", "2"]) == 0
    return folder


def test_what_the_engine_made_is_clean(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scout", "check", str(made / "data"), "--source", str(made / "scenes"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["clean"]
    assert found["matched"] == found["records"] > 20
    assert found["checks"]["annotation"]["passed"] > 20
    assert found["checks"]["absence"]["passed"] > 5
    assert main(["scout", "check", str(made / "data")]) == 0
    said = capsys.readouterr().out
    assert "0 fail a check" in said


def test_everything_wrong_is_listed_with_its_line(
    made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    records = list(read_examples(made / "data" / "train.jsonl"))
    moved = records[0].model_copy(update={"boxes": [(0, 0, 20, 20), *records[0].boxes[1:]]})
    file = tmp_path / "x.jsonl"
    write_examples(file, [moved, *records[1:4]])
    with file.open("a") as lines:
        lines.write('{"id": 3}\n' + "{\n" + records[1].model_dump_json() + "\n")
    assert main(["scout", "check", str(file), "--source", str(made / "scenes")]) == 1
    said = capsys.readouterr().out
    assert f"{file}:5: id should be a valid string." in said
    assert f"{file}:6: not valid JSON" in said
    assert f"{file}:1: annotation: the box of" in said
    assert f"{file}:7: unique_id: an earlier record has this id" in said
    assert "5 records, 5 of them matched with the source; 2 fail a check; 2 lines are no records." in said


def test_ids_do_not_steer_the_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (one, *_) = write_data_set(tmp_path)
    wild = one.model_copy(update={"id": "\x1b[2J\x07[red]x[/red]\u202e"})
    write_examples(tmp_path / "train.jsonl", [wild, wild])
    assert main(["scout", "check", str(tmp_path)]) == 1
    said = capsys.readouterr().out
    assert not {"\x1b", "\x07", "\u202e"} & set(said)
    assert "[red]x[/red]" in said


def test_printable_text_is_itself() -> None:
    assert printable("né 猫 – [a]") == "né 猫 – [a]"
    assert printable("a\nb\t\x00") == "a\\nb\\t\\x00"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(["nowhere"], "does not exist"), ([".", "--source", "nowhere"], "nowhere"), ([".", "--iou", "2"], "--iou")],
)
def test_a_wrong_call_is_one_sentence(
    arguments: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_data_set(tmp_path)
    monkeypatch.chdir(tmp_path)
    assert main(["scout", "check", *arguments]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1
