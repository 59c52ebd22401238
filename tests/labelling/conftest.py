"""A small labelled folder; and a real browser, where there is one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image

from twist_scout.labelling import ClassList, LabelledBox, LabelledPicture, Labels, read_classes
from twist_scout.labelling.formats import Place
from twist_scout.labelling.report import Report

from ..scout.pages.conftest import browser, chromium

__all__ = ["browser", "chromium"]


@dataclass(frozen=True)
class Labelled:
    """A folder and what was found in it."""

    folder: Path
    classes: ClassList
    labels: Labels
    report: Report

    def place(self, out: Path) -> Place:
        return Place(self.folder, out)


@pytest.fixture
def labelled(tmp_path: Path) -> Labelled:
    """Three pictures: two classes that claim one place, one thing below a folder, nothing."""
    folder = tmp_path / "photos"
    (folder / "a b").mkdir(parents=True)
    for name, size in (("1.png", (64, 48)), ("2.png", (50, 80)), ("a b/ü&#.png", (101, 33))):
        Image.new("RGB", size, (200, 180, 90)).save(folder / name)
    pictures = (
        LabelledPicture(
            "1.png",
            64,
            48,
            (
                LabelledBox(0, (4.0, 6.5, 30.25, 40.0), "dog", 0.9, contested=True),
                LabelledBox(0, (33.0, 0.0, 64.0, 48.0), "dog", 0.5),
                LabelledBox(1, (4.0, 6.0, 30.0, 40.0), "red car", 0.25, contested=True),
            ),
        ),
        LabelledPicture("2.png", 50, 80, (), ("dog", "red car")),
        LabelledPicture(
            "a b/ü&#.png", 101, 33, (LabelledBox(1, (0.0, 1.01, 100.99, 33.0), "red car", 0.75),), ("dog",)
        ),
    )
    classes = read_classes("dog, red car, owl")
    labels = Labels(classes.labels, pictures)
    report = Report(classes, unreadable={"broken.jpg": "broken.jpg is <damaged>"})
    report.count(labels)
    return Labelled(folder, classes, labels, report)
