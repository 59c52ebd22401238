"""``twist-scout predict``: a model's answers to all questions of a task, as a prediction file."""

from __future__ import annotations

import time
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Annotated, Any, Self

import typer

from twist_scout.cli import console, options
from twist_scout.cli.printable import printable
from twist_scout.cli.repeat import command_line

if TYPE_CHECKING:
    from twist_scout.predicting.engine import RunSummary
    from twist_scout.predicting.questions import Mode, QuestionSet, Task

_NO_LIMIT = 0
_LOG_SECONDS = 30.0
_ERRORS_SHOWN = 10
#: What is not part of the command that makes the same file again.
_ASIDE = frozenset(("restart", "retry_errors", "json"))


class TaskName(StrEnum):
    """What is asked for."""

    referring = "referring"
    localization = "localization"
    captioning = "captioning"
    understanding = "understanding"
    vqa = "vqa"
    rejection = "rejection"


class ModeName(StrEnum):
    """Which expert answers."""

    grounding = "grounding"
    understanding = "understanding"


def predict(
    context: typer.Context,
    task: Annotated[TaskName, typer.Argument(help="What to ask for; vqa is understanding.", show_default=False)],
    data: Annotated[
        Path,
        typer.Option(
            "--data",
            help="What the task's eval command takes as --truth, or truth.jsonl of drawn scenes; for captioning a folder of "
            "pictures too.",
            show_default=False,
        ),
    ],
    out: Annotated[
        Path | None, typer.Option("--out", metavar="P.jsonl", help="The prediction file; P.meta.json goes beside it.")
    ] = None,
    model: options.Model = None,
    adapter: options.Adapter = None,
    device: options.Device = None,
    images: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Where the pictures are, if not with the data.")
    ] = None,
    prompt: Annotated[
        str | None,
        typer.Option(
            help="One way to ask, instead of the task's own: with {expression} (referring, rejection), {name}, {a_name} or "
            "{plural} (localization), {question} and {choices} (understanding).",
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Decides in which way each question is put.")] = 0,
    split: Annotated[str | None, typer.Option(help="Of data that hold several: val, testA, test, ..., or all.")] = None,
    max_objects: Annotated[
        int, typer.Option(min=0, help="localization: most annotations a picture may have; 0 for any number.")
    ] = 3,
    benchmark: Annotated[
        str | None, typer.Option(help="understanding: which benchmark the data are of, as for eval understanding.")
    ] = None,
    texts: Annotated[
        Path | None,
        typer.Option(
            "--questions", metavar="FILE", help="understanding: VQA's file of questions, beside its annotations."
        ),
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Ask only the first so many questions.")] = None,
    mode: Annotated[
        ModeName | None,
        typer.Option(help="Answer with the twin (grounding) or with the base alone (understanding), against the task."),
    ] = None,
    dialect: Annotated[
        str | None, typer.Option(help="How the model writes boxes; without it, as its adapter was trained, else scout.")
    ] = None,
    scores: Annotated[
        bool, typer.Option("--scores", help="Add the mean log-probability of each answer's tokens.")
    ] = False,
    batch_size: Annotated[int, typer.Option(min=1, help="Questions at a time.")] = 16,
    max_new_tokens: Annotated[int, typer.Option(min=1, help="Where to cut a long answer.")] = 256,
    restart: Annotated[bool, typer.Option("--restart", help="Throw away what is in the file.")] = False,
    retry_errors: Annotated[
        bool, typer.Option("--retry-errors", help="Ask again where a line holds an error, such as a missing picture.")
    ] = False,
    list_questions: Annotated[
        bool,
        typer.Option("--list", help='Print the questions, {"id", "image", "prompt"} a line, and ask nobody.'),
    ] = False,
    json: options.Json = False,
) -> None:
    """Put all questions of a task to a model, and write its answers to a file.

    One line each: {"id", "image", "text"}, with "score" if asked for. Then score
    the file with the eval command of the task; P.meta.json tells it how boxes
    are written.

    A run that was stopped or killed goes on when the same command is given
    again, and the file ends up the same to the byte. Another model, adapter or
    prompt in the same file is refused. With another batch size, device or
    version of torch a few answers may differ; with --batch-size 1 an answer
    depends on nothing but its question.

    A picture that cannot be read costs its own line alone: that has an empty
    text and an "error".

    Examples:
      twist-scout toyworld sample --count 50 --out scenes
      twist-scout predict referring --data scenes/truth.jsonl --out ref.jsonl
      twist-scout predict localization --data instances_val2017.json --images val2017
          --model base --adapter adapter --out loc.jsonl
      twist-scout predict localization --data VOCdevkit/VOC2007 --prompt "In the image is {a_name} located at" --list
    """
    from twist_scout.boxes.dialects import get_dialect
    from twist_scout.errors import BadInput
    from twist_scout.predicting.sources import Asked, read_questions

    if dialect is not None:
        get_dialect(dialect)  # unknown names are found before anything is read
    name: Task = "understanding" if task is TaskName.vqa else task.value  # type: ignore[assignment]
    asked = Asked(
        data=data.expanduser(),
        prompt=prompt,
        seed=seed,
        split=split,
        limit=limit,
        max_objects=None if max_objects == _NO_LIMIT else max_objects,
        benchmark=benchmark,
        texts=texts,
    )
    questions = read_questions(name, asked)
    if questions.remark:
        console.err().print(printable(questions.remark), style="dim", markup=False, soft_wrap=True)
    if list_questions:
        _list(questions)
        return
    if out is None:
        raise BadInput("Where shall the answers go? Give --out P.jsonl, or --list to see the questions.")
    if out.is_dir() or not out.suffix or out.name.endswith(".meta.json"):
        raise BadInput(f"{out} is no name for a prediction file: give one such as predictions.jsonl.")
    console.make_folder(out.parent)

    from twist_scout.loading import resolve_folders
    from twist_scout.predicting.engine import RunSettings
    from twist_scout.predicting.engine import predict as run
    from twist_scout.predicting.identity import fingerprint
    from twist_scout.predicting.pictures import PictureFolder, usual_folder
    from twist_scout.trained import how_trained

    base_folder, adapter_folder = resolve_folders(model, adapter)
    trained = how_trained(adapter_folder).but(dialect)
    settings = RunSettings(
        model=fingerprint(base_folder),
        adapter=fingerprint(adapter_folder),
        dialect=trained.dialect,
        frame=trained.frame,
        mode=_mode(mode),
        max_new_tokens=max_new_tokens,
        scores=scores,
        batch_size=batch_size,
        facts={
            "model": str(base_folder),
            "adapter": None if adapter_folder is None else str(adapter_folder),
            "data": str(data),
            "command": command_line(context, _ASIDE),
        },
    )
    folder = images or usual_folder(asked.data, (question.image for question in questions.questions))

    def load() -> Any:
        from twist_scout.predicting.answering import BatchGrounder

        console.quiet_libraries()
        return BatchGrounder.from_pretrained(base_folder, adapter_folder, device, dialect=dialect)

    with _Reporter() as report:
        summary = run(
            questions,
            load,
            PictureFolder(folder.expanduser()),
            out,
            settings,
            restart=restart,
            retry_errors=retry_errors,
            on_progress=report.progress,
            on_error=report.error,
        )
    _say(summary, out, json)


def _mode(mode: ModeName | None) -> Mode | None:
    if mode is None:
        return None
    return "grounding" if mode is ModeName.grounding else "understanding"


def _list(questions: QuestionSet) -> None:
    import json

    for question in questions.questions:
        row = {"id": question.id, "image": question.image, "prompt": question.prompt}
        print(json.dumps({key: value for key, value in row.items() if value is not None}, ensure_ascii=False))


def _say(summary: RunSummary, out: Path, json: bool) -> None:
    from dataclasses import asdict

    from twist_scout.predicting.sidecar import sidecar_path

    if json:
        console.print_json({"predictions": str(out), "sidecar": str(sidecar_path(out)), **asdict(summary)})
        return
    parts = [f"{summary.total:,} answers are in {out}"]
    if summary.found:
        parts.append(f"{summary.found:,} of them were there before")
    if summary.answered and summary.seconds > 0:
        parts.append(f"{summary.answered / summary.seconds:,.1f} a second")
    screen = console.err()
    screen.print(printable("; ".join(parts)), markup=False, soft_wrap=True)
    if summary.errors:
        first = f" The first: {summary.first_error}" if summary.first_error else ""
        told = (
            f"{summary.errors:,} questions could not be asked; their lines have an empty text and an error.{first} "
            "Mend it and give --retry-errors."
        )
        screen.print(printable(told), style="yellow", markup=False, soft_wrap=True)


class _Reporter:
    """Shows how far a run is: a bar on a terminal, a line now and then in a log file."""

    def __init__(self) -> None:
        self._screen = console.err()
        self._bar = console.progress()
        self._task = self._bar.add_task("Answering", total=None)
        self._logged = time.monotonic()
        self._begun: tuple[float, int] | None = None
        self._errors = 0

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def progress(self, done: int, total: int) -> None:
        """Show a state."""
        self._bar.update(self._task, completed=done, total=total)
        now = time.monotonic()
        if self._begun is None:
            self._begun = (now, done)
        if not self._screen.is_terminal and now - self._logged >= _LOG_SECONDS:
            self._logged = now
            start, before = self._begun
            left = (now - start) / max(1, done - before) * (total - done)
            self._screen.print(f"{done:,} of {total:,} answers, about {left / 60:.0f} minutes left", markup=False)

    def error(self, message: str) -> None:
        """Show why a question could not be asked; after the first ones they are only counted."""
        self._errors += 1
        if self._errors <= _ERRORS_SHOWN:
            more = " (further ones are only counted)" if self._errors == _ERRORS_SHOWN else ""
            self._screen.print(printable(f"{message}{more}"), style="yellow", markup=False, soft_wrap=True)
