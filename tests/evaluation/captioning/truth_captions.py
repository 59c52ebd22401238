"""Real annotations written as captions, in several styles, and spoiled in several ways."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from twist_scout.boxes import Box
from twist_scout.boxes.dialects import Codec, get_dialect
from twist_scout.boxes.dialects.registry import dialect_frame
from twist_scout.data.tasks.naming import MASS, counted, listed, one
from twist_scout.evaluation.captioning.instances import AnnotatedImage
from twist_scout.evaluation.captioning.records import CaptioningRecord, TrueObject

COCO_100 = Path(__file__).parents[4] / "shared" / "data" / "coco_val2014_100" / "instances.json"

Named = tuple[str, Sequence[Box]]
Style = Callable[[AnnotatedImage, Callable[[Sequence[Box]], str]], str]

SYNONYMS = {"person": "man", "couch": "sofa", "tv": "television", "cell phone": "phone", "airplane": "plane"}


def boxes_of(image: AnnotatedImage, things: Sequence[TrueObject]) -> list[Box]:
    """Boxes in fractions; annotations may stick out of the image by a hair."""
    found = []
    for thing in things:
        x, y, w, h = thing.bbox
        found.append(Box.from_pixels(x, y, x + w, y + h, width=image.width, height=image.height, clip=True))
    return found


def by_class(image: AnnotatedImage) -> list[Named]:
    """Every class with the boxes of its objects, crowds left out."""
    names = dict.fromkeys(thing.name for thing in image.objects if not thing.crowd)
    return [
        (name, boxes_of(image, [thing for thing in image.objects if thing.name == name and not thing.crowd]))
        for name in names
    ]


def grouped(image: AnnotatedImage, write: Callable[[Sequence[Box]], str]) -> str:
    """There are two dogs [[..;..]], a cat [[..]] and a bus [[..]]."""
    parts = [f"{counted(name, len(boxes))} {write(boxes)}" for name, boxes in by_class(image)]
    return f"There are {listed(parts)}." if parts else "An empty scene."


def singly(image: AnnotatedImage, write: Callable[[Sequence[Box]], str]) -> str:
    """A sentence for each object, with an adjective or a place."""
    sentences = []
    for name, boxes in by_class(image):
        for number, box in enumerate(boxes):
            lead = ("There is", "The photo shows", "In the background is")[number % 3]
            sentences.append(f"{lead} {one(name).replace('a ', 'a small ', 1)} {write([box])}.")
    return " ".join(sentences) or "An empty scene."


def synonymous(image: AnnotatedImage, write: Callable[[Sequence[Box]], str]) -> str:
    """As people call them: "three men [[..;..;..]] and a sofa [[..]]"."""
    parts = [f"{counted(SYNONYMS.get(name, name), len(boxes))} {write(boxes)}" for name, boxes in by_class(image)]
    return f"I can see {listed(parts)}." if parts else "An empty scene."


def at_the_end(image: AnnotatedImage, write: Callable[[Sequence[Box]], str]) -> str:
    """All boxes behind the enumeration: "two dogs and a cat [[d; d; c]]", two classes at a time."""
    named = by_class(image)
    sentences = [f"There is some {name} {write(boxes)}." for name, boxes in named if name in MASS]
    countable = [(name, boxes) for name, boxes in named if name not in MASS]
    for start in range(0, len(countable), 2):
        some = countable[start : start + 2]
        boxes = [box for _, own in some for box in own]
        sentences.append(f"There are {listed([counted(name, len(own)) for name, own in some])} {write(boxes)}.")
    return " ".join(sentences) or "An empty scene."


def by_line(image: AnnotatedImage, write: Callable[[Sequence[Box]], str]) -> str:
    """A list, one object a line, boxes first."""
    return "\n".join(f"{write([box])}: {name}" for name, boxes in by_class(image) for box in boxes) or "Nothing."


STYLES: dict[str, Style] = {
    "grouped": grouped,
    "singly": singly,
    "synonymous": synonymous,
    "at_the_end": at_the_end,
    "by_line": by_line,
}


def caption(image: AnnotatedImage, style: Style, dialect: str) -> str:
    """The truth of an image as a caption."""
    view = dialect_frame(dialect, width=image.width, height=image.height)
    codec = get_dialect(dialect, view)
    if isinstance(codec, Codec) and codec.names_phrases:
        return codec.render_list([(name, [view.to_model(box) for box in boxes]) for name, boxes in by_class(image)])
    return style(image, lambda boxes: codec.render([view.to_model(box) for box in boxes]))


def records(images: Sequence[AnnotatedImage], style: str = "grouped", dialect: str = "scout") -> list[CaptioningRecord]:
    """Records whose predictions are their own truth."""
    return [
        CaptioningRecord(caption(image, STYLES[style], dialect), image.width, image.height, image.objects, image.id)
        for image in images
    ]


def spoiled(image: AnnotatedImage, kind: str, share: float, seed: int) -> AnnotatedImage:
    """Some of the objects dropped, shifted or renamed; the same ones and more with a larger share."""
    changed = []
    for number, thing in enumerate(image.objects):
        dice = random.Random(f"{seed} {image.id} {number}")
        if dice.random() >= share:
            changed.append(thing)
        elif kind == "renamed":
            changed.append(replace(thing, name="giraffe" if thing.name != "giraffe" else "zebra"))
        elif kind == "shifted":
            x, y, w, h = thing.bbox
            changed.append(replace(thing, bbox=(x + (0.5 if x + w < image.width / 2 else -0.5) * w, y, w, h)))
    return replace(image, objects=tuple(changed))
