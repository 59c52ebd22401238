from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from twist_scout.cli import main
from twist_scout.data.records import read_examples


@pytest.fixture
def coco(tmp_path: Path) -> Path:
    """Two pictures with captions and instances, the second with a crowd."""
    (tmp_path / "val2017").mkdir()
    images = []
    for number in (7, 8):
        name = f"{number:012d}.jpg"
        Image.new("RGB", (100, 80)).save(tmp_path / "val2017" / name)
        images.append({"id": number, "file_name": name, "width": 100, "height": 80})
    categories = [{"id": 1, "name": "person"}, {"id": 18, "name": "dog"}]
    instances = [
        {"image_id": 7, "category_id": 1, "bbox": [10, 10, 20, 30], "iscrowd": 0},
        {"image_id": 7, "category_id": 18, "bbox": [50, 10, 20, 30], "iscrowd": 0},
        {"image_id": 8, "category_id": 18, "bbox": [50, 10, 20, 30], "iscrowd": 0},
        {"image_id": 8, "category_id": 1, "bbox": [0, 0, 90, 80], "iscrowd": 1},
    ]
    captions = [{"image_id": 7, "caption": "a man walks his dog ."}, {"image_id": 8, "caption": "What a day."}]
    for name, rows in (("instances", instances), ("captions", captions)):
        content = {"images": images, "annotations": rows, "categories": categories}
        (tmp_path / f"{name}_val2017.json").write_text(json.dumps(content))
    return tmp_path


def made(coco: Path, *options: str, command: str = "gic") -> list[str]:
    out = coco / "out.jsonl"
    assert main(["data", command, str(coco / "captions_val2017.json"), "--out", str(out), *options]) == 0
    examples = list(read_examples(out))
    assert all((coco / example.image).is_file() and not Path(example.image).is_absolute() for example in examples)
    return [example.messages[-1].content for example in examples]


def test_captions_and_lists(coco: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert made(coco) == ["A man <box:0> walks his dog <box:1>.", "There is a dog <box:0>."]
    assert "1 aligned captions, 1 listed captions, 1 crowd" in " ".join(capsys.readouterr().err.split())
    assert made(coco, "--style", "aligned") == ["A man <box:0> walks his dog <box:1>."]
    assert made(coco, "--style", "listed")[0] == "There is a person <box:0> and a dog <box:1>."
    assert made(coco, "--least-boxes", "2") == ["A man <box:0> walks his dog <box:1>."]


def test_evaluation_pictures_are_left_out(coco: Path) -> None:
    (coco / "val.txt").write_text("000000000007\n")
    assert made(coco, "--against", str(coco / "val.txt")) == ["There is a dog <box:0>."]


def test_localisation_of_the_same_pictures(coco: Path) -> None:
    assert sorted(made(coco, command="localization")) == ["The dog <box:0>.", "The dog <box:0>.", "The person <box:0>."]
    assert len(made(coco, "--per-picture", "1", command="localization")) == 2
    assert len(made(coco, "--limit", "1", command="localization")) == 1


def test_captions_in_which_a_model_wrote_its_boxes(coco: Path) -> None:
    rows = [
        {"image": "val2017/000000000007.jpg", "caption": "A man [[100,125,300,500]] and a dog [[500,125,700,500]]."},
        {"image": "val2017/000000000008.jpg", "caption": "Nothing [[here."},
    ]
    source = coco / "captions.jsonl"
    source.write_text("".join(json.dumps(row) + "\n" for row in rows))
    out = coco / "out.jsonl"
    assert main(["data", "gic", str(source), "--dialect", "cogvlm", "--out", str(out)]) == 0
    (example,) = read_examples(out)
    assert example.messages[-1].content == "A man <box:0> and a dog <box:1>."
    assert example.boxes[0] == pytest.approx((10, 10, 30, 40))


def test_boxes_of_padded_squares_are_brought_back(coco: Path) -> None:
    """A model of LLaVA's family saw 100 x 80 pixels as a square of 100, ten above and below."""
    row = {"image": "val2017/000000000007.jpg", "caption": "A man [0.10, 0.20, 0.30, 0.50]."}
    (coco / "captions.jsonl").write_text(json.dumps(row) + "\n")
    command = ["data", "gic", str(coco / "captions.jsonl"), "--dialect", "llava", "--out", str(coco / "out.jsonl")]
    assert main(command) == 0
    (example,) = read_examples(coco / "out.jsonl")
    assert example.boxes[0] == pytest.approx((10, 10, 30, 40))
    assert main([*command, "--frame", "stretched"]) == 0
    (example,) = read_examples(coco / "out.jsonl")
    assert example.boxes[0] == pytest.approx((10, 16, 30, 40))


def test_the_pocket_model_captions_drawn_scenes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scenes, out = tmp_path / "scenes", tmp_path / "gic.jsonl"
    assert main(["toyworld", "sample", "--out", str(scenes), "--count", "4", "--size", "120", "--split", "train"]) == 0
    arguments = ["data", "gic", str(scenes), "--out", str(out), "--mllm", "pocket"]
    assert main(arguments) == 0
    examples = list(read_examples(out))
    assert examples
    assert all(example.meta["provenance"]["answer_by"] == "pocket" and example.boxes for example in examples)
    assert all((tmp_path / example.image).is_file() for example in examples)
    first = out.read_bytes()
    assert main(arguments) == 0  # what is done is not done again
    assert out.read_bytes() == first
    assert main([*arguments, "--style", "listed"]) == 2
    assert "leave --style out" in capsys.readouterr().err
