"""The page of a result: one file that needs nothing else or, with very many pictures, a folder of them beside it."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from urllib.parse import quote

from twist_scout import __version__
from twist_scout.errors import BadImage, BadInput
from twist_scout.evaluation.pages.case import Case
from twist_scout.evaluation.pages.shown import ShownCase, shown_case
from twist_scout.evaluation.result import EvaluationResult, ResultTable
from twist_scout.pages.pictures import PictureReader, Shrunk
from twist_scout.pages.rendering import render
from twist_scout.pages.text import shortened

#: Bytes of pictures that a page takes in itself; where they are more, all go into a folder beside it.
EMBEDDED = 24 << 20

_ROOM = "twist_scout.evaluation.pages"
_HEADINGS = {
    "best": ("Best", "The highest scores."),
    "worst": ("Worst", "The lowest scores."),
    "flipped": ("Flipped", "Right one way and wrong another."),
}
_NUMBER = re.compile(r"\s*\[?(?:[-+−±≤≥<>]?\s*\d|[-–—]?\s*$)")
_LONGEST_JSON = 200_000


def write_report(
    path: str | Path,
    title: str,
    result: EvaluationResult,
    cases: Iterable[Case] = (),
    *,
    side: int = 640,
    embedded: int = EMBEDDED,
) -> Path:
    """Write the page of a result.

    It holds its tables, every number as JSON, and the cases with truth and answer drawn on their pictures. It asks no
    network, runs no script but its own, and shows whatever a model wrote as text.

    Args:
        path: the HTML file; its folder is made.
        title: headline.
        result: what an evaluator returned.
        cases: samples to show, in sections by their group, in the order in which the groups first come.
        side: longest side of the pictures in pixels.
        embedded: bytes of pictures that go into the page itself. With more, all of them are written into the folder
            ``STEM_pictures`` beside it.

    Returns:
        The path.

    Raises:
        BadInput: the file cannot be written.
    """
    path = Path(path)
    cases = list(cases)
    pictures, problems = _pictures(cases, side)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if sum(len(pictures[case.image].content) for case in cases if case.image in pictures) > embedded:
            urls, images = _beside(path, pictures), "'self' file:"
        else:
            urls, images = {image: picture.url for image, picture in pictures.items()}, "data:"
        shown = []
        for case in cases:
            picture = pictures.get(case.image)
            size = _checked_size(case.size) or (picture.size if picture else None)
            shown.append(shown_case(case, size, urls.get(case.image), problems.get(case.image, "")))
        path.write_text(_page(title, result, shown, images), encoding="utf-8")
    except OSError as error:
        raise BadInput(f"{path} cannot be written ({error.strerror or error}): give another place.") from error
    return path


def _page(title: str, result: EvaluationResult, cases: Sequence[ShownCase], images: str) -> str:
    groups: dict[str, list[ShownCase]] = {}
    for case in cases:
        groups.setdefault(case.group, []).append(case)
    numbers = json.dumps({"protocol": result.protocol, **result.to_dict()}, ensure_ascii=False, indent=2, default=str)
    most = max((len(case.answers) for case in cases), default=1)
    return render(
        _ROOM,
        "report",
        scripts=("lighting.js", "filter.js", "report.js") if cases else (),
        images=images,
        title=title,
        headline=str(result),
        protocol=result.protocol,
        tables=[(table, _numeric(table)) for table in result.tables()],
        groups=[(group, *_HEADINGS.get(group, (group, "")), found) for group, found in groups.items()],
        total=len(cases),
        answers=next(([a.name or a.letter for a in case.answers] for case in cases if len(case.answers) == most), []),
        numbers=shortened(numbers, _LONGEST_JSON),
        version=__version__,
    )


def _numeric(table: ResultTable) -> list[bool]:
    """Which columns hold numbers, dashes for missing ones among them."""
    columns = zip(*table.rows, strict=False)
    numeric = [all(_NUMBER.match(cell) for cell in cells) for cells in columns]
    return [False, *numeric[1:]] + [False] * (len(table.columns) - len(numeric))


def _pictures(cases: Sequence[Case], side: int) -> tuple[dict[Path | None, Shrunk], dict[Path | None, str]]:
    """Every picture once, and why others are missing."""
    reader = PictureReader(Path(), side)
    found: dict[Path | None, Shrunk] = {}
    problems: dict[Path | None, str] = {}
    for image in dict.fromkeys(case.image for case in cases if case.image is not None):
        try:
            found[image] = reader.shrunk(str(image))
        except BadImage as error:
            problems[image] = str(error)
    return found, problems


def _beside(path: Path, pictures: dict[Path | None, Shrunk]) -> dict[Path | None, str]:
    """Write the pictures into a folder beside the page; their addresses from there."""
    folder = path.with_name(f"{path.stem}_pictures")
    folder.mkdir(exist_ok=True)
    urls: dict[Path | None, str] = {}
    for image, picture in pictures.items():
        name = hashlib.sha256(picture.content).hexdigest()[:20] + picture.ending
        (folder / name).write_bytes(picture.content)
        urls[image] = quote(f"{folder.name}/{name}")
    return urls


def _checked_size(size: tuple[int, int] | None) -> tuple[int, int] | None:
    """A size, unless it is none that a picture can have."""
    return size if size is not None and min(size) > 0 else None
