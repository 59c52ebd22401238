"""POPE: is there a ... in the image? Yes and no, for objects that are there and objects that are not.

How POPE's script reads an answer: of what stands before the first full stop, commas left out, one of the words "no",
"No", "not" (between spaces) makes it a no; everything else is a yes, silence included. That is kept; how many answers
hold neither a yes nor a no is counted beside it as ``unread``. "Yes" is the positive class.

The three settings differ in how absent objects were drawn: ``random``, ``popular``, ``adversarial``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from twist_scout.data.rows import read_rows
from twist_scout.errors import BadInput, BadRecord
from twist_scout.evaluation.result import ResultTable
from twist_scout.evaluation.understanding.question import Grade, Question

SETTINGS = ("random", "popular", "adversarial")
DIVISION = "setting"
_MEASURES = ("accuracy", "precision", "recall", "f1", "yes_ratio")
_SAYS = re.compile(r"\b(?:yes|no|not|yeah|nope)\b|n't\b", re.IGNORECASE)


def yes_or_no(text: str) -> str:
    """What POPE's script takes an answer for."""
    words = text.split(".", 1)[0].replace(",", "").split(" ")
    return "no" if not {"No", "not", "no"}.isdisjoint(words) else "yes"


def grade_pope(text: str, question: Question) -> Grade:
    """Grade an answer: 1 where it is taken for the right one."""
    said = yes_or_no(text)
    return Grade(float(said == question.answers[0]), said if _SAYS.search(text[:1000]) else None)


def measures(questions: Mapping[str, Question], answers: Mapping[str, str]) -> dict[str, float]:
    """Precision, recall, F1, ratio of yes, and accuracy; NaN where there is nothing to divide by.

    A question without an answer is wrong, and neither a yes nor a no.
    """
    said = {id: yes_or_no(answers[id]) for id in questions if id in answers}
    pairs = [(said.get(id), question.answers[0]) for id, question in questions.items()]
    true_yes, claimed = pairs.count(("yes", "yes")), sum(one == "yes" for one, _ in pairs)
    meant = sum(truth == "yes" for _, truth in pairs)
    precision, recall = _share(true_yes, claimed), _share(true_yes, meant)
    return {
        "accuracy": _share(sum(one == truth for one, truth in pairs), len(pairs)),
        "precision": precision,
        "recall": recall,
        "f1": _share(2 * true_yes, claimed + meant),
        "yes_ratio": _share(claimed, len(said)),
    }


def settings_table(questions: Mapping[str, Question], answers: Mapping[str, str]) -> ResultTable:
    """The measures of each setting."""
    rows = []
    for setting in _settings(questions):
        part = {id: question for id, question in questions.items() if setting in question.groups.get(DIVISION, ())}
        found = measures(part, answers)
        rows.append((setting, *(f"{found[name]:.4f}" for name in _MEASURES), f"{len(part):,}"))
    return ResultTable("each setting", (DIVISION, *_MEASURES, "questions"), rows)


def mean_f1(questions: Mapping[str, Question], answers: Mapping[str, str]) -> float:
    """Mean over the settings of F1, the number that papers quote where they quote one."""
    found = [
        measures({id: q for id, q in questions.items() if setting in q.groups.get(DIVISION, ())}, answers)["f1"]
        for setting in _settings(questions)
    ]
    return sum(found) / len(found) if found else float("nan")


def read_pope(path: Path) -> list[Question]:
    """POPE's questions: a file, or a folder with one for each setting.

    Lines are ``{"question_id", "image", "text", "label"}``. Every file numbers its questions from 1, so those of a folder
    are called by setting and number, ``popular/17``.

    Raises:
        BadInput: a file cannot be read, or the folder has none.
        BadRecord: a line has no id, or its label is neither yes nor no.
    """
    if not path.is_dir():
        return _questions(path, setting_of(path), "")
    files = {setting_of(file): file for file in sorted(path.glob("*pope*.json*"))}
    found = [(setting, files[setting]) for setting in SETTINGS if setting in files]
    if not found:
        raise BadInput(f"{path} holds no questions of POPE: they are in files such as coco_pope_random.json.")
    return [question for setting, file in found for question in _questions(file, setting, f"{setting}/")]


def setting_of(path: Path) -> str:
    """The setting that a file's name says, or an empty string."""
    return next((setting for setting in SETTINGS if setting in path.stem.lower()), "")


def _questions(path: Path, setting: str, prefix: str) -> list[Question]:
    questions = []
    for number, row in read_rows(path):
        id, label = row.get("question_id", row.get("id")), row.get("label", row.get("answer"))
        label = label.strip().lower() if isinstance(label, str) else None
        if not isinstance(id, (str, int)) or label not in ("yes", "no"):
            raise BadRecord(path, number, 'no question_id, or a label that is neither "yes" nor "no".')
        kind = row.get("category") or row.get("setting") or setting
        image = row.get("image", row.get("image_source"))
        text = str(row.get("text", row.get("question", "")))
        groups = {DIVISION: (str(kind),)} if kind else {}
        questions.append(
            Question(f"{prefix}{id}", (label,), text, image if isinstance(image, str) else None, groups=groups)
        )
    return questions


def _settings(questions: Mapping[str, Question]) -> list[str]:
    return list(dict.fromkeys(kind for question in questions.values() for kind in question.groups.get(DIVISION, ())))


def _share(part: int, whole: int) -> float:
    return part / whole if whole else float("nan")
