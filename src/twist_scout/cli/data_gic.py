"""``twist-scout data gic``: training records of captions with boxes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from twist_scout.cli import console
from twist_scout.cli import data_writing as shared
from twist_scout.errors import BadConfig

if TYPE_CHECKING:
    from twist_scout.data.records import Example
    from twist_scout.scout.items import SourceItem

_RULES, _MODEL = "By rules", "By a model"


class Style(StrEnum):
    """How a caption gets its boxes."""

    auto = "auto"
    given = "given"
    aligned = "aligned"
    listed = "listed"


def gic(
    source: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE",
            help="Pictures with captions, with boxes, or both: a path whose kind can be told, or KIND:PATH (coco, "
            "flickr30k, vg, shikra, table, folder, toyworld).",
            show_default=False,
        ),
    ],
    out: shared.OutFile,
    style: Annotated[
        Style,
        typer.Option(
            help="given: captions that have boxes; aligned: a person's caption, its nouns matched with the annotated "
            "classes; listed: a list of what is annotated; auto: the first of these that works for a picture.",
            rich_help_panel=_RULES,
        ),
    ] = Style.auto,
    dialect: Annotated[
        str | None,
        typer.Option(
            help="How boxes are written in the captions, where they stand in the text: scout, cogvlm, shikra, ...; with "
            "--mllm, how that model writes them.",
        ),
    ] = None,
    frame: Annotated[
        str | None,
        typer.Option(
            help="What the writer of such captions saw: stretched, padded or smart_resized. Without it, what models of "
            "that dialect see.",
        ),
    ] = None,
    dominance: Annotated[
        float | None,
        typer.Option(
            min=1,
            help="aligned: where a noun means one thing and several are there, take the largest if it is so many times "
            "as large as the next. Without it such a noun gets no box.",
            rich_help_panel=_RULES,
        ),
    ] = None,
    most_boxes: Annotated[
        int, typer.Option(min=1, max=100, help="At most so many boxes in a list, and of one phrase in a caption.")
    ] = 12,
    least_boxes: Annotated[int, typer.Option(min=1, help="Leave out captions with fewer boxes.")] = 1,
    mllm: Annotated[
        str | None,
        typer.Option(
            metavar="MODEL",
            help="Have a model write the captions: openai:NAME@URL, hf:FOLDER, hf:FOLDER+ADAPTER, or pocket.",
            rich_help_panel=_MODEL,
        ),
    ] = None,
    device: Annotated[
        str | None, typer.Option(help="For a model in this process: cpu, cuda, ...", rich_help_panel=_MODEL)
    ] = None,
    concurrency: Annotated[int, typer.Option(min=1, help="Pictures under way at once.", rich_help_panel=_MODEL)] = 16,
    images: shared.Images = None,
    copy_images: shared.Copies = False,
    against: shared.Against = None,
    hashes: shared.Hashes = False,
    seed: shared.Seed = 0,
    limit: shared.Limit = None,
) -> None:
    """Make GIC training data: a picture is described, and every object in the caption has its boxes.

    With --mllm the work of the model is kept in FILE.run, so the same command goes
    on where it was stopped; what its checks turned down is in rejects.jsonl there.

    Examples:
      twist-scout data gic annotations/captions_train2017.json --out gic.jsonl --against instances_val2017.json
      twist-scout data gic annotations/instances_train2017.json --mllm hf:my-vlm --out gic.jsonl
      twist-scout data gic captions-of-cogvlm.jsonl --dialect cogvlm --out gic.jsonl
    """
    from twist_scout.data.records import read_examples
    from twist_scout.data.tasks.grounded_captions import gic_example
    from twist_scout.scout.sources import open_source

    shared.checked_out(out)
    guard = shared.guard_against(against, hashes)
    opened = open_source(source, images=images)
    tally: Counter[str] = Counter()

    def by_rules() -> Iterator[Example]:
        for item in opened:
            read = item if dialect is None else _with_references(item, dialect, frame)
            example = gic_example(
                read,
                image=item.image,
                style=style.value,
                seed=seed,
                most_boxes=most_boxes,
                least_boxes=least_boxes,
                dominance=dominance,
            )
            if example is None:
                tally["pictures without such a caption"] += 1
            else:
                if style is Style.auto:
                    tally[f"{example.meta['style']} captions"] += 1
                yield example
        tally.update(opened.tally.events)

    if mllm is None:
        made = by_rules()
    else:
        if style is not Style.auto:
            raise BadConfig("--mllm writes the captions itself: leave --style out.")
        folder = out.with_name(f"{out.name}.run")
        settings = {"seed": seed, "most_boxes": most_boxes, "least_boxes": least_boxes, "limit": limit}
        _ask_model(opened, mllm, folder, dialect, frame, device, concurrency, tally, settings)
        made = (
            example.model_copy(update={"image": str(folder / example.image)})
            for example in read_examples(folder / "train.jsonl")
        )
    shared.write(out, shared.without_leaks(made, guard, tally), copy=copy_images, limit=limit, tally=tally)


def _with_references(item: SourceItem, dialect: str, frame: str | None) -> SourceItem:
    """The item with its caption that has the most boxes in its text, as references; as it was where none has any."""
    from twist_scout.boxes.conversion import view_of
    from twist_scout.boxes.dialects import get_dialect
    from twist_scout.boxes.grounded import GroundedText
    from twist_scout.scout.references import to_references

    seen = view_of(get_dialect(dialect), (item.width, item.height), frame)
    read = [GroundedText.parse(caption, dialect=dialect, frame=seen) for caption in item.captions]
    best = max((each for each in read if not each.unread), key=lambda each: len(each.boxes), default=None)
    if best is None or not best.boxes:
        return item
    text, boxes = to_references(best, item.width, item.height)
    return item.model_copy(update={"captions": (text,), "boxes": tuple(boxes), "entities": (), "relations": ()})


def _ask_model(
    source: Any,
    mllm: str,
    folder: Path,
    dialect: str | None,
    frame: str | None,
    device: str | None,
    concurrency: int,
    tally: Counter[str],
    settings: dict[str, Any],
) -> None:
    """Run the model over the pictures, or go on with a run.

    Raises:
        typer.Exit: it was stopped; what is done is kept.
    """
    from twist_scout.cli.build_progress import BuildProgress
    from twist_scout.scout.backends import BackendOptions, make_backend
    from twist_scout.scout.grounded_captioning import caption_pictures

    console.quiet_libraries()
    options = BackendOptions(dialect=dialect, frame=frame, concurrency=concurrency, device=device)
    backend = make_backend(mllm, options)
    trained = mllm == "pocket" or (mllm.startswith("hf:") and "+" in mllm)
    with BuildProgress() as progress:
        report = caption_pictures(
            source,
            backend,
            folder,
            dialect=dialect,
            trained=trained,
            concurrency=concurrency,
            progress=progress,
            **settings,
        )
    for row in report.rejected_by:
        tally[f"captions turned down ({row.check})"] += row.count
    if report.stopped is not None:
        console.err().print(
            f"Stopped ({report.stopped.rstrip('.')}): {report.items:,} pictures are done and kept in {folder}. Run the "
            "same command again to go on.",
            markup=False,
        )
        raise typer.Exit(130)
