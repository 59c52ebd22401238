from __future__ import annotations

import json
from pathlib import Path

import pytest

from twist_scout.cli import main
from twist_scout.cli.scout_export import FormatName
from twist_scout.data.records import read_examples
from twist_scout.scout.exporters import FORMATS

from ..scout.data_set import write_data_set


def test_the_command_knows_every_format() -> None:
    assert {name.value for name in FormatName} == set(FORMATS)


def test_there_and_back(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("pyarrow")
    made = write_data_set(tmp_path)
    shards = tmp_path / "new" / "shards"
    assert main(["scout", "export", str(tmp_path), "--to", "parquet", "--out", str(shards), "--json"]) == 0
    done = json.loads(capsys.readouterr().out)
    assert (done["records"], done["rows"], done["format"]) == (4, 4, "parquet")
    back = tmp_path / "back"
    arguments = ["--to", "records", "--out", str(back / "train.jsonl"), "--images", str(back / "images")]
    assert main(["scout", "export", str(shards), *arguments]) == 0
    read = list(read_examples(back / "train.jsonl"))
    assert [one.messages for one in read] == [one.messages for one in made]
    assert all((back / one.image).is_file() and not Path(one.image).is_absolute() for one in read)
    output = capsys.readouterr()
    assert output.out == ""
    assert "does not give: nothing" in output.err


def test_texts_can_be_written_in_another_dialect(tmp_path: Path) -> None:
    write_data_set(tmp_path)
    out = tmp_path / "x.json"
    assert main(["scout", "export", str(tmp_path), "--to", "llava", "--out", str(out), "--dialect", "scout"]) == 0
    (first, *_) = json.loads(out.read_text())
    assert first["conversations"][0] == {"from": "human", "value": "<image>\nWhat color is the hat of the man?"}
    assert "Find the man [[3,4,34,99]]." in first["conversations"][1]["value"]


def test_what_cannot_be_told_can_be_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_data_set(tmp_path)
    (tmp_path / "x").write_text("[]")
    arguments = ["scout", "export", str(tmp_path / "x"), "--to", "swift", "--out", str(tmp_path / "y")]
    assert main(arguments) == 2
    assert "no format that is known" in capsys.readouterr().err
    assert main([*arguments, "--from", "llava"]) == 0
    assert (tmp_path / "y").read_text() == ""


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(["--to", "xml"], "--to"), (["--to", "llava", "--dialect", "klingon"], "klingon"), ([], "--to")],
)
def test_wrong_calls_are_one_sentence(
    arguments: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_data_set(tmp_path)
    assert main(["scout", "export", str(tmp_path), "--out", str(tmp_path / "x"), *arguments]) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "x").exists()
