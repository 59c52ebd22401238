"""Runs a model over the questions of a task and writes a prediction file.

What is guaranteed: on one machine, with the same versions of the libraries and the same batch size, the file is the same
byte for byte, however often the run was killed and gone on with. What is not: that another batch size, device or version
gives the same answers, since the arithmetic of a padded batch differs in the last bits, and a token that is as likely as
another may then win. With a batch size of 1 an answer does not depend on what else is asked.
"""

from __future__ import annotations

import json
import platform
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twist_scout.errors import BadImage, BadInput, first_line
from twist_scout.predicting.identity import FORMAT, check_same
from twist_scout.predicting.journal import Journal, Line
from twist_scout.predicting.pictures import PictureFolder, loaded
from twist_scout.predicting.questions import MODES, Mode, QuestionSet, batches
from twist_scout.predicting.sidecar import ENDING, frame_name, image_processor_settings, sidecar_path
from twist_scout.whole_file import write_whole

if TYPE_CHECKING:
    from twist_scout.predicting.answering import BatchGrounder

_LIBRARIES = ("twist-scout", "torch", "transformers", "peft", "tokenizers", "pillow")


@dataclass(frozen=True)
class RunSettings:
    """How questions are put to a model.

    Attributes:
        model: what the base is: its fingerprint or hub id.
        adapter: the same of the adapter; None without one.
        dialect: how the model writes boxes.
        frame: how it sees pictures, where its training says otherwise than its processor.
        mode: which expert answers; None: the task's own.
        max_new_tokens: where to cut a long answer.
        scores: whether lines say how sure the model was.
        batch_size: questions at a time. It has no part in what a run is, see above.
        facts: what else the sidecar shall say: paths, the command.
    """

    model: str | None
    adapter: str | None
    dialect: str = "scout"
    frame: str | None = None
    mode: Mode | None = None
    max_new_tokens: int = 256
    scores: bool = False
    batch_size: int = 16
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RunSummary:
    """What a run did.

    Attributes:
        total: questions.
        answered: by this run.
        found: answered before.
        errors: lines that hold an error instead of an answer.
        first_error: of this run.
        seconds: of this run, without loading the model.
    """

    total: int
    answered: int
    found: int
    errors: int
    first_error: str
    seconds: float


Progress = Callable[[int, int], None]


def predict(
    questions: QuestionSet,
    make_grounder: Callable[[], BatchGrounder],
    folder: PictureFolder,
    out: Path,
    settings: RunSettings,
    *,
    restart: bool = False,
    retry_errors: bool = False,
    on_progress: Progress = lambda done, total: None,
    on_error: Callable[[str], None] = lambda message: None,
) -> RunSummary:
    """Write, or go on with, a prediction file and its sidecar.

    Args:
        questions: what to ask.
        make_grounder: loads the model; not called where nothing is left to be asked.
        folder: of the pictures.
        out: the prediction file; its folder is there.
        settings: how to ask.
        restart: throw away what is in ``out``.
        retry_errors: ask again where a line holds an error.
        on_progress: called with (lines there, lines in all).
        on_error: called with one sentence for each question that could not be asked.

    Raises:
        BadConfig: ``out`` was begun with other settings, another run is writing it, or a batch does not fit into memory.
        BadInput: ``out`` cannot be written, or none of the pictures is there.
    """
    plan = _plan(questions, settings)
    sidecar = sidecar_path(out)
    with Journal(out, restart=restart) as journal:
        content = None if restart else _begun(sidecar)
        if journal.lines or journal.damaged:
            check_same(None if content is None else content.get("settings"), plan, out)
        elif content is not None and content.get("settings") != json.loads(json.dumps(plan)):
            content = None
        known = {question.id for question in questions.questions}
        journal.forget([id for id in journal.lines if id not in known])
        if retry_errors:
            journal.forget(journal.errors)
        found = len(journal.lines)
        started, first_error = time.monotonic(), ""
        on_progress(found, len(known))
        if found < len(known):
            folder.check(questions.questions)
            grounder = make_grounder()
            content = _described(questions, settings, plan, grounder, content)
            _write(sidecar, content)
            started = time.monotonic()
            first_error = _ask(questions, grounder, folder, journal, settings, on_progress, on_error)
        assert content is not None  # whole lines without a sidecar were refused
        if not content.get("complete"):
            journal.finish(question.id for question in questions.questions)
            _write(sidecar, {**content, "complete": True, "errors": len(journal.errors)})
        return RunSummary(
            total=len(known),
            answered=len(known) - found,
            found=found,
            errors=len(journal.errors),
            first_error=first_error,
            seconds=time.monotonic() - started,
        )


