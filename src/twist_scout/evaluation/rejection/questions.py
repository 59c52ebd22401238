"""What is asked for: things that are in a picture, and things that are not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from twist_scout.boxes.box import Box
from twist_scout.data.kinds import may_be
from twist_scout.data.tasks.templates import draw

PER_IMAGE = 3
"""Where questions are drawn from annotations, so many about things that are there, and as many about others (POPE)."""


@dataclass(frozen=True, slots=True)
class RejectionQuestion:
    """A thing that may be in a picture or not.

    Attributes:
        id: joins it to its answer.
        thing: what is asked for, without an article.
        present: whether it is there.
        image: the picture's name.
        text: the question as the source has it; empty where it has none.
        objects: class and box of every annotated object; None where they are not known.
        size: width and height of the original picture in pixels, where known.
    """

    id: str
    thing: str
    present: bool
    image: str | None = None
    text: str = ""
    objects: tuple[tuple[str, Box], ...] | None = None
    size: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class AnnotatedObjects:
    """What is known of a picture whose objects are all annotated.

    Attributes:
        id: of the picture, unique.
        image: its name.
        size: width and height in pixels.
        objects: class and box of each.
        unclear: classes that are there in a way that no question should be about, such as a crowd.
    """

    id: str
    image: str
    size: tuple[int, int]
    objects: tuple[tuple[str, Box], ...]
    unclear: frozenset[str] = frozenset()


def drawn_questions(
    pictures: Iterable[AnnotatedObjects], names: Sequence[str], *, per_image: int = PER_IMAGE, seed: int = 0
) -> Iterator[RejectionQuestion]:
    """Questions about pictures that are annotated in full: as many about present as about absent classes.

    A class is absent only where nothing is annotated that may go by its name: with a teddy bear in the picture, nothing is
    asked about bears.

    Args:
        pictures: in the order of the questions.
        names: all classes of the annotation.
        per_image: at most so many classes of each sort.
        seed: with the picture and the class decides which.
    """
    for picture in pictures:
        here = {name for name, _ in picture.objects} | picture.unclear
        asked = _drawn(here - picture.unclear, per_image, seed, picture.id)
        absent = [
            name
            for name in names
            if name not in here and not any(may_be(one, name) or may_be(name, one) for one in here)
        ]
        others = _drawn(absent, len(asked), seed, picture.id)
        for present, chosen in ((True, asked), (False, others)):
            for name in chosen:
                yield RejectionQuestion(
                    id=f"{picture.id}-{'present' if present else 'absent'}-{name.replace(' ', '_')}",
                    thing=name,
                    present=present,
                    image=picture.image,
                    objects=picture.objects,
                    size=picture.size,
                )


def _drawn(names: Iterable[str], count: int, seed: int, picture: str) -> list[str]:
    return sorted(sorted(names, key=lambda name: (draw(seed, picture, name), name))[:count])
