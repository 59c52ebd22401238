"""``twist-scout data rec``: training records from referring expressions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from twist_scout.cli import console
from twist_scout.cli import data_writing as shared
from twist_scout.cli.printable import printable

if TYPE_CHECKING:
    from twist_scout.data.records import Example
    from twist_scout.data.referring import ReferringReader

ALL = "all"


class Answer(StrEnum):
    """What the answer says."""

    phrase = "phrase"
    box = "box"


def rec(
    sources: Annotated[
        list[Path],
        typer.Argument(
            metavar="SOURCE...",
            help="Referring expressions: RefCOCO's refs(...).p (instances.json beside it) or its folder; files of Shikra, "
            "Qwen-VL, lmms-eval, MDETR, Ferret or OFA; your own rows with image, expression and bbox.",
            show_default=False,
        ),
    ],
    out: shared.OutFile,
    split: Annotated[
        str, typer.Option(help="Which split to take; all for every one. Expressions that name none are taken.")
    ] = "train",
    form: Annotated[
        str | None,
        typer.Option(
            help="The files' form, where it cannot be told: refer, shikra, qwen, lmms, mdetr, ofa, flickr, "
            "phrases, scenes, table."
        ),
    ] = None,
    answer: Annotated[
        Answer,
        typer.Option(help='Answer with the expression and its box, "Man on the left [[..]].", or the box alone.'),
    ] = Answer.phrase,
    images: shared.Images = None,
    copy_images: shared.Copies = False,
    keep_missing: Annotated[
        bool, typer.Option("--keep-missing", help="Also write records whose picture is not there.")
    ] = False,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Leave out rows that cannot be used, instead of stopping at the first.")
    ] = False,
    against: shared.Against = None,
    hashes: shared.Hashes = False,
    seed: shared.Seed = 0,
    limit: shared.Limit = None,
) -> None:
    """Make REC training data: a referring expression is asked for, its box is the answer.

    Examples:
      twist-scout data rec refcoco refcoco+ refcocog --images coco --out rec.jsonl
          --against finetune_refcoco_val.json --against instances_val2017.json
      twist-scout data rec expressions.jsonl --split all --out rec.jsonl
    """
    from twist_scout.data.referring import open_referring

    shared.checked_out(out)
    guard = shared.guard_against(against, hashes)
    extracted = out.parent / "images"
    tally: Counter[str] = Counter()
    readers = [open_referring(path, form=form, images=images, skip_bad=skip_bad, extract=extracted) for path in sources]

    def made() -> Iterator[Example]:
        taken: Counter[str] = Counter()
        for reader in readers:
            roots = [reader.images, *([extracted] if reader.form == "ofa" else [])]
            for example in _examples(reader, roots, split, answer, keep_missing, seed, tally):
                taken[example.id] += 1
                again = f"~{taken[example.id]}" if taken[example.id] > 1 else ""
                yield example.model_copy(update={"id": f"{example.id}{again}"}) if again else example
            tally["rows left out"] += reader.tally["rows left out"]

    shared.write(out, shared.without_leaks(made(), guard, tally), copy=copy_images, limit=limit, tally=tally)
    problem = next((reader.first_problem for reader in readers if reader.first_problem), None)
    if problem:
        console.err().print(f"The first row left out: {printable(problem)}", markup=False)


def _examples(
    reader: ReferringReader,
    roots: list[Path],
    split: str,
    answer: Answer,
    keep_missing: bool,
    seed: int,
    tally: Counter[str],
) -> Iterator[Example]:
    from twist_scout.data.referring.expression import split_name
    from twist_scout.data.referring.pictures import find_picture
    from twist_scout.data.tasks.referring import rec_example

    wanted = split_name(split)
    paths: dict[str, Path | None] = {}
    for found in reader:
        if split != ALL and found.split not in (None, wanted):
            tally[f"of split {found.split}"] += 1
            continue
        if split != ALL and found.split is None:
            tally["taken that name no split"] += 1
        if found.image not in paths:
            paths[found.image] = next(
                (path for root in roots if (path := find_picture(found.image, root)) is not None), None
            )
        path = paths[found.image]
        if path is None and not keep_missing:
            tally["with a missing picture"] += 1
            continue
        name = f"rec:{found.meta.get('dataset', reader.path.stem)}:{found.id}"
        image = str(path if path is not None else roots[0] / found.image)
        yield rec_example(found, id=name, image=image, seed=seed, answer=answer.value)
