from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote

import pytest

from twist_scout.evaluation.localization.voc_files import parse_xml
from twist_scout.labelling.formats import label_studio

from .conftest import Labelled, Written


def test_tasks_hold_predictions_in_percent(labelled: Labelled, written: Written) -> None:
    tasks = json.loads((written("labelstudio") / "label_studio.json").read_text())
    assert [unquote(task["data"]["image"]) for task in tasks] == [
        "/data/local-files/?d=1.png",
        "/data/local-files/?d=2.png",
        "/data/local-files/?d=a b/ü&#.png",
    ]
    assert tasks[2]["data"]["image"].endswith("?d=a%20b/%C3%BC%26%23.png")  # as an address spells it
    for task, picture in zip(tasks, labelled.labels.pictures, strict=True):
        (prediction,) = task["predictions"]
        assert prediction.get("score") == (picture.lowest if picture.boxes else None)
        assert len({result["id"] for result in prediction["result"]}) == len(picture.boxes)
        for result, box in zip(prediction["result"], picture.boxes, strict=True):
            value = result["value"]
            assert value["rectanglelabels"] == [labelled.labels.classes[box.label]]
            assert (result["original_width"], result["original_height"]) == (picture.width, picture.height)
            across, down = picture.width / 100, picture.height / 100
            corners = (
                value["x"] * across,
                value["y"] * down,
                (value["x"] + value["width"]) * across,
                (value["y"] + value["height"]) * down,
            )
            assert corners == pytest.approx(box.box, abs=1e-4)
            assert value["x"] + value["width"] <= 100.000001


def test_the_interface_fits_the_predictions(labelled: Labelled, written: Written) -> None:
    """What Label Studio checks on import: the names of both sides, and every label."""
    out = written("labelstudio")
    view = parse_xml((out / "label_studio.xml").read_bytes())
    labels, image = view.find("RectangleLabels"), view.find("Image")
    assert labels is not None
    assert image is not None
    assert image.get("value") == "$image"
    known = {label.get("value") for label in labels}
    assert known == set(labelled.labels.classes)
    for task in json.loads((out / "label_studio.json").read_text()):
        for result in task["predictions"][0]["result"]:
            assert (result["from_name"], result["to_name"]) == (labels.get("name"), labels.get("toName"))
            assert result["to_name"] == image.get("name")
            assert set(result["value"][result["type"]]) <= known


def test_other_addresses_and_odd_names(labelled: Labelled) -> None:
    labels = replace(labelled.labels, classes=('a "b" <c> & d', "red car", "owl"))
    place = replace(labelled.place(Path("out")), url_prefix="https://host/photos/")
    tasks, interface = label_studio.write(labels, place)
    assert json.loads(tasks.content or b"")[0]["data"]["image"] == "https://host/photos/1.png"
    found = parse_xml(interface.content or b"").find("RectangleLabels")
    assert found is not None
    assert found[0].get("value") == 'a "b" <c> & d'
