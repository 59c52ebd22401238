"""What readers of referring expressions have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from twist_scout.data.images import image_size
from twist_scout.data.referring.expression import ReferringExpression, dataset_of, split_of_file
from twist_scout.data.referring.pictures import find_picture
from twist_scout.errors import BadImage, BadRecord, first_line


class ReferringReader(ABC):
    """A stream of referring expressions in the order of the file.

    Nothing is left out in silence: a row that cannot be used ends the reading, or is counted.

    Args:
        path: what is read.
        images: the folder that pictures are in; only looked at where the file does not give their size.
        skip_bad: leave rows out that cannot be used, and count them, instead of stopping at the first.

    Attributes:
        tally: what was met on the way: ``expressions``, ``rows left out``, and each split as ``split val``.
        first_problem: about the first row that was left out.
    """

    form: str

    def __init__(self, path: Path, images: Path | None = None, *, skip_bad: bool = False) -> None:
        self.path = path
        self.images = images if images is not None else path.parent
        self.skip_bad = skip_bad
        self.tally: Counter[str] = Counter()
        self.first_problem: str | None = None
        self.file_split = split_of_file(path)
        self.file_dataset = dataset_of(path.name) or dataset_of(path.absolute().parent.name)

    @abstractmethod
    def rows(self) -> Iterator[tuple[int, Any]]:
        """The file's rows with their numbers, counted from 1; raises `BadInput` where the file as a whole is unusable."""

    @abstractmethod
    def expressions(self, number: int, row: Any) -> Iterable[ReferringExpression]:
        """The expressions of a row; raises ValueError, KeyError or the like where it does not hold what it should."""

    def __iter__(self) -> Iterator[ReferringExpression]:
        """The expressions, counted.

        Raises:
            BadRecord: a row cannot be used, and `skip_bad` is off.
        """
        self.tally, self.first_problem = Counter(), None
        for number, row in self.rows():
            try:
                found = list(self.expressions(number, row))
            except (TypeError, ValueError, KeyError, IndexError, AttributeError, BadImage) as error:
                problem = BadRecord(self.path, number, f"{_reason(error)}.")
                if not self.skip_bad:
                    raise problem from error
                self.tally["rows left out"] += 1
                self.first_problem = self.first_problem or str(problem)
                continue
            for expression in found:
                self.tally["expressions"] += 1
                self.tally[f"split {expression.split or 'unknown'}"] += 1
                yield expression

    def size(self, row: dict[str, Any], image: str) -> tuple[int, int]:
        """Width and height of a row's picture: as the row says, else as the file says.

        Raises:
            BadImage: the row does not say, and the picture is not there or cannot be read.
        """
        width = row.get("width", row.get("image_width"))
        height = row.get("height", row.get("image_height"))
        if width is None and height is None and isinstance(row.get("size"), (list, tuple)):
            width, height = row["size"]
        if width is not None and height is not None:
            if int(width) <= 0 or int(height) <= 0:
                raise ValueError(f"a picture of {width} x {height} pixels")
            return int(width), int(height)
        path = find_picture(image, self.images)
        if path is None:
            raise BadImage(
                f"neither width and height nor the picture {image} in {self.images}: name the folder that it is in"
            )
        return image_size(path)


def words(text: Any) -> str:
    """An expression on one line, without what only looks like a reference to a box.

    Raises:
        ValueError: there are no words.
    """
    if not isinstance(text, str) or not text.strip():
        raise ValueError(f"the expression is {text!r}")
    return " ".join(text.replace("<box:", "< box:").split())


def _reason(error: Exception) -> str:
    if isinstance(error, ValidationError):
        return first_line(ValueError(error.errors(include_url=False)[0]["msg"].removeprefix("Value error, ")))
    return f"there is no {error}" if isinstance(error, KeyError) else first_line(error)
