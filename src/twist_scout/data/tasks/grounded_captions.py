"""GIC: a caption in which every object that is named has its boxes (§5).

Three ways to one, from the best to the surest:

``given``    the caption has boxes already: Flickr30k Entities, an MLLM's grounded caption
``aligned``  a person's caption whose nouns are given the annotated boxes that they mean
``listed``   a list of what is annotated, ``There are two dogs <box:0,1>, a cat <box:2> and a bicycle <box:3>.``
"""

from __future__ import annotations

import re
from typing import Literal, get_args

from twist_scout.boxes.words import DETERMINERS
from twist_scout.data.records import Example, Message, PixelBox, box_references
from twist_scout.data.tasks.annotated import MOST_BOXES, AnnotatedPicture, area, instances, reading_order
from twist_scout.data.tasks.caption_alignment import align_caption
from twist_scout.data.tasks.naming import MASS, counted, listed, several
from twist_scout.data.tasks.templates import GIC, chosen

Style = Literal["auto", "given", "aligned", "listed"]
STYLES: tuple[str, ...] = get_args(Style)
_NUMBERS = re.compile(r"<box:[\d,]+>")


def gic_example(
    picture: AnnotatedPicture,
    *,
    image: str,
    style: Style = "auto",
    seed: int = 0,
    most_boxes: int = MOST_BOXES,
    least_boxes: int = 1,
    dominance: float | None = None,
) -> Example | None:
    """A picture's grounded caption as a training record.

    Args:
        picture: with captions, or names and boxes, or both.
        image: how the record names it.
        style: which way to the caption; ``auto`` takes the first that works.
        seed: with the picture's id decides how it is asked for.
        most_boxes: in a list, as many boxes at most, the largest things first; a caption that gives one phrase more
            boxes is not taken.
        least_boxes: a caption with fewer is not taken.
        dominance: as in `align_caption`.

    Returns:
        A record of task ``gic`` whose boxes are numbered in the order of their first mention, or None where the picture
        has no such caption. ``meta["style"]`` says which way it was made.
    """
    ways = ("given", "aligned", "listed") if style == "auto" else (style,)
    for way in ways:
        caption = _caption(picture, way, most_boxes, dominance)
        if caption is None or len(_mentioned(caption)) < least_boxes:
            continue
        if max(map(len, box_references(caption))) > most_boxes:
            continue
        text, boxes = _renumbered(_sentence(caption), picture)
        id = gic_id(picture)
        return Example(
            id=id,
            image=image,
            width=picture.width,
            height=picture.height,
            task="gic",
            messages=[
                Message(role="user", content=chosen(GIC, seed, id)),
                Message(role="assistant", content=text),
            ],
            boxes=boxes,
            meta={"source": picture.source, "item": picture.id, "style": way},
        )
    return None


def gic_id(picture: AnnotatedPicture) -> str:
    """The id of a picture's record."""
    return f"{picture.source}:{picture.id}:gic"


def _caption(picture: AnnotatedPicture, way: str, most_boxes: int, dominance: float | None) -> str | None:
    """The caption with the most boxes, the first of equals."""
    if way == "listed":
        return list_things(picture, most_boxes=most_boxes)
    if way == "given":
        found = [caption for caption in picture.captions if box_references(caption)]
    else:
        bare = (caption for caption in picture.captions if not box_references(caption))
        aligned = (align_caption(caption, picture, dominance=dominance) for caption in bare)
        found = [caption for caption in aligned if caption is not None]
    return max(found, key=lambda caption: len(_mentioned(caption)), default=None)


def list_things(picture: AnnotatedPicture, *, most_boxes: int = MOST_BOXES) -> str | None:
    """Name everything that is annotated, class by class in reading order.

    Things of a class are counted where all of them are annotated. Where some are only marked as a crowd, or not all fit
    into ``most_boxes``, they are "several".

    Args:
        picture: with its names and boxes.
        most_boxes: the largest things are named first; what does not fit is left out.

    Returns:
        A sentence with references to ``picture.boxes``, or None where nothing has a box.
    """
    complete = set(picture.complete)
    things = instances(picture)
    by_size = {name: sorted(found, key=lambda i: (-area(picture.boxes[i]), i)) for name, found in things.items()}
    named: dict[str, list[int]] = {}
    room = most_boxes
    for name in sorted(by_size, key=lambda name: -area(picture.boxes[by_size[name][0]])):
        taken = by_size[name][:room]
        if taken:
            named[name] = reading_order(picture, taken)
            room -= len(taken)
    if not named:
        return None
    order = reading_order(picture, (boxes[0] for boxes in named.values()))
    groups = sorted(named.items(), key=lambda item: order.index(item[1][0]))
    parts = []
    for name, boxes in groups:
        all_of_them = len(boxes) == len(by_size[name]) and (not complete or name in complete)
        parts.append(f"{_called(name, len(boxes), all_of_them)} <box:{','.join(map(str, boxes))}>")
    verb = "are" if len(groups[0][1]) > 1 and groups[0][0] not in MASS else "is"
    return f"There {verb} {listed(parts)}."


def _called(name: str, number: int, all_of_them: bool) -> str:
    if name.split()[0].lower() in DETERMINERS:
        return name  # a phrase: "a red minivan", "two men"
    return counted(name, number) if all_of_them or number == 1 or name in MASS else f"several {several(name)}"


def _mentioned(caption: str) -> list[int]:
    return list(dict.fromkeys(index for indexes in box_references(caption) for index in indexes))


def _renumbered(caption: str, picture: AnnotatedPicture) -> tuple[str, list[PixelBox]]:
    """Only the boxes that are mentioned, in the order of their first mention."""
    order = _mentioned(caption)
    new = {str(old): str(number) for number, old in enumerate(order)}
    text = _NUMBERS.sub(lambda match: re.sub(r"\d+", lambda digits: new[digits[0]], match[0]), caption)
    return text, [picture.boxes[old] for old in order]


def _sentence(caption: str) -> str:
    """With a capital, one space between words and a full stop, as captions often lack."""
    words = re.sub(r"\s+([.,;:!?])", r"\1", " ".join(caption.split()))
    return f"{words[0].upper()}{words[1:]}{'' if words.endswith(('.', '!', '?')) else '.'}"
