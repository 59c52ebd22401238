"""``twist-scout eval rejection``: whether a model refuses to point at what is not there, and only at that."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from twist_scout.cli import eval_options


def rejection(
    predictions: eval_options.Predictions,
    truth: Annotated[
        Path,
        typer.Option(
            "--truth",
            "-t",
            metavar="PATH",
            help="POPE's file, COCO's instances, truth.jsonl of drawn scenes, or records of this project.",
            show_default=False,
        ),
    ],
    boxes: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="COCO's instances of the same pictures, for questions without boxes (POPE)."),
    ] = None,
    dialect: eval_options.DialectOrSidecar = None,
    frame: eval_options.Frame = None,
    max_pixels: eval_options.MaxPixels = None,
    images: eval_options.Images = None,
    skip_bad: eval_options.SkipBad = False,
    json: eval_options.Json = False,
    html: eval_options.Html = None,
) -> None:
    """Score answers to requests for things that are in a picture, and for things that are not.

    Two rates belong together: how many absent things are rejected ("There is
    a cat in the image, not a dog. This question is invalid."), and how many
    present ones are rejected too. Where the objects of a picture are known,
    each right rejection is also held against them: it is grounded if it points
    at something else that is really there (IoU of 0.5 with an annotated object
    of the class that the phrase names), and at nothing that is not.

    From COCO's instances and drawn scenes up to three present classes of each
    picture are asked for and as many absent ones, as POPE does; predict
    rejection asks for the same.

    Examples:
      twist-scout predict rejection --data scenes/truth.jsonl --out rej.jsonl
      twist-scout eval rejection -p rej.jsonl -t scenes/truth.jsonl
      twist-scout eval rejection -p pope.jsonl -t coco_pope_random.json --boxes instances_val2014.json --json
    """
    from twist_scout.cli.eval_reader import answer_reader
    from twist_scout.evaluation.rejection import read_rejection_questions, rejection_cases, score_rejection
    from twist_scout.predicting.pictures import usual_folder

    html = eval_options.checked_html(html)
    reader = answer_reader(predictions, dialect, frame, max_pixels)
    questions = read_rejection_questions(truth, boxes=boxes)
    answers = eval_options.read_predictions(predictions, skip_bad=skip_bad)
    result = score_rejection(questions, answers, reader)
    pictures = images or usual_folder(truth, (asked.image for asked in questions.questions))
    eval_options.show(
        result,
        json=json,
        html=html,
        title="Invalid questions",
        cases=lambda: rejection_cases(questions, answers, reader, pictures),
    )
