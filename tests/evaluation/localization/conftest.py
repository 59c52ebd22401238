from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

REAL = Path(__file__).resolve().parents[4] / "shared" / "data" / "coco_val2014_100" / "instances.json"

Things = dict[str, list[tuple[int, list[float]]]]


@pytest.fixture
def real_instances() -> Path:
    """COCO's own annotations of 100 pictures; the test is skipped where they are not there."""
    if not REAL.is_file():
        pytest.skip("the shared data are not here")
    return REAL


@pytest.fixture
def write_instances(tmp_path: Path) -> Callable[..., Path]:
    """Writes annotations of pictures of 200 x 100 pixels in COCO's layout."""

    def write(pictures: Things, **more: Any) -> Path:
        images, annotations = [], []
        for number, (name, things) in enumerate(pictures.items(), start=1):
            images.append({"id": number, "file_name": name, "width": 200, "height": 100})
            for category, box in things:
                row = {"id": len(annotations) + 1, "image_id": number, "category_id": category, "bbox": box}
                annotations.append({**row, "area": box[2] * box[3] / 2, "iscrowd": 0})
        categories = [{"id": 1, "name": "dog"}, {"id": 2, "name": "stop sign"}]
        content = {"images": images, "annotations": annotations, "categories": categories, **more}
        path = tmp_path / "instances.json"
        path.write_text(json.dumps(content))
        return path

    return write


@pytest.fixture
def instances(write_instances: Callable[..., Path]) -> Path:
    """Four pictures: with one annotation, three, four and none."""
    return write_instances(
        {
            "a.jpg": [(1, [10, 20, 30, 40])],
            "b.jpg": [(1, [0, 0, 100, 100]), (2, [5.5, 6.5, 20, 30]), (1, [50, 50, 10, 10])],
            "c.jpg": [(2, [1, 1, 5, 5])] * 4,
            "d.jpg": [],
        }
    )


def voc_object(name: str, box: tuple[int, int, int, int], difficult: int = 0, more: str = "") -> str:
    edges = "".join(f"<{e}>{v}</{e}>" for e, v in zip(("xmin", "ymin", "xmax", "ymax"), box, strict=True))
    return f"<object><name>{name}</name><difficult>{difficult}</difficult>{more}<bndbox>{edges}</bndbox></object>"


def voc_xml(stem: str, objects: str, width: int = 200, height: int = 100) -> str:
    size = f"<size><width>{width}</width><height>{height}</height><depth>3</depth></size>"
    return f"<annotation><filename>{stem}.jpg</filename>{size}{objects}</annotation>"


@pytest.fixture
def voc(tmp_path: Path) -> Path:
    """A folder of VOC2007: two pictures of the test split, one of another."""
    folder = tmp_path / "VOCdevkit" / "VOC2007"
    (folder / "Annotations").mkdir(parents=True)
    (folder / "ImageSets" / "Main").mkdir(parents=True)
    head = "<part><name>head</name><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>9</xmax><ymax>9</ymax></bndbox></part>"
    files = {
        "000001": voc_object("dog", (49, 1, 148, 100)) + voc_object("person", (1, 1, 50, 60), 1, head),
        "000002": "".join(voc_object("tvmonitor", (5, 5, 50 + n, 60)) for n in range(4)),
        "000003": voc_object("cat", (1, 1, 200, 100)),
    }
    for stem, objects in files.items():
        (folder / "Annotations" / f"{stem}.xml").write_text(voc_xml(stem, objects))
    (folder / "ImageSets" / "Main" / "test.txt").write_text("000001\n000002\n")
    (folder / "ImageSets" / "Main" / "trainval.txt").write_text("000003\n")
    (folder / "ImageSets" / "Main" / "dog_test.txt").write_text("000001  1\n000002 -1\n")
    return folder
