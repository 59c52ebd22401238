"""This project's records: for each class in a picture the question where it is, and its boxes. What was found trains a model."""

from __future__ import annotations

from collections.abc import Iterator

from twist_scout.data.records import Example, Message
from twist_scout.data.tasks.naming import one, several
from twist_scout.data.tasks.templates import LOCALIZATION_ANY, chosen
from twist_scout.labelling.formats.base import OutFile, Place
from twist_scout.labelling.labels import LabelledPicture, Labels
from twist_scout.scout.image_references import ImageReferences

FILE = "records.jsonl"


def write(labels: Labels, place: Place) -> Iterator[OutFile]:
    """The file; a class that was not found in a picture has no record."""
    references = ImageReferences(place.out)
    lines: list[str] = []
    for picture in labels.pictures:
        if picture.boxes:
            image = references.name(str(place.pictures / picture.name))
            lines += [example.model_dump_json() for example in _examples(picture, labels, image)]
    yield OutFile(FILE, "".join(f"{line}\n" for line in lines).encode())


def _examples(picture: LabelledPicture, labels: Labels, image: str) -> Iterator[Example]:
    for number, label in enumerate(labels.classes):
        found = [box for box in picture.boxes if box.label == number]
        if not found:
            continue
        id = f"label:{picture.name}:{label}"
        name = label.replace("<", "< ")  # else it could be taken for a reference to a box
        asked = chosen(LOCALIZATION_ANY, 0, id).format(name=name, a_name=one(name), plural=several(name))
        marks = ",".join(map(str, range(len(found))))
        said = f"The {several(name) if len(found) > 1 else name} <box:{marks}>."
        scores = [box.score for box in found]
        yield Example(
            id=id,
            image=image,
            width=picture.width,
            height=picture.height,
            task="localization",
            messages=[Message(role="user", content=asked), Message(role="assistant", content=said)],
            boxes=[box.box for box in found],
            meta={
                "source": "label",
                "item": picture.name,
                "name": label,
                **({} if None in scores else {"scores": [round(score or 0.0, 6) for score in scores]}),
            },
        )
