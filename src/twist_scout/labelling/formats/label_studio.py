"""Label Studio: tasks with predictions, which people accept or correct; and the labelling interface that they fit.

Boxes are in percent of the upright picture. Pictures are named by an address: a prefix and their path below the folder. The
prefix that is taken without another is the one of local files, below ``LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import quoteattr

from twist_scout.labelling.formats.base import OutFile, Place, as_json
from twist_scout.labelling.labels import LabelledBox, LabelledPicture, Labels
from twist_scout.picture import PALETTE

FILE = "label_studio.json"
INTERFACE = "label_studio.xml"
_FROM, _TO, _KIND = "label", "image", "rectanglelabels"


def write(labels: Labels, place: Place) -> Iterator[OutFile]:
    """The tasks, and the interface to paste into the settings of the project."""
    yield OutFile(FILE, as_json([_task(picture, labels, place) for picture in labels.pictures]))
    yield OutFile(INTERFACE, _interface(labels.classes).encode())


def _task(picture: LabelledPicture, labels: Labels, place: Place) -> dict[str, Any]:
    results = [
        _result(number, box, picture, labels.classes[box.label]) for number, box in enumerate(picture.boxes, start=1)
    ]
    prediction: dict[str, Any] = {"model_version": place.made_by, "result": results}
    if any(box.score is not None for box in picture.boxes):
        prediction["score"] = round(picture.lowest, 6)  # sorted by it, the pictures to look at come first
    return {"data": {_TO: place.url_prefix + quote(picture.name)}, "predictions": [prediction]}


def _result(number: int, box: LabelledBox, picture: LabelledPicture, label: str) -> dict[str, Any]:
    x1, y1, x2, y2 = box.box
    value = {
        "x": _percent(x1, picture.width),
        "y": _percent(y1, picture.height),
        "width": _percent(x2 - x1, picture.width),
        "height": _percent(y2 - y1, picture.height),
        "rotation": 0,
        _KIND: [label],
    }
    made: dict[str, Any] = {
        "id": f"box{number}",
        "type": _KIND,
        "from_name": _FROM,
        "to_name": _TO,
        "original_width": picture.width,
        "original_height": picture.height,
        "image_rotation": 0,
        "value": value,
    }
    return made if box.score is None else {**made, "score": round(box.score, 6)}


def _percent(value: float, whole: int) -> float:
    return round(100 * value / whole, 6)


def _interface(classes: tuple[str, ...]) -> str:
    colors = ("#{:02x}{:02x}{:02x}".format(*PALETTE[number % len(PALETTE)]) for number in range(len(classes)))
    lines = (
        f"    <Label value={quoteattr(name)} background={quoteattr(color)}/>"
        for name, color in zip(classes, colors, strict=True)
    )
    return "\n".join(
        (
            "<View>",
            f'  <Image name="{_TO}" value="${_TO}"/>',
            f'  <RectangleLabels name="{_FROM}" toName="{_TO}">',
            *lines,
            "  </RectangleLabels>",
            "</View>",
            "",
        )
    )
