"""How many other things of the same class a picture holds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from twist_scout.data.referring import ReferringExpression, open_referring
from twist_scout.data.referring.distractors import Surroundings, with_distractors
from twist_scout.errors import BadInput


def annotation(number: int, category: int, *box: float, image: int = 5, crowd: int = 0) -> dict[str, Any]:
    return {"id": number, "image_id": image, "category_id": category, "bbox": list(box), "iscrowd": crowd}


CONTENT = {
    "annotations": [
        annotation(1, 1, 0, 0, 10, 10),
        annotation(2, 1, 20, 0, 10, 10),
        annotation(3, 1, 40, 0, 50, 50, crowd=1),
        annotation(4, 2, 0, 20, 10, 10),
        annotation(5, 1, 0, 0, 10, 10, image=6),
        {"id": 6, "image_id": 5, "category_id": 2, "bbox": "?"},
    ]
}


def expression(box: tuple[float, float, float, float], **meta: Any) -> ReferringExpression:
    return ReferringExpression("1", "a.jpg", 100, 100, "it", box, meta=meta)


@pytest.mark.parametrize(
    ("found", "distractors"),
    [
        (expression((0, 0, 10, 10), image_id=5), 1),
        (expression((0, 0, 9.6, 10), image_id="5"), 1),  # nearly the same box
        (expression((0, 20, 10, 30), image_id=5), 1),  # one whose box is unreadable is still a thing
        (expression((0, 0, 10, 10), image_id=6), 0),
        (expression((50, 50, 60, 60), image_id=5), None),
        (expression((50, 50, 60, 60), image_id=5, ann_id=2), 1),
        (expression((0, 0, 10, 10), image_id=7), None),
        (expression((0, 0, 10, 10)), None),
    ],
)
def test_the_thing_is_found_by_its_id_or_box(found: ReferringExpression, distractors: int | None) -> None:
    surroundings = Surroundings(CONTENT, "instances.json")
    assert surroundings.distractors(found) == distractors
    (after,) = with_distractors([found], surroundings)
    assert after.meta.get("distractors") == distractors


def test_the_original_files_know_it_themselves(refer: Path) -> None:
    assert [found.meta["distractors"] for found in open_referring(refer)] == [1, 1, 1]


@pytest.mark.parametrize("content", ["[]", "{}", '{"annotations": [1]}', '{"annotations": [{}]}', "no json"])
def test_what_is_no_annotation_file_is_said(tmp_path: Path, content: str) -> None:
    path = tmp_path / "instances.json"
    path.write_text(content)
    with pytest.raises(BadInput, match=r"instances\.json"):
        Surroundings.read(path)
    path.write_text(json.dumps(CONTENT))
    assert len(Surroundings.read(path).things(5)) == 4
