"""``twist-scout eval referring``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from twist_scout.cli import main


def lines(path: Path, *rows: Any) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    """Predictions and truth: one right, one wrong, one of two boxes, one exactly half, one missing; one too many."""
    texts = {
        1: "[[0,0,50,100]]",
        2: "no idea",
        3: "[[0,0,50,100]] [[9,9,10,10]]",
        4: "[[0,0,25,100]]",
        9: "[[0,0,1,1]]",
    }
    predictions = lines(tmp_path / "p.jsonl", *({"id": id, "text": text} for id, text in texts.items()))
    truth = lines(
        tmp_path / "t.jsonl",
        *(
            {"img_path": "a.jpg", "expression": f"it {id}", "bbox": [0, 0, 100, 100], "width": 200, "height": 100,
             "sent_id": id, "split": "val"}
            for id in range(1, 6)
        ),
    )  # fmt: skip
    Image.new("RGB", (200, 100)).save(tmp_path / "a.jpg")
    return ["eval", "referring", "-p", str(predictions), "-t", str(truth)]


def test_what_a_reader_sees(
    files: list[str], capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")  # sentences are folded on narrow terminals
    assert main([*files, "--all-conventions"]) == 0
    printed = capfd.readouterr()
    said = " ".join(printed.out.split())
    assert said.startswith("REC Acc@0.5 0.6000 [0.2307, 0.8824], mIoU 0.5000 (3 of 5; convention scout: the first box")
    assert "1 of them missing; referring/1" in said
    assert "IoU exactly 0.5, and the threshold of shikra is strict" in said
    assert "two boxes given, and shikra wants exactly one" in said
    assert "1 answers are to no expression of the truth and left out (9)" in said
    assert printed.err == ""


def test_json_and_nothing_else_is_on_stdout(files: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    assert main([*files, "--json", "--convention", "shikra", "--all-conventions"]) == 0
    found = json.loads(capfd.readouterr().out)
    assert found["protocol"] == "referring/1"
    assert (found["convention"], found["accuracy"], found["hits"], found["total"]) == ("shikra", 0.2, 1, 5)
    assert (found["missing"], found["unknown"]) == (1, 1)
    assert found["parsed"] + found["partial"] + found["failed"] + found["missing"] == found["total"]
    assert found["conventions"]["scout"]["accuracy"] == 0.6
    assert {flip["id"] for flip in found["flips"] if flip["convention"] == "scout"} == {"3", "4"}


def test_a_score_of_nothing_leads_to_the_doctor(files: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    assert main([*files, "--dialect", "florence-2", "--json"]) == 0
    printed = capfd.readouterr()
    assert json.loads(printed.out)["failed"] == 4
    assert "Most answers hold no box as the dialect 'florence-2' writes them: twist-scout boxes doctor" in printed.err
    assert main([*files, "--dialect", "cogvlm", "--json"]) == 0
    assert "Next to nothing is right, read as 'cogvlm'" in capfd.readouterr().err


def test_every_flip_is_written(files: list[str], tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main([*files, "--flips", str(tmp_path / "new" / "flips.jsonl"), "--json"]) == 0
    printed = capfd.readouterr()
    flips = [json.loads(line) for line in (tmp_path / "new" / "flips.jsonl").read_text().splitlines()]
    assert flips == json.loads(printed.out)["flips"]
    assert "flips are in" in printed.err


def test_the_page_shows_the_cases(files: list[str], tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "report.html"
    assert main([*files, "--all-conventions", "--html", str(page)]) == 0
    written = page.read_text()
    assert "two boxes given, and shikra wants exactly one" in written
    assert "data:image/" in written


def test_conventions_are_explained(files: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    assert main([*files, "--explain-conventions", "--json"]) == 0
    printed = capfd.readouterr()
    json.loads(printed.out)
    assert "mllm/dataset/single_image_dataset/rec.py" in printed.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--convention", "klingon"], "no convention 'klingon'; choose one of: scout, shikra, ferret"),
        (["--dialect", "klingon"], "no box dialect 'klingon'"),
        (["--frame", "round"], "no frame 'round'"),
        (["--split", "testA"], "no expressions of split 'testA': it has val 5"),
        (["--form", "yolo"], "no form 'yolo'"),
        (["--predictions", "nowhere.jsonl"], "nowhere.jsonl cannot be read"),
        (["--truth", "nowhere.jsonl"], "nowhere.jsonl does not exist"),
        (["--annotations", "nowhere.json"], "nowhere.json cannot be read"),
    ],
)
def test_mistakes_of_the_user(
    files: list[str], arguments: list[str], message: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main([*files, *arguments]) == 2
    printed = capfd.readouterr()
    assert message in " ".join(printed.err.split())
    assert "Traceback" not in printed.err
    assert printed.out == ""


def test_bad_lines_stop_the_run_or_are_counted(
    files: list[str], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with (tmp_path / "p.jsonl").open("a") as file:
        file.write('{"id": 5, "text": "[[0,')
    assert main(files) == 2
    assert "p.jsonl, line 6: not valid JSON" in capfd.readouterr().err
    assert main([*files, "--skip-bad", "--json"]) == 0
    printed = capfd.readouterr()
    assert "1 lines of" in printed.err
    assert json.loads(printed.out)["missing"] == 1


def test_ids_of_something_else_are_a_mistake(
    files: list[str], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    other = lines(tmp_path / "q.jsonl", {"id": "x1", "text": "[[0,0,50,100]]"})
    assert main([*files, "-p", str(other)]) == 2
    assert "No id of" in capfd.readouterr().err


def test_help_teaches_by_example(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["eval", "referring", "--help"]) == 0
    said = capsys.readouterr().out
    for word in ("--all-conventions", "lmms-eval-grounding", "Examples", "sent_id"):
        assert word in said
