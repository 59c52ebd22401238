from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from twist_scout.boxes import Box
from twist_scout.boxes.dialects import Codec
from twist_scout.errors import BadInput
from twist_scout.predicting import read_sidecar, sidecar_path
from twist_scout.predicting.sidecar import ProcessorReader, frame_name, image_processor_settings
from twist_scout.processor_frame import frame_for


class Padding(SimpleNamespace):
    """An image processor that pads to a square."""

    def pad_to_square(self) -> None: ...


PROCESSORS = {
    "stretched": SimpleNamespace(size={"height": 224, "width": 224}, do_resize=True),
    "padded": Padding(do_pad=True, size={"shortest_edge": 336}),
    "smart_resized": SimpleNamespace(patch_size=14, merge_size=2, min_pixels=3136, max_pixels=200_704, size=None),
    "center_cropped": SimpleNamespace(
        do_center_crop=True, do_resize=True, size={"shortest_edge": 336}, crop_size={"height": 336, "width": 336}
    ),
}


@pytest.mark.parametrize("name", PROCESSORS)
@pytest.mark.parametrize("size", [(640, 480), (300, 900), (37, 37)])
@pytest.mark.parametrize("dialect", ["scout", "qwen2.5-vl", "cogvlm"])
def test_the_frame_of_a_processor_survives_the_file(
    name: str, size: tuple[int, int], dialect: str, tmp_path: Path
) -> None:
    processor = SimpleNamespace(image_processor=PROCESSORS[name])
    settings = image_processor_settings(processor)
    path = sidecar_path(tmp_path / "p.jsonl")
    path.write_text(json.dumps({"dialect": dialect, "frame": name, "image_processor": settings}))
    sidecar = read_sidecar(tmp_path / "p.jsonl")
    assert sidecar is not None
    view = frame_for(processor, *size)
    assert frame_name(view) == name or (name == "center_cropped" and size[0] == size[1])  # nothing is cut off
    codec, seen = sidecar.reader().for_size(size)
    box = Box(0.25, 0.3, 0.7, 0.8)
    assert seen.to_model(box) == view.to_model(box)
    assert isinstance(codec, Codec)
    written = codec.render([view.to_model(box)])
    read = sidecar.reader().read(written, size).boxes
    assert read[0].iou(view.to_original(view.to_model(box))) > 0.9


def test_a_dialect_by_hand_is_enough(tmp_path: Path) -> None:
    sidecar_path(tmp_path / "p.jsonl").write_text('{"dialect": "shikra"}')
    sidecar = read_sidecar(tmp_path / "p.jsonl")
    assert sidecar is not None
    codec, view = sidecar.reader().for_size((300, 200))
    assert (codec.name, frame_name(view)) == ("shikra", "padded")
    sidecar_path(tmp_path / "p.jsonl").write_text('{"dialect": "scout", "frame": "padded"}')
    again = read_sidecar(tmp_path / "p.jsonl")
    assert again is not None
    assert frame_name(again.reader().for_size((300, 200))[1]) == "padded"


def test_no_sidecar_is_no_mistake(tmp_path: Path) -> None:
    assert read_sidecar(tmp_path / "p.jsonl") is None
    assert sidecar_path("runs/p.jsonl") == Path("runs/p.meta.json")


DAMAGED = ("", "[]", "{}", '{"dialect": 3}', '{"dialect": "klingon"}', '{"dialect": "scout", "frame": 4}', "\xff")


@pytest.mark.parametrize("text", DAMAGED)
def test_a_damaged_sidecar_is_named(tmp_path: Path, text: str) -> None:
    sidecar_path(tmp_path / "p.jsonl").write_text(text, encoding="latin-1")
    with pytest.raises(BadInput, match=r"p\.meta\.json does not say how p\.jsonl is written"):
        read_sidecar(tmp_path / "p.jsonl")


def test_without_a_size_only_fractions_of_the_whole_picture_can_be_read() -> None:
    def reader(name: str, dialect: str = "scout") -> ProcessorReader:
        return ProcessorReader(dialect, image_processor_settings(PROCESSORS[name]))

    assert reader("stretched").read("[[10,10,50,50]]", None).boxes == (Box(0.1, 0.1, 0.5, 0.5),)
    assert reader("smart_resized").read("[[10,10,50,50]]", None).boxes
    for name, dialect in (("padded", "scout"), ("center_cropped", "scout"), ("stretched", "pixels")):
        with pytest.raises(BadInput, match="--images"):
            reader(name, dialect).read("[[10,10,50,50]]", None)


def test_sizes_of_every_form_become_plain(tmp_path: Path) -> None:
    size: Any = SimpleNamespace(height=None, width=None, shortest_edge=224, longest_edge=None)
    images = SimpleNamespace(size=size, crop_size={"height": 4, "width": None}, image_grid_pinpoints=[(1, 2)])
    assert image_processor_settings(images) == {
        "size": {"shortest_edge": 224},
        "crop_size": {"height": 4},
        "image_grid_pinpoints": [[1, 2]],
    }
