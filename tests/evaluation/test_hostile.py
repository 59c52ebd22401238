"""Ten thousand answers from a bad day: no command breaks, no line is lost, and the counts add up.

The fast tests put the whole file through every command in one dialect, and half of it through every dialect's reader; the
slow ones put every command and every dialect together, and add everything that a careless reader is slow on.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from twist_scout.boxes import GroundedText, known_dialects
from twist_scout.boxes.box import Box
from twist_scout.cli import main
from twist_scout.evaluation.judging import Judge, JudgeReply, JudgeRequest, evaluate_with_judge
from twist_scout.evaluation.reading import AnswerReader, ReadingTally
from twist_scout.evaluation.rejection import read_rejection_questions
from twist_scout.evaluation.understanding import Question

from .hostile import hostile_texts, write_hostile_file

COUNT, PARSED = 10_000, 1_500
WIDTH, HEIGHT = 640, 480
BOX = [20, 10, 120, 60]
SOME = ("[[1,2,3,4;", '{"', "é")

Json = dict[str, Any]


@dataclass(frozen=True)
class Files:
    """A truth for every command, and one file of predictions that fits all of them."""

    folder: Path
    predictions: Path

    def __getitem__(self, name: str) -> str:
        return str(self.folder / name)


def write_truths(folder: Path, count: int) -> None:
    """A truth for every command; its ids are the numbers from 0."""
    numbers = [str(number) for number in range(count)]

    def lines(name: str, rows: Sequence[Json]) -> None:
        (folder / name).write_text("".join(json.dumps(row) + "\n" for row in rows))

    def whole(name: str, content: object) -> None:
        (folder / name).write_text(json.dumps(content))

    size = {"width": WIDTH, "height": HEIGHT}
    lines("REC_refcoco_unc_val.jsonl", [
        {"img_path": f"{n}.jpg", "expression": f"cat {n}", "bbox": BOX, **size, "sent_id": n} for n in numbers
    ])  # fmt: skip
    x1, y1, x2, y2 = BOX
    whole("instances.json", {
        "images": [{"id": int(n), "file_name": f"{n}.jpg", **size} for n in numbers],
        "annotations": [
            {"id": int(n), "image_id": int(n), "category_id": 1 + int(n) % 2, "bbox": [x1, y1, x2 - x1, y2 - y1],
             "area": (x2 - x1) * (y2 - y1), "iscrowd": 0} for n in numbers
        ],
        "categories": [{"id": 1, "name": "cat"}, {"id": 2, "name": "dog"}],
    })  # fmt: skip
    lines("coco_pope_random.json", [
        {"question_id": int(n), "image": f"{n}.jpg", "text": "Is there a cat in the image?", "label": "yes"} for n in numbers
    ])  # fmt: skip
    ten = [{"answer": "2", "answer_id": k} for k in range(10)]
    whole("vqa.json", {"annotations": [{"question_id": int(n), "image_id": int(n), "answers": ten} for n in numbers]})
    whole("textvqa.json", {"data": [{"question_id": int(n), "answers": ["stop"] * 10} for n in numbers]})
    whole("gqa.json", {n: {"question": "?", "answer": "cat", "imageId": n, "isBalanced": True} for n in numbers})
    whole("problems.json", {
        n: {"question": "?", "choices": ["cat", "dog"], "answer": 0, "split": "test", "image": None} for n in numbers
    })  # fmt: skip


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    folder = tmp_path_factory.mktemp("hostile")
    write_truths(folder, COUNT)
    write_hostile_file(folder / "p.jsonl", [str(n) for n in range(COUNT)], endless=SOME)
    return Files(folder, folder / "p.jsonl")


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> Json:
    """The JSON of a command that must not fail, and must be JSON to the letter."""
    status = main(["eval", *arguments, "--json"])
    printed = capsys.readouterr()
    assert status == 0, printed.err

    def never(name: str) -> None:
        raise AssertionError(f"{name} is no JSON")

    return json.loads(printed.out, parse_constant=never)


def add_up(told: Json, total: int) -> None:
    """Every line ends as one of three, or is missing."""
    assert told["parsed"] + told["partial"] + told["failed"] + told["missing"] == total
    assert min(told[key] for key in ("parsed", "partial", "failed", "missing")) >= 0
    for name, value in told.items():
        if isinstance(value, float):
            assert math.isfinite(value), name


GROUNDING: dict[str, Callable[[Files], list[str]]] = {
    "referring": lambda f: ["referring", "-t", f["REC_refcoco_unc_val.jsonl"], "--all-conventions"],
    "localization": lambda f: ["localization", "-t", f["instances.json"]],
    "captioning": lambda f: ["captioning", "-t", f["instances.json"], "--mapper", "names", "--orders", "1"],
    "rejection": lambda f: ["rejection", "-t", f["coco_pope_random.json"], "--boxes", f["instances.json"]],
}
BENCHMARKS = {
    "pope": "coco_pope_random.json", "vqa": "vqa.json", "textvqa": "textvqa.json", "gqa": "gqa.json",
    "scienceqa": "problems.json",
}  # fmt: skip


@pytest.mark.parametrize("name", GROUNDING)
def test_no_answer_breaks_a_grounding_command(
    name: str, files: Files, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "page.html"
    told = run(
        capsys, *GROUNDING[name](files), "-p", str(files.predictions), "--html", str(page), "--images", str(tmp_path)
    )
    add_up(told, COUNT)
    assert told["missing"] == 0
    assert told["parsed"] > 300
    assert told["partial"] > 300
    html = page.read_text("utf-8")
    assert html.count("<script>") == 1
    assert len(html) < 2_000_000


@pytest.mark.parametrize("name", BENCHMARKS)
def test_no_answer_breaks_a_benchmark(
    name: str, files: Files, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = run(capsys, "understanding", name, "-p", str(files.predictions), "-t", files[BENCHMARKS[name]],
               "--html", str(tmp_path / "page.html"))  # fmt: skip
    assert told["total"] == told["answered"] + told["missing"] == COUNT
    assert 0 <= told["unread"] <= COUNT
    assert 0 <= told["accuracy"] <= 1


def test_no_answer_breaks_a_comparison(files: Files, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = tmp_path / "other.jsonl"
    write_hostile_file(other, [str(n) for n in range(COUNT)], seed=1, endless=())
    told = run(capsys, "compare", "referring", str(files.predictions), str(other), "-t", files["REC_refcoco_unc_val.jsonl"],
               "--html", str(tmp_path / "page.html"))  # fmt: skip
    (difference,) = told["differences"]
    assert difference["better"] + difference["worse"] + difference["same"] == told["samples"] == COUNT
    told = run(capsys, "retention", str(files.predictions), str(other), "-b", "pope", "-t", files["coco_pope_random.json"],
               "--html", str(tmp_path / "page.html"))  # fmt: skip
    assert told["verdict"] != "bit-identical"
    assert run(capsys, "retention", str(files.predictions), str(files.predictions))["verdict"] == "bit-identical"


@pytest.mark.parametrize("dialect", known_dialects())
def test_every_answer_ends_as_one_of_three_in_every_dialect(dialect: str) -> None:
    reader, tally = AnswerReader(dialect), ReadingTally()
    codec, view = reader.for_size((WIDTH, HEIGHT))
    for number, text in enumerate(hostile_texts(COUNT // 2, seed=2, endless=SOME[:1])):
        reading = reader.read(text, (WIDTH, HEIGHT))
        tally.add(reading)
        assert (reading.status == "failed") == (not reading.boxes)
        assert (reading.status == "parsed") == (bool(reading.boxes) and reading.reason is None)
        assert all(type(box) is Box for box in reading.boxes)
        if number < PARSED:
            told = GroundedText.parse(text, dialect=codec, frame=view)
            assert len(told.boxes) <= len(reading.boxes)
            assert bool(told.boxes) == bool(reading.boxes)
    assert tally.total == COUNT // 2
    assert tally.parsed > 50
    assert tally.failed > 100
    assert sum(count for _, count in tally.reasons(10**6)) >= tally.partial


def test_a_judge_may_talk_nonsense_about_nonsense() -> None:
    said = list(hostile_texts(400, seed=3, endless=()))
    questions = [Question(str(n), ("a cat",), "What is it?", groups={"skill": ("rec",)}) for n in range(200)]
    replies = iter(said[200:] * 10)

    def ask(requests: Sequence[JudgeRequest]) -> list[JudgeReply]:
        return [JudgeReply(request.key, next(replies)) for request in requests]

    result = evaluate_with_judge(
        "mm-vet", dict(zip(map(str, range(200)), said, strict=False)), questions, Judge("x", ask)
    )
    told = json.loads(json.dumps(result.to_dict(), allow_nan=False))
    assert all(0 <= score <= 1 for score in result.scores().values())
    assert told["total"] == 200


BROKEN = [
    b'{"id": "1", "text": "cut', b"\xff\xfe\x00", b"[]", b"null", b"3", b'{"text": "no id"}', b'{"id": null, "text": "x"}',
    b'{"id": "2"}', b'{"id": "2", "text": 5}', b'{"id": "2", "text": "x", "score": NaN}', b'{"id": 1.5, "text": "x"}',
    b'{"id": "2", "text": "x", "score": 1e999}', b'{"id": "2", "text": "x", "score": "high"}', b'{"id": "0", "text": "again"}',
    b'{"id": ' + b"[" * 100_000 + b"]}", b'{"id": ' + b"9" * 5_000 + b', "text": "x"}', b'{"id": true, "text": "x"}',
    b'{"id": "2", "text": {"a": 1}}', b'"' + b"a" * 1_000_000 + b'"',
]  # fmt: skip


@pytest.mark.parametrize("name", [*GROUNDING, "pope", "compare"])
def test_lines_that_are_no_predictions_are_named_or_counted(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    count = 20
    write_truths(tmp_path, count)
    good = [json.dumps({"id": str(n), "text": "the cat [[3,2,18,12]]"}).encode() for n in range(count)]
    path, clean = tmp_path / "p.jsonl", tmp_path / "clean.jsonl"
    path.write_bytes(b"\n".join([good[0], b"", b"  ", *BROKEN, *good[1:]]) + b"\n")
    clean.write_bytes(b"\n".join(good))
    files = Files(tmp_path, path)
    if name == "pope":
        command = ["understanding", "pope", "-p", str(path), "-t", files["coco_pope_random.json"]]
    elif name == "compare":
        command = ["compare", "referring", str(path), str(clean), "-t", files["REC_refcoco_unc_val.jsonl"]]
    else:
        command = [*GROUNDING[name](files), "-p", str(path)]
    assert main(["eval", *command]) == 2
    error = capsys.readouterr().err
    assert "line 4" in error
    assert len(error) < 600
    assert main(["eval", *command, "--skip-bad", "--json"]) == 0
    printed = capsys.readouterr()
    assert f"{len(BROKEN)} " in printed.err
    told = json.loads(printed.out)
    if name == "compare":
        assert told["differences"][0]["difference"] == 0
        told = told["files"][0]
    assert told["missing"] == 0
    assert told.get("total", told.get("images")) == count


HALVES = "the \ud835 thing [[3,2,18,12]] and \udc00 [[\ud800,2,3,4]]. \ud83d \x1b[31m\x00\u202e"


@pytest.mark.parametrize("name", [*GROUNDING, "pope", "compare"])
@pytest.mark.parametrize("as_json", [True, False], ids=["json", "table"])
def test_what_no_output_can_hold_is_escaped(
    name: str, as_json: bool, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    write_truths(tmp_path, 3)
    paths = [tmp_path / "\u202ea.jsonl", tmp_path / "b.jsonl"]
    for path in paths:
        path.write_text("".join(json.dumps({"id": n, "text": HALVES}) + "\n" for n in [0, 1, 2, HALVES]))
    files = Files(tmp_path, paths[0])
    command = [*GROUNDING[name](files), "-p", str(paths[0])] if name in GROUNDING else []
    if name == "pope":
        command = ["understanding", "pope", "-p", str(paths[0]), "-t", files["coco_pope_random.json"]]
    elif name == "compare":
        command = ["compare", "referring", *map(str, paths), "-t", files["REC_refcoco_unc_val.jsonl"]]
    page = tmp_path / "page.html"
    assert main(["eval", *command, "--html", str(page), *(["--json"] if as_json else [])]) == 0
    page.read_text("utf-8")
    printed = capfdbinary.readouterr().out
    text = printed.decode("utf-8")
    assert not {"\x1b", "\x00", "\u202e"} & set(text) or as_json
    if as_json:
        json.loads(text)


@pytest.mark.slow
@pytest.mark.parametrize("dialect", known_dialects())
@pytest.mark.parametrize("name", GROUNDING)
def test_every_command_in_every_dialect(
    name: str, dialect: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    count = 2_000
    write_truths(tmp_path, count)
    path = tmp_path / "p.jsonl"
    write_hostile_file(path, [str(n) for n in range(count)], seed=4, size=50_000)
    told = run(capsys, *GROUNDING[name](Files(tmp_path, path)), "-p", str(path), "-d", dialect,
               "--html", str(tmp_path / "page.html"))  # fmt: skip
    add_up(told, count)
    assert told["missing"] == 0


@pytest.mark.slow
@pytest.mark.parametrize("name", GROUNDING)
def test_a_megabyte_of_everything(name: str, files: Files, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "p.jsonl"
    write_hostile_file(path, [str(n) for n in range(COUNT)], seed=6)
    told = run(capsys, *GROUNDING[name](files), "-p", str(path), "--html", str(tmp_path / "page.html"))
    add_up(told, COUNT)


def test_rejection_of_what_coco_annotates_is_asked_for_and_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_truths(tmp_path, 200)
    ids = [question.id for question in read_rejection_questions(tmp_path / "instances.json").questions]
    path = tmp_path / "p.jsonl"
    write_hostile_file(path, ids, seed=5, endless=())
    told = run(capsys, "rejection", "-t", str(tmp_path / "instances.json"), "-p", str(path))
    add_up(told, len(ids))
