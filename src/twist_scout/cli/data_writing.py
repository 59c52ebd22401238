"""What the commands that write training records share: options, the leakage guard, what is said at the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from twist_scout.cli import console
from twist_scout.cli.printable import printable
from twist_scout.errors import BadInput

if TYPE_CHECKING:
    from twist_scout.data.leakage import LeakageGuard
    from twist_scout.data.records import Example

OutFile = Annotated[Path, typer.Option("--out", metavar="FILE", help="JSONL file to write; its folder is made.")]
Images = Annotated[
    Path | None,
    typer.Option(metavar="FOLDER", help="Where the pictures are, if not where the source has them."),
]
Copies = Annotated[
    bool,
    typer.Option("--copy-images", help="Copy the pictures of records to a folder images beside FILE."),
]
Against = Annotated[
    list[str] | None,
    typer.Option(
        metavar="EVAL",
        help="An evaluation set whose pictures are left out: a folder, annotations, rows or a list of ids. "
        "May be given several times.",
    ),
]
Hashes = Annotated[
    bool, typer.Option("--hash", help="Compare pictures with those of EVAL too, and not only their names.")
]
Seed = Annotated[int, typer.Option(min=0, help="Decides how things are asked for.")]
Limit = Annotated[int | None, typer.Option(min=1, help="At most so many records.")]


def checked_out(out: Path) -> Path:
    """The file to write, its folder made.

    Raises:
        BadInput: it is a folder, or its folder cannot be made.
    """
    if out.is_dir():
        raise BadInput(f"{out} is a folder: give the name of a file to write, such as {out / 'train.jsonl'}.")
    console.make_folder(out.parent)
    return out


def guard_against(against: list[str] | None, hashes: bool) -> LeakageGuard | None:
    """The leakage guard, where evaluation sets are named."""
    if not against:
        if hashes:
            raise BadInput("--hash compares with the pictures of evaluation sets: name them with --against.")
        return None
    from twist_scout.data.leakage import LeakageGuard

    return LeakageGuard(against, hashes=hashes)


def without_leaks(examples: Iterable[Example], guard: LeakageGuard | None, tally: Counter[str]) -> Iterator[Example]:
    """The records whose pictures are in no evaluation set; the others are counted."""
    verdicts: dict[str, bool] = {}
    for example in examples:
        if guard is not None:
            if example.image not in verdicts:
                verdicts[example.image] = guard.refuses(example.image)
                tally["evaluation pictures left out"] += verdicts[example.image]
            if verdicts[example.image]:
                continue
        yield example


def write(out: Path, examples: Iterable[Example], *, copy: bool, limit: int | None, tally: Counter[str]) -> int:
    """Write records with their pictures named for the file's folder, and say what was left out.

    Args:
        out: the file.
        examples: their images as paths from the working directory.
        copy: whether to copy the pictures.
        limit: at most so many.
        tally: what was met on the way.

    Returns:
        How many were written.

    Raises:
        BadInput: there are none; nothing is written then.
    """
    import itertools

    from twist_scout.data.records import write_examples
    from twist_scout.scout.image_references import ImageReferences

    references = ImageReferences(out.parent, copy=copy)
    named = (
        example.model_copy(update={"image": references.name(example.image)})
        for example in itertools.islice(examples, limit)
    )
    first = next(named, None)
    if first is None:
        raise BadInput(f"There are no records to write to {out}{_told(tally, ' ({})')}.")
    with console.progress() as bar:
        count = write_examples(out, bar.track(itertools.chain([first], named), total=limit, description="Writing"))
    console.err().print(f"{count:,} records are in {out}{_told(tally, '; {}')}", markup=False, soft_wrap=True)
    return count


def _told(tally: Counter[str], form: str) -> str:
    events = ", ".join(f"{count:,} {event}" for event, count in tally.items() if count)
    return form.format(printable(events)) if events else ""
