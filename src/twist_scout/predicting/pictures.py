"""Pictures of a run: where they are, and the next batch's read while the model answers this one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from pathlib import Path

from PIL import Image

from twist_scout.data.images import load_image
from twist_scout.data.referring.pictures import find_picture
from twist_scout.errors import BadImage, BadInput
from twist_scout.predicting.questions import Question

LOOKED_AT = 200
Loaded = Image.Image | None | BadImage


def find(name: str, root: Path) -> Path | None:
    """The file of a picture below a folder, or None; as `find_picture`, and in a folder ``images`` beside its name, where
    MME has some (``artwork/images/1.jpg``).
    """
    folder, slash, last = name.rpartition("/")
    return find_picture(name, root) or (find_picture(f"{folder}/images/{last}", root) if slash else None)


class PictureFolder:
    """Finds pictures below a folder, under COCO's other names too.

    Args:
        root: the folder.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def load(self, name: str) -> Image.Image | BadImage:
        """The picture, or what is wrong with it."""
        path = find(name, self.root)
        if path is None:
            return BadImage(f"{name} is not in {self.root}: give the folder of the pictures with --images.")
        try:
            return load_image(path)
        except BadImage as error:
            return error

    def check(self, questions: Sequence[Question]) -> None:
        """Find out early that a whole folder is the wrong one.

        Raises:
            BadInput: none of the first pictures is there.
        """
        names = dict.fromkeys(question.image for question in questions[:LOOKED_AT] if question.image is not None)
        if names and not any(find(name, self.root) for name in names):
            few = "The picture" if len(names) == 1 else f"None of the first {len(names)} pictures"
            told = "is not" if len(names) == 1 else "is"
            raise BadInput(
                f"{few} ({next(iter(names))}) {told} in {self.root}: give the folder of the pictures with --images."
            )


def usual_folder(data: Path, names: Iterable[str | None]) -> Path:
    """Where the pictures of a truth file are: the first of the usual places that has one of them, else with the file.

    Args:
        data: the truth file or folder.
        names: of its pictures; the first of them are looked for.
    """
    folder = data if data.is_dir() else data.parent
    split = data.stem.rpartition("_")[2]
    inside = ("", "JPEGImages", "VOC2007/JPEGImages", split)
    places = [root / name for root in (folder, folder.parent) for name in inside]
    wanted = dict.fromkeys(name for name in islice(names, LOOKED_AT) if name is not None)
    return next((place for place in places if any(find(name, place) is not None for name in wanted)), folder)


def loaded(
    batches: Iterable[Sequence[Question]], folder: PictureFolder, *, threads: int = 4
) -> Iterator[tuple[Sequence[Question], list[Loaded]]]:
    """Each batch with its pictures. Those of the next batch are read meanwhile; one that several rows of a batch are about
    is read once.

    Args:
        batches: the questions.
        folder: where their pictures are.
        threads: how many pictures are read at a time.
    """
    with ThreadPoolExecutor(threads, thread_name_prefix="pictures") as pool:

        def begin(batch: Sequence[Question]) -> tuple[Sequence[Question], dict[str, Future[Image.Image | BadImage]]]:
            names = dict.fromkeys(question.image for question in batch if question.image is not None)
            return batch, {name: pool.submit(folder.load, name) for name in names}

        waiting = None
        for batch in batches:
            following = begin(batch)
            if waiting is not None:
                yield _settled(*waiting)
            waiting = following
        if waiting is not None:
            yield _settled(*waiting)


def _settled(
    batch: Sequence[Question], pictures: dict[str, Future[Image.Image | BadImage]]
) -> tuple[Sequence[Question], list[Loaded]]:
    return batch, [None if question.image is None else pictures[question.image].result() for question in batch]
