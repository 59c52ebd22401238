from __future__ import annotations

import json
from pathlib import Path

import pytest

from twist_scout.cli import main

from ..evaluation.comparison.truths import answers, truth_of


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    truth_of("referring", tmp_path)
    return [str(answers("referring", tmp_path / f"{wrong}.jsonl", wrong=wrong)) for wrong in (0, 2, 4)]


def run(files: list[str], *more: str) -> int:
    truth = Path(files[0]).with_name("REC_refcoco_unc_val.jsonl")
    return main(["eval", "compare", "referring", *files, "-t", str(truth), *more])


def test_files_stand_side_by_side(files: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(files) == 0
    printed = capsys.readouterr().out
    assert "against 0 (referring/" in printed
    for said in ("1.0000", "0.7500", "0.5000", "-0.2500", "-0.5000", "McNemar", "Holm"):
        assert said in printed


def test_json_is_alone_on_stdout_and_repeats(files: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(files[:2], "--json", "--seed", "3") == 0
    first = capsys.readouterr().out
    told = json.loads(first)
    assert told["protocol"] == "comparison/1"
    assert [file["accuracy"] for file in told["files"]] == [1, 0.75]
    (difference,) = told["differences"]
    assert (difference["difference"], difference["better"], difference["worse"]) == (-0.25, 0, 2)
    assert difference["mcnemar"]["p"] == 0.5
    assert run(files[:2], "--json", "--seed", "3") == 0
    assert capsys.readouterr().out == first


def test_the_page_shows_what_flips(files: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "pages" / "flips.html"
    assert run(files[:2], "--html", str(page)) == 0
    html = page.read_text("utf-8")
    assert html.count("<article") == 2
    assert "Worse in 2" in html
    assert "flips.html" in capsys.readouterr().err


def test_each_file_may_have_its_dialect(files: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(files[:2], "-d", "scout", "-d", "qwen-vl", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert [file["accuracy"] for file in told["files"]] == [1, 0]
    assert run(files, "-d", "scout", "-d", "qwen-vl") == 2
    assert "2 dialects for 3 files" in capsys.readouterr().err


def test_files_of_one_name_are_told_apart(files: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "b").mkdir()
    twin = tmp_path / "b" / "0.jsonl"
    twin.write_bytes(Path(files[0]).read_bytes())
    assert run([files[0], str(twin)], "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert [file["name"] for file in told["files"]] == [f"{tmp_path.name}/0", "b/0"]
    assert told["differences"][0]["p"] == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--convention", "nobody"], "nobody"),
        (["--boxes", "x.json"], "has no boxes"),
        (["--dialect", "klingon"], "klingon"),
    ],
)
def test_wrong_options_are_one_sentence(
    arguments: list[str], said: str, files: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(files[:2], *arguments) == 2
    assert said in capsys.readouterr().err


def test_one_file_or_the_same_twice_is_no_comparison(files: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(files[:1]) == 2
    assert "two prediction files" in capsys.readouterr().err
    assert run([files[0], files[0]]) == 2
    assert "given twice" in capsys.readouterr().err
    assert main(["eval", "compare", "chess", *files, "-t", files[0]]) == 2
    assert "no task 'chess'" in capsys.readouterr().err
