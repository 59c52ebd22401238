"""``twist-scout eval understanding``: answers scored as VQA, GQA, ScienceQA, TextVQA, POPE and MME score them."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from twist_scout.cli import console, eval_options, options
from twist_scout.cli.printable import printable

if TYPE_CHECKING:
    from twist_scout.evaluation.predictions import Predictions
    from twist_scout.evaluation.understanding import Question


class BenchmarkName(StrEnum):
    """The benchmarks that need no judge."""

    vqa = "vqa"
    gqa = "gqa"
    scienceqa = "scienceqa"
    textvqa = "textvqa"
    pope = "pope"
    mme = "mme"


Questions = Annotated[
    Path | None,
    typer.Option(
        "--questions", metavar="FILE", help="VQA's file of questions: for their texts, numbers do not change."
    ),
]
Split = Annotated[str | None, typer.Option("--split", help="Of ScienceQA: train, val, test or all. Without it, test.")]


def understanding(
    benchmark: Annotated[BenchmarkName, typer.Argument(help="Which one.", show_default=False)],
    predictions: Annotated[
        Path,
        typer.Option(
            "--predictions",
            "-p",
            metavar="PATH",
            help='JSONL, one {"id", "text"} a line; or the file that the benchmark\'s own tool takes.',
            show_default=False,
        ),
    ],
    truth: Annotated[
        Path,
        typer.Option("--truth", "-t", metavar="PATH", help="The benchmark's own file or folder.", show_default=False),
    ],
    questions: Questions = None,
    split: Split = None,
    images: eval_options.Images = None,
    skip_bad: eval_options.SkipBad = False,
    json: options.Json = False,
    html: eval_options.Html = None,
) -> None:
    """Score short answers to a benchmark of image understanding.

    \b
    BENCHMARK  --truth                        ids of the answers
    vqa        annotations, ten answers each  question_id
    textvqa    TextVQA_0.5.1_val.json         question_id
    gqa        questions with answers         key of the question
    scienceqa  problems.json, or its folder   key of the problem
    pope       one file                       question_id
               a folder with all settings     SETTING/question_id
    mme        the release, or a table        TASK/PICTURE/1 and .../2

    A question without an answer counts as wrong. Answers are normalised, and
    letters, yes and no are read in them, as the benchmark's own script does;
    where the scripts of others read more, that number stands beside it.

    Examples:
      twist-scout eval understanding pope -p p.jsonl -t coco_pope_random.json
      twist-scout eval understanding scienceqa -p p.jsonl -t scienceqa --json
      twist-scout eval understanding mme -p p.jsonl -t release --html mme.html
    """  # noqa: D301 - typer's sign for a table
    from twist_scout.evaluation.understanding import evaluate_benchmark, read_questions
    from twist_scout.evaluation.understanding.cases import benchmark_cases

    html = eval_options.checked_html(html)
    asked = read_questions(benchmark.value, truth, split=split, texts=questions)
    answers = answers_of(benchmark, predictions, asked, skip_bad=skip_bad)
    result = evaluate_benchmark(benchmark.value, answers, asked)
    eval_options.show(
        result, json=json, html=html, title=result.benchmark, cases=lambda: benchmark_cases(result, images)
    )


def answers_of(
    benchmark: BenchmarkName | None, path: Path, asked: Sequence[Question], *, skip_bad: bool = False
) -> Predictions:
    """The answers of a file or folder; what was left out is said on stderr.

    Raises:
        BadInput: it, or a line, cannot be used.
    """
    from twist_scout.evaluation.understanding import read_answers, read_answers_to

    if benchmark is None:
        answers = read_answers(path, skip_bad=skip_bad)
    else:
        answers = read_answers_to(benchmark.value, path, asked, skip_bad=skip_bad)
    if answers.left_out:
        remark = f"{answers.left_out:,} answers of {path} were left out; the first: {answers.first_problem}"
        console.err().print(printable(remark), style="yellow", markup=False, soft_wrap=True)
    return answers
