from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from twist_scout.cli import main


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "picture.png"
    Image.new("RGB", (200, 100), (120, 120, 120)).save(path)
    return path


@pytest.fixture
def models(tiny_base: Path, tiny_adapter: Path) -> list[str]:
    return ["--model", str(tiny_base), "--adapter", str(tiny_adapter), "--device", "cpu"]


def run_json(arguments: list[str], capfd: pytest.CaptureFixture[str]) -> dict[str, Any]:
    assert main([*arguments, "--json"]) == 0
    result: dict[str, Any] = json.loads(capfd.readouterr().out)  # fails if anything else is there
    return result


def test_the_answer_its_steps_and_its_boxes_are_printed(
    picture: Path, models: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["ground", str(picture), "Where is the red car?", *models]) == 0
    output = capfd.readouterr().out
    assert "Step 1: Find the red car [[10,20,50,80]]." in output
    assert "Answer: red" in output
    assert all(number in output for number in ("20.0", "100.0", "80.0"))  # pixels of the 200 x 100 picture


def test_json_holds_pixels_of_the_original_picture_and_nothing_else_is_on_stdout(
    picture: Path, models: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    found = run_json(["ground", str(picture), "Where is the red car?", *models], capfd)
    assert found["phrases"][0]["boxes"] == [[20.0, 20.0, 100.0, 80.0]]
    assert (found["width"], found["height"]) == (200, 100)
    assert found["mode"] == "grounding"
    assert "Where" in found["reason"]


def test_understanding_is_the_base(picture: Path, models: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    found = run_json(["ground", str(picture), "What is this?", *models], capfd)
    assert (found["mode"], found["text"]) == ("understanding", "a red car")
    forced = run_json(["ground", str(picture), "Where is it?", "--mode", "understanding", *models], capfd)
    assert forced["text"] == "a red car"


def test_the_boxes_are_drawn_into_a_new_folder(picture: Path, models: list[str], tmp_path: Path) -> None:
    target = tmp_path / "new" / "drawn.jpg"
    assert main(["ground", str(picture), "Where is it?", *models, "--save", str(target)]) == 0
    assert Image.open(target).size == (200, 100)
    assert np.asarray(Image.open(target)).std() > 1
    assert np.asarray(Image.open(picture)).std() == 0


def save_cmyk(path: Path) -> Path:
    path = path / "cmyk.jpg"
    Image.new("CMYK", (60, 40), (10, 200, 30, 0)).save(path)
    return path


def save_16_bit(path: Path) -> Path:
    path = path / "deep.png"
    Image.fromarray((np.arange(2400, dtype=np.uint16) * 27).reshape(40, 60)).save(path)
    return path


def save_rotated(path: Path) -> Path:
    path = path / "rotated.jpg"
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (40, 60)).save(path, exif=exif)
    return path


@pytest.mark.parametrize("make", [save_cmyk, save_16_bit, save_rotated])
def test_unusual_pictures_are_read_upright(
    make: Any, models: list[str], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    found = run_json(["ground", str(make(tmp_path)), "Where is it?", *models], capfd)
    assert (found["width"], found["height"]) == (60, 40)
    assert found["phrases"][0]["boxes"] == [[6.0, 8.0, 30.0, 32.0]]


def broken(kind: str, picture: Path, tiny_base: Path, folder: Path) -> tuple[list[str], str]:
    """Arguments with one mistake in them, and a word that the complaint must hold."""
    model = ["--model", str(tiny_base)]
    ask = ["ground", str(picture), "Where is it?"]
    if kind == "missing picture":
        return ["ground", str(folder / "no.png"), "Where is it?", *model], "no.png"
    if kind == "truncated picture":
        cut = folder / "cut.jpg"
        Image.effect_noise((300, 300), 90).save(cut)
        cut.write_bytes(cut.read_bytes()[:4000])
        return ["ground", str(cut), "Where is it?", *model], "cut.jpg"
    if kind == "text as picture":
        text = folder / "text.png"
        text.write_text("no picture")
        return ["ground", str(text), "Where is it?", *model], "text.png"
    if kind == "empty prompt":
        return ["ground", str(picture), "  ", *model], "prompt is empty"
    if kind == "no model folder":
        return [*ask, "--model", str(folder)], "config.json"
    if kind == "missing model":
        return [*ask, "--model", str(folder / "nothing")], "does not exist"
    if kind == "damaged model":
        shutil.copytree(tiny_base, folder / "broken")
        weights = folder / "broken" / "model.safetensors"
        weights.write_bytes(weights.read_bytes()[:3000])
        return [*ask, "--model", str(folder / "broken")], "broken"
    if kind == "no adapter":
        return [*ask, *model, "--adapter", str(folder)], "adapter_config.json"
    if kind == "no device":
        return [*ask, *model, "--device", "toaster"], "toaster"
    if kind == "no picture format":
        return [*ask, *model, "--save", str(folder / "drawn.docx")], ".docx"
    raise AssertionError(kind)


@pytest.mark.parametrize(
    "kind",
    [
        "missing picture",
        "truncated picture",
        "text as picture",
        "empty prompt",
        "no model folder",
        "missing model",
        "damaged model",
        "no adapter",
        "no device",
        "no picture format",
    ],
)
@pytest.mark.parametrize("as_json", [False, True])
def test_a_mistake_is_one_sentence_on_stderr_and_status_2(
    kind: str,
    as_json: bool,
    picture: Path,
    tiny_base: Path,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    arguments, word = broken(kind, picture, tiny_base, tmp_path)
    assert main([*arguments, "--json"] if as_json else arguments) == 2
    output = capfd.readouterr()
    assert output.out == ""
    assert output.err.count("\n") == 1
    assert word in output.err
    assert "Traceback" not in output.err
