"""``scout view``: random records of a data set on one page that needs nothing else."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from twist_scout import __version__
from twist_scout.errors import BadRecord
from twist_scout.pages.pictures import PictureReader
from twist_scout.scout.files import REJECTS, sample_examples, sample_lines
from twist_scout.scout.pages.rendering import render
from twist_scout.scout.pages.samples import Sample, chips, sample_of, sample_of_reject
from twist_scout.scout.rejects import Reject


def view_page(file: Path, *, count: int = 50, seed: int = 0, rejects: bool = False, side: int = 640) -> str:
    """The page as HTML.

    Args:
        file: a JSONL file of records; pictures are named from its folder.
        count: records to draw at random; with ``rejects`` half as many of each.
        seed: of the draw.
        rejects: show things that were turned down as well, from ``rejects.jsonl`` beside the file.
        side: longest side of the pictures in pixels.

    Raises:
        BadInput: a file cannot be read.
        BadRecord: a line that was drawn is no record.
    """
    pictures = PictureReader(file.parent, side)
    other = file.with_name(REJECTS)
    rejected = _rejected(other, count // 2, seed, pictures) if rejects else []
    kept = [
        sample_of(example, *pictures.url(example.image))
        for example in sample_examples(file, count - len(rejected), seed)
    ]
    samples = _shuffled_in(kept, rejected)
    return render(
        "view",
        title=file.parent.resolve().name or file.name,
        drawn=f"samples of {file.name}" if not rejected else f"samples of {file.name} and {REJECTS}",
        samples=samples,
        chips=chips(samples),
        seed=seed,
        version=__version__,
        served=False,
    )


def _rejected(file: Path, count: int, seed: int, pictures: PictureReader) -> list[Sample]:
    found = []
    for number, line in sample_lines(file, count, seed):
        try:
            reject = Reject.model_validate_json(line)
        except ValidationError as error:
            raise BadRecord(file, number, "not a line of rejects: build the data set again.") from error
        shown = pictures.url(reject.example.image) if reject.example is not None else (None, "")
        found.append(sample_of_reject(reject, *shown))
    return found


def _shuffled_in(kept: list[Sample], rejected: list[Sample]) -> list[Sample]:
    """One after the other, as long as there are both."""
    mixed = [sample for pair in zip(kept, rejected, strict=False) for sample in pair]
    shorter = min(len(kept), len(rejected))
    return mixed + kept[shorter:] + rejected[shorter:]
