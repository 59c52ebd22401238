"""MME's files: the release's folders, the tables of its script, one table with a header.

===================  ==========================================================================================
release              ``TASK/*.txt`` or ``TASK/questions_answers_YN/*.txt``, one for each picture: question, answer
script               ``TASK.txt``: picture, question, answer, and in files of results what the model said
table                ``.tsv``, ``.csv``, ``.jsonl`` or ``.json`` with category, question, answer, and image_path,
                     image or question_id
===================  ==========================================================================================

Questions are called ``TASK/PICTURE/1`` and ``TASK/PICTURE/2``, in the order of the file, the picture without its ending.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from twist_scout.data.rows import read_rows
from twist_scout.errors import BadInput, BadRecord
from twist_scout.evaluation.predictions import Prediction, Predictions
from twist_scout.evaluation.understanding.mme import COGNITION, DIVISION, PERCEPTION
from twist_scout.evaluation.understanding.question import Question

_TASKS = (*PERCEPTION, *COGNITION)
_PICTURES = (".jpg", ".png", ".jpeg")
_Asked = tuple[str, str, str, str]  # task, picture, question, answer


def read_mme(path: Path) -> list[Question]:
    """MME's questions in any of the three forms.

    Raises:
        BadInput: the folder holds no questions, a file cannot be read, or a picture has not two questions.
        BadRecord: a line has not its columns, or its answer is neither yes nor no.
    """
    asked = list(_folder(path) if path.is_dir() else _table(path))
    if not asked:
        raise BadInput(f"{path} holds no questions of MME: give the release's folder, or that of its script's tables.")
    numbers: dict[tuple[str, str], int] = {}
    questions = []
    for task, picture, text, answer in asked:
        stem = _stem(picture)
        number = numbers[task, stem] = numbers.get((task, stem), 0) + 1
        groups = {DIVISION: (task,)}
        questions.append(Question(f"{task}/{stem}/{number}", (answer,), text, f"{task}/{picture}", groups=groups))
    odd = next((key for key, number in numbers.items() if number != 2), None)
    if odd is not None:
        raise BadInput(
            f"{path}: the picture {'/'.join(odd)!r} has {numbers[odd]} questions, where MME has two about each."
        )
    return questions


def read_mme_results(path: Path, questions: Sequence[Question]) -> Predictions:
    """Answers in the form of MME's script: a folder of ``TASK.txt`` with four columns.

    Raises:
        BadInput: there is no such file.
        BadRecord: a line has not four columns, or answers a question that the picture does not have.
    """
    found = Predictions(path)
    ids = {
        (question.groups[DIVISION][0], _stem(question.image), _plain(question.text)): question.id
        for question in questions
    }
    for file in _task_files(path):
        for number, columns in _lines(file):
            if len(columns) < 4:
                raise BadRecord(file, number, "not four columns: picture, question, answer, what the model said.")
            picture, text, said = columns[0], columns[1], " ".join(columns[3:])
            id = ids.get((file.stem, _stem(picture), _plain(text)))
            if id is None:
                raise BadRecord(file, number, f"the truth has no such question about {picture[:60]!r}.")
            found.setdefault(id, Prediction(id, said, picture))
    if not found:
        raise BadInput(f"{path} holds no results of MME: they are in files such as existence.txt.")
    return found


def _folder(path: Path) -> Iterator[_Asked]:
    files = _task_files(path)
    for file in files:
        for number, columns in _lines(file):
            if len(columns) < 3:
                raise BadRecord(file, number, "not three columns: picture, question, answer.")
            yield file.stem, columns[0], columns[1], _answer(columns[2], file, number)
    if files:
        return
    for task in sorted(folder for folder in path.iterdir() if folder.is_dir()):
        inner = task / "questions_answers_YN"
        for file in sorted((inner if inner.is_dir() else task).glob("*.txt")):
            picture = _picture(task, file.stem)
            for number, columns in _lines(file):
                if len(columns) < 2:
                    raise BadRecord(file, number, "not two columns: question, answer.")
                yield task.name, picture, columns[0], _answer(columns[1], file, number)


def _table(path: Path) -> Iterator[_Asked]:
    for number, row in read_rows(path):
        task, text, answer = (row.get(name) for name in ("category", "question", "answer"))
        named = next((row[key] for key in ("image_path", "question_id", "image") if row.get(key)), None)
        if not (isinstance(task, str) and isinstance(text, str) and isinstance(named, str)):
            raise BadRecord(path, number, "no category, no question, or no image_path of this picture.")
        yield task, PurePosixPath(named).name, text, _answer(str(answer), path, number)


def _task_files(path: Path) -> list[Path]:
    return [path / f"{task}.txt" for task in _TASKS if (path / f"{task}.txt").is_file()]


def _lines(file: Path) -> Iterator[tuple[int, list[str]]]:
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadRecord(file, 1, "not UTF-8: convert the file.") from error
    except OSError as error:
        raise BadInput(f"{file} cannot be read ({error.strerror or error}): check the path.") from error
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            yield number, line.rstrip("\r").split("\t")


def _answer(word: str, file: Path, number: int) -> str:
    answer = word.strip().lower().rstrip(".")
    if answer not in ("yes", "no"):
        raise BadRecord(file, number, f"the answer {word[:40]!r} is neither Yes nor No.")
    return answer


def _picture(task: Path, stem: str) -> str:
    for folder in ("", "images/"):
        for ending in _PICTURES:
            if (task / f"{folder}{stem}{ending}").is_file():
                return f"{folder}{stem}{ending}"
    return f"{stem}.jpg"


def _stem(picture: str | None) -> str:
    return PurePosixPath(picture or "").stem


def _plain(text: str) -> str:
    """A question without the request that some files end it with."""
    return re.sub(r"\s+", " ", re.sub(r"please answer yes or no\.?", "", text, flags=re.IGNORECASE)).strip().lower()
