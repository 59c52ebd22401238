"""``twist-scout eval judge``: open answers graded by a language model, as LLaVA-Bench and MM-Vet have it."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from twist_scout.cli import console, eval_options, options


class JudgedName(StrEnum):
    """The benchmarks that take a judge."""

    llava_bench = "llava-bench"
    mm_vet = "mm-vet"


def judge(
    benchmark: Annotated[JudgedName, typer.Argument(help="Which one.", show_default=False)],
    predictions: Annotated[
        Path,
        typer.Option(
            "--predictions",
            "-p",
            metavar="FILE",
            help='JSONL, one {"id", "text"} a line; or the file that the benchmark\'s own tool takes.',
            show_default=False,
        ),
    ],
    truth: Annotated[
        Path,
        typer.Option("--truth", "-t", metavar="PATH", help="The benchmark's own folder or file.", show_default=False),
    ],
    by: Annotated[
        str,
        typer.Option(
            "--judge",
            metavar="MODEL",
            help="Who grades: openai:NAME@URL for any server of that protocol, or hf:FOLDER.",
            show_default=False,
        ),
    ],
    judgements: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Where judgements are kept, so that a run goes on where it stopped. Without it, beside the predictions.",
        ),
    ] = None,
    runs: Annotated[int, typer.Option(min=1, help="Independent judgements of each answer; MM-Vet's paper has 5.")] = 1,
    prompt: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A prompt of your own, YAML; it is named with the score.")
    ] = None,
    concurrency: Annotated[int, typer.Option(min=1, help="Requests under way at an endpoint.")] = 8,
    key_variable: Annotated[str, typer.Option(help="Environment variable with the endpoint's key.")] = "OPENAI_API_KEY",
    images: eval_options.Images = None,
    skip_bad: eval_options.SkipBad = False,
    json: options.Json = False,
    html: eval_options.Html = None,
) -> None:
    """Have open answers graded by a judge, and score them as the benchmark does.

    llava-bench: the judge grades the answer beside that of a reference; the
    score is a percentage of the reference's. --truth is the folder with
    questions.jsonl, context.jsonl and answers_gpt4.jsonl. mm-vet: the judge
    says how much of the answer is right. --truth is mm-vet.json.

    The prompt is ours and has a version; judge and version are printed with the
    number, because numbers of other judges cannot be compared with it. What was
    judged is not asked again. A judgement that cannot be had is left out and
    counted.

    Examples:
      twist-scout eval judge llava-bench -p p.jsonl -t bench --judge openai:NAME@URL
      twist-scout eval judge mm-vet -p p.jsonl -t mm-vet.json --judge openai:NAME --runs 5
    """
    from twist_scout.cli.eval_understanding import answers_of
    from twist_scout.cli.judge_backend import BackendJudge
    from twist_scout.evaluation.judging import Judge, Judgements, evaluate_with_judge, read_open_questions, read_prompt
    from twist_scout.evaluation.judging.cases import judged_cases
    from twist_scout.scout.backends import BackendOptions, make_backend

    html = eval_options.checked_html(html)
    questions = read_open_questions(benchmark.value, truth)
    answers = answers_of(None, predictions, [], skip_bad=skip_bad)
    told = read_prompt(benchmark.value, prompt) if prompt is not None else None
    file = judgements or predictions.with_name(f"{predictions.stem}.judgements.jsonl")
    backend = make_backend(by, BackendOptions(concurrency=concurrency, key_variable=key_variable), sees=False)
    with BackendJudge(backend) as asked, Judgements(file) as kept, console.progress() as bar:
        task = bar.add_task("judged", total=None)
        result = evaluate_with_judge(
            benchmark.value,
            answers,
            questions,
            Judge(asked.name, asked.ask),
            prompt=told,
            judgements=kept,
            runs=runs,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )
    eval_options.show(
        result,
        json=json,
        html=html,
        title=result.benchmark,
        cases=lambda: judged_cases(result, questions, {id: one.text for id, one in answers.items()}, images),
    )
