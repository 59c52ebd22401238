"""``twist-scout eval localization``: answers to "where is the dog?" scored as PIN and the paper's Table 1 do."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from twist_scout.cli import console, eval_options
from twist_scout.cli.printable import printable

if TYPE_CHECKING:
    from twist_scout.evaluation.localization import LocalizationSubset

_NO_LIMIT = 0


def localization(
    truth: Annotated[
        Path,
        typer.Option(
            "--truth",
            "-t",
            metavar="PATH",
            help="COCO's instances_val2017.json, the folder VOC2007, lvis_v1_val.json, or truth.jsonl of drawn scenes.",
            show_default=False,
        ),
    ],
    predictions: Annotated[
        Path | None,
        typer.Option(
            "--predictions", "-p", metavar="FILE", help='JSONL, one {"id", "text"} a line.', show_default=False
        ),
    ] = None,
    dialect: eval_options.DialectOrSidecar = None,
    frame: eval_options.Frame = None,
    max_pixels: eval_options.MaxPixels = None,
    max_objects: Annotated[
        int, typer.Option(min=0, help="Most annotations that a picture may have; 0 for any number.")
    ] = 3,
    split: Annotated[str, typer.Option(help="Of Pascal VOC.")] = "test",
    images: eval_options.Images = None,
    skip_bad: eval_options.SkipBad = False,
    list_queries: Annotated[
        bool,
        typer.Option(
            "--list-queries", help='Print what is to be asked, {"id", "image", "name", "width", "height"} a line.'
        ),
    ] = False,
    json: eval_options.Json = False,
    html: eval_options.Html = None,
) -> None:
    """Score object localisation: mean IoU, also of medium and large objects.

    The protocol of PIN, on which the paper's Table 1 stands. Pictures with 1
    to 3 annotations are kept, crowd and difficult ones counted, and each
    annotation is a query by the name of its class; its id is the annotation's
    (VOC: 000001-1, the first object of 000001.xml). The first box of an answer
    counts; an answer without one, or none at all, is an IoU of 0.

    Sizes and boxes are taken in two frames: PIN's, the picture squeezed to
    224 x 224 and boxes cut to whole pixels, and COCO's original pixels.

    Examples:
      twist-scout eval localization -t instances_val2017.json --list-queries
      twist-scout eval localization -p loc.jsonl -t instances_val2017.json --dialect qwen2.5-vl
      twist-scout eval localization -p loc.jsonl -t VOCdevkit/VOC2007 --json
      twist-scout eval localization -p loc.jsonl -t lvis_v1_val.json --html loc.html --images coco
    """
    from twist_scout.cli.eval_reader import answer_reader
    from twist_scout.errors import BadInput
    from twist_scout.evaluation.localization import localization_cases, read_subset, remark_on_size, score_subset
    from twist_scout.predicting.pictures import usual_folder

    html = eval_options.checked_html(html)
    if predictions is None and not list_queries:
        raise BadInput("What shall be scored? Give --predictions, or --list-queries to see what to ask.")
    reader = None if predictions is None else answer_reader(predictions, dialect, frame, max_pixels)
    subset = read_subset(truth, max_objects=None if max_objects == _NO_LIMIT else max_objects, split=split)
    remark, warns = remark_on_size(subset)
    said = f"{remark} Of {subset.all_images:,} pictures, these are the {subset.rule}."
    console.err().print(printable(said), style="yellow" if warns else "dim", markup=False, soft_wrap=True)
    if list_queries:
        _list(subset)
        return
    assert predictions is not None
    assert reader is not None
    answers = eval_options.read_predictions(predictions, skip_bad=skip_bad)
    result = score_subset(subset, answers, reader)
    pictures = images or usual_folder(truth, (asked.image for asked in subset.queries))
    eval_options.show(
        result,
        json=json,
        html=html,
        title="Object localisation",
        cases=lambda: localization_cases(result, subset, answers, reader, pictures),
    )


def _list(subset: LocalizationSubset) -> None:
    import json

    for query in subset.queries:
        row = {"id": query.id, "image": query.image, "name": query.name, "width": query.width, "height": query.height}
        print(json.dumps(row, ensure_ascii=False))
