from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from twist_scout.errors import BadInput
from twist_scout.evaluation.localization import read_subset
from twist_scout.evaluation.localization.coco_files import plain_name


def test_each_annotation_is_a_query_in_its_own_words_and_pixels(instances: Path) -> None:
    subset = read_subset(instances)
    query = subset.queries[2]
    assert (query.id, query.image, query.name, query.width, query.height) == ("3", "b.jpg", "stop sign", 200, 100)
    assert query.box == (5.5, 6.5, 25.5, 36.5)
    assert query.resized == (6.0, 14.0, 28.0, 81.0)  # int(6.16), int(14.56), + int(22.4), + int(67.2)
    assert query.area == 300.0  # the annotation's own, half of the box here
    assert query.truth.to_pixels(200, 100) == pytest.approx(query.box)


def test_lvis_names_pictures_by_their_address_and_classes_with_marks(tmp_path: Path) -> None:
    content = {
        "images": [
            {"id": 9, "coco_url": "http://x.org/val2017/000000000009.jpg", "width": 50, "height": 50},
        ],
        "annotations": [{"id": 70, "image_id": 9, "category_id": 3, "bbox": [1, 2, 3, 4], "area": 5.5}],
        "categories": [{"id": 3, "name": "bat_(animal)", "synset": "bat.n.01"}],
    }
    path = tmp_path / "lvis_v1_val.json"
    path.write_text(json.dumps(content))
    subset = read_subset(path)
    assert subset.dataset == "lvis"
    assert [(q.image, q.name, q.area) for q in subset.queries] == [("val2017/000000000009.jpg", "bat", 5.5)]
    assert plain_name("stop_sign") == "stop sign"


def test_crowds_are_queries_like_any_other(write_instances: Callable[..., Path]) -> None:
    path = write_instances({"a.jpg": [(1, [0, 0, 10, 10])] * 3})
    content = json.loads(path.read_text())
    content["annotations"][1]["iscrowd"] = 1
    path.write_text(json.dumps(content))
    assert [q.crowd for q in read_subset(path).queries] == [False, True, False]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c["annotations"][0].update(bbox=[1, 2, 3]), "annotation 1 cannot be used"),
        (lambda c: c["annotations"][0].update(bbox=[1, 2, 3, float("nan")]), "annotation 1 cannot be used"),
        (lambda c: c["annotations"][0].update(bbox="here"), "annotation 1 cannot be used"),
        (lambda c: c["annotations"][0].update(category_id=5), "there is no 5"),
        (lambda c: c["annotations"].append({"id": 9}), "entry 8 of annotations has no image_id"),
        (lambda c: c["images"][0].update(width=0), "entry 0 of images"),
        (lambda c: c["images"][0].pop("file_name"), "coco_url"),
        (lambda c: c.pop("categories"), "no list of categories"),
        (lambda c: c["annotations"][1].update(id=1), "two annotations with the id '1'"),
        (lambda c: c["annotations"].clear(), "None of the 4 pictures"),
    ],
)
def test_a_damaged_file_is_named_with_what_is_wrong(
    instances: Path, change: Callable[[Any], object], message: str
) -> None:
    content = json.loads(instances.read_text())
    change(content)
    instances.write_text(json.dumps(content))
    with pytest.raises(BadInput, match=r"instances\.json") as caught:
        read_subset(instances)
    assert message in str(caught.value)
