"""Localisation by name: "Where is the dog?", and all boxes of the class are the answer (§5)."""

from __future__ import annotations

from collections.abc import Iterator

from twist_scout.data.records import Example, Message
from twist_scout.data.tasks.annotated import MOST_BOXES, AnnotatedPicture, instances, reading_order
from twist_scout.data.tasks.naming import MASS, PAIRS, one, several
from twist_scout.data.tasks.templates import (
    LOCALIZATION_ANY,
    LOCALIZATION_MANY,
    LOCALIZATION_ONE,
    chosen,
    draw,
)


def localization_examples(
    picture: AnnotatedPicture,
    *,
    image: str,
    seed: int = 0,
    per_picture: int | None = None,
    most_boxes: int = MOST_BOXES,
) -> Iterator[Example]:
    """One record for each class in a picture.

    Only classes of which every instance is annotated: an answer with a box missing would be wrong. A class of which some
    are only marked as a crowd is left out.

    Args:
        picture: with its names and boxes.
        image: how the records name it.
        seed: with the picture's id decides how a class is asked for, and which are taken.
        per_picture: at most so many classes; all if not given.
        most_boxes: a class with more boxes is left out.

    Yields:
        Records of task ``localization``, boxes in reading order, numbered from 0.
    """
    complete = set(picture.complete)
    things = {
        name: found for name, found in instances(picture).items() if name in complete and len(found) <= most_boxes
    }
    names = sorted(things)
    if per_picture is not None and len(names) > per_picture:
        names = sorted(sorted(names, key=lambda name: draw(seed, picture.id, name))[:per_picture])
    for name in names:
        order = reading_order(picture, things[name])
        many = len(order) > 1
        id = f"{picture.source}:{picture.id}:localization:{name.replace(' ', '_')}"
        numbers = ",".join(map(str, range(len(order))))
        yield Example(
            id=id,
            image=image,
            width=picture.width,
            height=picture.height,
            task="localization",
            messages=[
                Message(role="user", content=_question(name, many, seed, id)),
                Message(role="assistant", content=f"The {several(name) if many else name} <box:{numbers}>."),
            ],
            boxes=[picture.boxes[index] for index in order],
            meta={"source": picture.source, "item": picture.id, "name": name},
        )


def _question(name: str, many: bool, seed: int, id: str) -> str:
    if name in MASS:
        templates: tuple[str, ...] = LOCALIZATION_ONE
    elif many or name in PAIRS:
        templates = LOCALIZATION_MANY + LOCALIZATION_ANY
    else:
        templates = LOCALIZATION_ONE + LOCALIZATION_ANY
    single = f"pair of {name}" if name in PAIRS else name
    return chosen(templates, seed, id).format(name=single, a_name=one(name), plural=several(name))