def _ask(
    questions: QuestionSet,
    grounder: BatchGrounder,
    folder: PictureFolder,
    journal: Journal,
    settings: RunSettings,
    on_progress: Progress,
    on_error: Callable[[str], None],
) -> str:
    """Answer what has no line yet; the first error."""
    first_error = ""
    mode = settings.mode or MODES[questions.task]
    planned = batches(questions.questions, settings.batch_size)
    # A batch that was begun is asked as a whole again: its rows shall not depend on where a run was killed.
    open_batches = [
        [questions.questions[number] for number in batch]
        for batch in planned
        if any(questions.questions[number].id not in journal.lines for number in batch)
    ]
    for batch, pictures in loaded(open_batches, folder):
        lines = [
            Line(question.id, question.image, "", error=str(picture))
            for question, picture in zip(batch, pictures, strict=True)
            if isinstance(picture, BadImage)
        ]
        rows = [(q, p) for q, p in zip(batch, pictures, strict=True) if not isinstance(p, BadImage)]
        if rows:
            answers = grounder.answers(
                [picture for _, picture in rows],
                [question.prompt for question, _ in rows],
                mode,
                max_new_tokens=settings.max_new_tokens,
                scores=settings.scores,
            )
            lines += [
                Line(question.id, question.image, answer.text, answer.score, answer.error)
                for (question, _), answer in zip(rows, answers, strict=True)
            ]
        new = [line for line in lines if line.id not in journal.lines]
        for line in new:
            if line.error is not None:
                first_error = first_error or line.error
                on_error(f"{line.id}: {line.error}")
        journal.append(new)
        on_progress(len(journal.lines), len(questions.questions))
    return first_error


def _plan(questions: QuestionSet, settings: RunSettings) -> dict[str, Any]:
    """Everything that decides about the answers."""
    return {
        "format": FORMAT,
        "task": questions.task,
        "model_fingerprint": settings.model,
        "adapter_fingerprint": settings.adapter,
        "dialect": settings.dialect,
        "frame": settings.frame,
        "mode": settings.mode or MODES[questions.task],
        "prompts": list(questions.wording.templates),
        "seed": questions.wording.seed,
        "max_new_tokens": settings.max_new_tokens,
        "scores": settings.scores,
        "questions": len(questions.questions),
        "questions_digest": questions.digest,
    }


def _described(
    questions: QuestionSet,
    settings: RunSettings,
    plan: Mapping[str, Any],
    grounder: BatchGrounder,
    before: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """The sidecar's content while the run goes on."""
    from twist_scout.processor_frame import frame_for

    run = {
        "batch_size": settings.batch_size,
        "device": str(grounder.device),
        "dtype": str(grounder.model.dtype).removeprefix("torch."),
        "versions": versions(),
    }
    runs = [] if before is None else list(before.get("runs") or [])
    seen = settings.frame is None
    return {
        "predictions": f"{questions.task}/{FORMAT}",
        "dialect": settings.dialect,
        "frame": frame_name(frame_for(grounder.processor, 640, 480)) if seen else settings.frame,
        "image_processor": image_processor_settings(grounder.processor) if seen else {},
        **settings.facts,
        "settings": dict(plan),
        "runs": runs if run in runs else [*runs, run],
        "complete": False,
    }


def versions() -> dict[str, str]:
    """Of Python and the libraries that answers depend on."""
    found = {"python": platform.python_version()}
    for name in _LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _begun(sidecar: Path) -> dict[str, Any] | None:
    if not sidecar.is_file():
        return None
    try:
        content = json.loads(sidecar.read_text(encoding="utf-8"))
        if not isinstance(content, dict):
            raise ValueError("not a JSON object")
    except (OSError, ValueError, RecursionError) as error:
        raise BadInput(f"{sidecar} cannot be read ({first_line(error)}): start over with --restart.") from error
    return content


def _write(sidecar: Path, content: Mapping[str, Any]) -> None:
    """Write the sidecar in one step."""
    try:
        write_whole(sidecar, json.dumps(content, indent=2) + "\n")
    except OSError as error:
        raise BadInput(f"{sidecar} cannot be written ({error.strerror or error}): choose another folder.") from error


__all__ = ["ENDING", "RunSettings", "RunSummary", "predict", "versions"]
