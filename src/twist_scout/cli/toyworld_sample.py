"""``twist-scout toyworld sample``: draw scenes and write their truth."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from twist_scout.cli import console, options

if TYPE_CHECKING:
    from PIL import Image


class Variant(StrEnum):
    """What is special about the scenes."""

    plain = "plain"
    pairs = "pairs"
    relations = "relations"
    crowded = "crowded"


class Domain(StrEnum):
    """How they are drawn."""

    picture = "picture"
    diagram = "diagram"


class Split(StrEnum):
    """Two streams of scenes that never meet."""

    train = "train"
    test = "test"


def sample(
    out: options.Out,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the first picture; the next ones count on.")] = 0,
    count: Annotated[int, typer.Option(min=1, help="How many pictures.")] = 16,
    size: Annotated[int, typer.Option(min=32, max=4096, help="Width and height in pixels.")] = 240,
    split: Annotated[Split, typer.Option(help="Which stream of scenes.")] = Split.test,
    variant: Annotated[
        Variant,
        typer.Option(help="pairs, relations, crowded: with a colour, a deed or a crowd that no training scene has."),
    ] = Variant.plain,
    domain: Annotated[
        Domain, typer.Option(help="Coloured pictures, or line diagrams of the same scenes.")
    ] = Domain.picture,
    sheet: Annotated[
        Path | None, typer.Option(metavar="PICTURE", help="Also lay the pictures out on one contact sheet.")
    ] = None,
) -> None:
    """Draw scenes, and write their exact truth to truth.jsonl.

    One line a picture: image, width, height, captions, objects (name, COCO class, color, clothes, box in
    pixels, expression, ...), interactions and relations. The same seed, size and split give the same files.

    Examples:
      twist-scout toyworld sample --out scenes --count 100
      twist-scout toyworld sample --out diagrams --domain diagram --sheet diagrams.png
    """
    import json

    from twist_scout.errors import BadInput
    from twist_scout.toyworld import render, sample_scene, truth_record
    from twist_scout.toyworld.drawing.sheet import ON_SHEET, contact_sheet

    if variant is not Variant.plain and split is Split.train:
        raise BadInput(
            f"What is held out is never sampled for training: use --split test with --variant {variant.value}."
        )
    if sheet is not None:
        sheet = console.checked_picture_path(sheet)
    console.make_folder(out)
    lines: list[str] = []
    pictures: list[Image.Image] = []
    with console.progress() as bar:
        for number in bar.track(range(seed, seed + count), description="Drawing"):
            scene = sample_scene(number, split=split.value, variant=variant.value)
            rendered = render(scene, size, domain=domain.value)
            name = f"{split.value}-{number:08d}.png"
            rendered.image.save(out / name)
            if sheet is not None and len(pictures) < ON_SHEET:
                pictures.append(rendered.image)
            lines.append(json.dumps(truth_record(scene, rendered, name), ensure_ascii=False))
    if sheet is not None:
        contact_sheet(pictures).save(sheet)
    console.write_whole(out / "truth.jsonl", "".join(f"{line}\n" for line in lines))
    console.err().print(f"{count} pictures and truth.jsonl are in {out}", markup=False)
