"""Puts every class of every picture to a model, with the engine that writes prediction files.

The answers stay in a file of their own: another format, another threshold or a review is a matter of reading them again.
A picture or a class that is added later is asked about alone, and the other answers stay. A batch may then hold other
questions than in a run that began anew, so only a run that was killed and gone on with is the same to the last bit.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twist_scout.data.tasks.naming import PAIRS, one, several
from twist_scout.labelling.classes import AskedClass, ClassList
from twist_scout.labelling.folder import CachedPictures, FolderPicture, FoundPictures
from twist_scout.predicting.engine import RunSettings, RunSummary, predict
from twist_scout.predicting.questions import Question, QuestionSet, Wording, checked
from twist_scout.predicting.sidecar import sidecar_path

if TYPE_CHECKING:
    from twist_scout.predicting.answering import BatchGrounder

#: The file of answers in the folder of the labels.
ANSWERS = "answers.jsonl"
#: Asks for every thing of a name, and lets a model that was taught to refuse do so: of plain ways to ask, this one is refused
#: most reliably where nothing is there, while "Locate all dogs" takes it for granted that there are some.
PROMPT = "Where is the {name}?"
_ABOUT_THE_DATA = ("questions", "questions_digest")


def question_id(picture: FolderPicture, asked: AskedClass) -> str:
    """What an answer is known by: an exchanged picture has another one."""
    return f"{picture.name}|{picture.bytes}|{asked.phrase}"


def make_questions(found: FoundPictures, classes: ClassList, prompt: str = PROMPT) -> QuestionSet:
    """One question for each class of each picture.

    Args:
        found: the pictures.
        classes: what to look for.
        prompt: with ``{name}``, ``{a_name}`` or ``{plural}``.

    Raises:
        BadConfig: the prompt has another placeholder.
    """
    wording = Wording((prompt,))

    def put(picture: FolderPicture, asked: AskedClass) -> Question:
        name, id = asked.phrase, question_id(picture, asked)
        single = f"pair of {name}" if name in PAIRS else name
        return Question(id, picture.name, wording(id, name=single, a_name=one(name), plural=several(name)))

    made = (put(picture, asked) for picture in found.pictures for asked in classes.asked)
    return QuestionSet("localization", checked(made, found.folder), wording)


def ask(
    questions: QuestionSet,
    make_grounder: Callable[[], BatchGrounder],
    folder: Path,
    out: Path,
    settings: RunSettings,
    **options: Any,
) -> RunSummary:
    """Answer the questions, or go on with them.

    Args:
        questions: as :func:`make_questions` puts them.
        make_grounder: loads the model; not called where nothing is left to be asked.
        folder: of the pictures.
        out: the file of answers.
        settings: how to ask.
        options: of :func:`twist_scout.predicting.engine.predict`.

    Raises:
        BadConfig: the answers were begun with another model or another way to ask, or another run is writing them.
        BadInput: they cannot be written.
    """
    _take_over(sidecar_path(out), questions)
    return predict(questions, make_grounder, CachedPictures(folder), out, settings, **options)


def _take_over(sidecar: Path, questions: QuestionSet) -> None:
    """Let answers stay that were given when there were other pictures or classes: each is about one of each."""
    try:
        content = json.loads(sidecar.read_text(encoding="utf-8"))
        before = [content["settings"][key] for key in _ABOUT_THE_DATA]
    except (OSError, ValueError, KeyError, TypeError):
        return  # there is none, or the engine says what is wrong with it
    now = [len(questions.questions), questions.digest]
    if before != now:
        content["settings"].update(zip(_ABOUT_THE_DATA, now, strict=True))
        content["complete"] = False
        partial = sidecar.with_name(f".{sidecar.name}.partial")
        partial.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
        partial.replace(sidecar)
