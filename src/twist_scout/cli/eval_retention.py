"""``twist-scout eval retention``: the same questions to a model before and after; what was kept?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from twist_scout.cli import eval_options, options
from twist_scout.cli.eval_understanding import BenchmarkName, Questions, Split, answers_of

if TYPE_CHECKING:
    from twist_scout.evaluation.understanding import Question


def retention(
    base: Annotated[
        Path,
        typer.Argument(metavar="BASE", help='Answers before: JSONL, one {"id", "text"} a line.', show_default=False),
    ],
    adapted: Annotated[
        Path, typer.Argument(metavar="ADAPTED", help="Answers after, to the same questions.", show_default=False)
    ],
    truth: Annotated[
        Path | None,
        typer.Option("--truth", "-t", metavar="PATH", help="The benchmark's file or folder: scores are compared too."),
    ] = None,
    benchmark: Annotated[
        BenchmarkName | None,
        typer.Option("--benchmark", "-b", help="How to score the answers, as in eval understanding."),
    ] = None,
    questions: Questions = None,
    split: Split = None,
    images: eval_options.Images = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the bootstrap.")] = 0,
    skip_bad: eval_options.SkipBad = False,
    json: options.Json = False,
    html: eval_options.Html = None,
) -> None:
    """Say whether a model still answers as it did before it was adapted.

    The verdict is one of three. bit-identical: every output is the same text.
    statistically indistinguishable: texts differ, and neither McNemar's test
    nor a paired bootstrap finds a difference of scores; the smallest difference
    that so many questions could have shown is printed with it. different:
    anything else. Files show texts; "twist-scout certify" states that weights
    and logits of the base are untouched.

    Examples:
      twist-scout eval retention before.jsonl after.jsonl
      twist-scout eval retention before.jsonl after.jsonl -b pope -t pope.json
      twist-scout eval retention before.jsonl after.jsonl -b mme -t mme --json
    """
    from twist_scout.errors import BadConfig
    from twist_scout.evaluation.retention import evaluate_retention
    from twist_scout.evaluation.retention_cases import retention_cases
    from twist_scout.evaluation.understanding import read_questions

    if (truth is None) != (benchmark is None):
        raise BadConfig("Scores take both a truth and a benchmark: give --truth and --benchmark, or neither.")
    html = eval_options.checked_html(html)
    asked: list[Question] = []
    if truth is not None and benchmark is not None:
        asked = read_questions(benchmark.value, truth, split=split, texts=questions)
    before, after = (answers_of(benchmark, path, asked, skip_bad=skip_bad) for path in (base, adapted))
    name = None if benchmark is None else benchmark.value
    result = evaluate_retention(before, after, benchmark=name, questions=asked, seed=seed)
    names = (base.stem, adapted.stem) if base.stem != adapted.stem else (str(base), str(adapted))
    eval_options.show(
        result, json=json, html=html, title="What was kept", cases=lambda: retention_cases(result, names, images)
    )
