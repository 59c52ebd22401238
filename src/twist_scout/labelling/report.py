"""What became of each question: found, refused, or neither."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

from twist_scout.labelling.classes import AskedClass, ClassList
from twist_scout.labelling.labels import LabelledBox, Labels


class ReadAnswer(Protocol):
    """What a report wants to know of an answer."""

    boxes: list[LabelledBox]
    refused: bool
    failed: bool
    unread: int
    another: int
    small: int
    unsure: int


@dataclass
class ClassReport:
    """What was found of one label.

    Attributes:
        label: its name in the files.
        pictures: with at least one box of it.
        boxes: in the files.
        refused: answers that said that nothing of the kind is there.
        nothing: other answers without a box.
        failed: questions that could not be asked.
    """

    label: str
    pictures: int = 0
    boxes: int = 0
    refused: int = 0
    nothing: int = 0
    failed: int = 0


@dataclass
class Report:
    """What was found in a folder.

    Attributes:
        asked: what was looked for.
        foreign: files of kinds that cannot be read.
        unreadable: pictures without labels, and why.
        pictures: labelled, those in which nothing was found among them.
        empty: pictures in which nothing was found.
        merged: boxes that were another box again.
        another: boxes left out because their phrase names another thing.
        small: boxes left out for their size, those without area among them.
        unsure: boxes left out for their score.
        unread: pieces of answers that look like boxes and could not be read.
        reviewed: boxes left out because a person marked them as wrong.
        contested: boxes in the place of a box of a class that excludes theirs.
    """

    asked: ClassList
    foreign: dict[str, int] = field(default_factory=dict)
    unreadable: dict[str, str] = field(default_factory=dict)
    pictures: int = 0
    empty: int = 0
    merged: int = 0
    another: int = 0
    small: int = 0
    unsure: int = 0
    unread: int = 0
    reviewed: int = 0
    contested: int = 0
    classes: list[ClassReport] = field(init=False)

    def __post_init__(self) -> None:
        self.classes = [ClassReport(label) for label in self.asked.labels]

    @property
    def boxes(self) -> int:
        """All boxes in the files."""
        return sum(one.boxes for one in self.classes)

    def add(self, asked: AskedClass, answer: ReadAnswer) -> None:
        """Count an answer."""
        one = self.classes[self.asked.labels.index(asked.label)]
        one.refused += answer.refused and not answer.failed
        one.failed += answer.failed
        one.nothing += not (answer.boxes or answer.refused or answer.failed)
        self.another += answer.another
        self.small += answer.small
        self.unsure += answer.unsure
        self.unread += answer.unread

    def count(self, labels: Labels) -> None:
        """Count what goes into the files."""
        found = [[box.label for box in picture.boxes] for picture in labels.pictures]
        self.pictures, self.empty = len(found), sum(not boxes for boxes in found)
        self.contested = sum(box.contested for picture in labels.pictures for box in picture.boxes)
        for number, one in enumerate(self.classes):
            one.pictures = sum(number in boxes for boxes in found)
            one.boxes = sum(boxes.count(number) for boxes in found)

    def to_dict(self) -> dict[str, Any]:
        """Everything, ready for JSON."""
        names = ("pictures", "empty", "merged", "another", "small", "unsure", "unread", "reviewed", "contested")
        return {
            "pictures": self.pictures,
            "boxes": self.boxes,
            "empty": self.empty,
            "classes": [asdict(one) for one in self.classes],
            **{name: getattr(self, name) for name in names[2:]},
            "unreadable": [{"picture": name, "reason": reason} for name, reason in sorted(self.unreadable.items())],
            "foreign": self.foreign,
        }
