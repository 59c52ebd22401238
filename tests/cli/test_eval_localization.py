"""``twist-scout eval localization``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from twist_scout.cli import main


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    """Annotations of two pictures and answers about them, in a dialect that needs the frame."""
    images = [{"id": n, "file_name": f"{n}.jpg", "width": 400, "height": 200} for n in (1, 2)]
    annotations = [
        {"id": 11, "image_id": 1, "category_id": 1, "bbox": [100, 50, 200, 100], "area": 9000},
        {"id": 12, "image_id": 1, "category_id": 1, "bbox": [0, 0, 50, 50], "area": 2000},
        {"id": 13, "image_id": 2, "category_id": 1, "bbox": [0, 0, 50, 50], "area": 2000},
    ]
    content = {"images": images, "annotations": annotations, "categories": [{"id": 1, "name": "dog"}]}
    (tmp_path / "instances.json").write_text(json.dumps(content))
    # padded to 400 x 400: 100 pixels on top
    rows = [{"id": 11, "text": "[0.25,0.375,0.75,0.625]"}, {"id": "12", "text": "none"}, {"id": 99, "text": "x"}]
    (tmp_path / "p.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return ["-p", str(tmp_path / "p.jsonl"), "-t", str(tmp_path / "instances.json")]


def test_a_table_for_readers(files: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["eval", "localization", *files, "--dialect", "shikra"]) == 0
    spoken = capfd.readouterr()
    out = " ".join(spoken.out.split())
    assert "localisation mIoU 0.3333" in out
    assert "original (COCO) 0.3333" in out
    assert "missing 1" in out
    assert "1 answers are to no query" in out
    assert "2 pictures, which is not the paper's subset" in spoken.err
    assert "look swapped" in spoken.err


def test_json_and_nothing_else(files: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["eval", "localization", *files, "--dialect", "shikra", "--json"]) == 0
    found = json.loads(capfd.readouterr().out)
    assert found["protocol"] == "localization/1"
    assert found["frames"]["original"]["miou"] == pytest.approx(1 / 3)
    assert (found["parsed"], found["failed"], found["missing"], found["unknown"]) == (1, 1, 1, 1)
    assert found["images"] == 2


def test_queries_are_listed(files: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["eval", "localization", *files[2:], "--list-queries", "--max-objects", "1"]) == 0
    listed = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert listed == [{"id": "13", "image": "2.jpg", "name": "dog", "width": 400, "height": 200}]


def sidecar(files: list[str], **content: Any) -> None:
    Path(files[1]).with_suffix(".meta.json").write_text(json.dumps(content))


def test_the_sidecar_is_believed_unless_the_user_says_otherwise(
    files: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    sidecar(files, dialect="shikra", image_processor={"do_pad": True, "pad_to_square": True})
    scores = {}
    for options in ([], ["--dialect", "shikra"], ["--frame", "stretched"], ["--dialect", "llava"]):
        assert main(["eval", "localization", *files, "--json", *options]) == 0
        spoken = capfd.readouterr()
        scores[" ".join(options)] = json.loads(spoken.out)["frames"]["original"]["miou"]
        assert ("Read as p.meta.json says" in spoken.err) is (not options)
        assert ("says otherwise" in spoken.err) is (len(options) > 0 and options[1] != "shikra")
    assert scores[""] == scores["--dialect shikra"] == pytest.approx(1 / 3)
    assert scores["--frame stretched"] < 0.3


def test_a_page_is_written(files: list[str], tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "pages" / "loc.html"
    assert main(["eval", "localization", *files, "--dialect", "shikra", "--html", str(page)]) == 0
    assert "Object localisation" in page.read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-t", "TRUTH"], "Give --predictions, or --list-queries"),
        (["-p", "PRED", "-t", "nothing.json"], "nothing.json does not exist"),
        (["-p", "nothing.jsonl", "-t", "TRUTH"], "nothing.jsonl cannot be read"),
        (["-p", "PRED", "-t", "TRUTH", "--dialect", "klingon"], "no box dialect"),
        (["-p", "TRUTH", "-t", "TRUTH"], "line 1"),
    ],
)
def test_mistakes_are_one_sentence(
    files: list[str], arguments: list[str], message: str, capfd: pytest.CaptureFixture[str]
) -> None:
    words = [{"PRED": files[1], "TRUTH": files[3]}.get(word, word) for word in arguments]
    assert main(["eval", "localization", *words]) == 2
    assert message in capfd.readouterr().err.splitlines()[-1]
