"""ScienceQA: multiple choice; which letter does an answer name?

Models write "B", "(B)", "B. the Atlantic", "The answer is B.", or the chosen words. Evaluators that read fewer of these
forms score the same answers lower. The forms read here, in order:

1. the answer is a letter, bare or in brackets, with or without a full stop or stars;
2. it begins with a letter and ".", ")" or ":";
3. it says which is the answer: "the answer is B", "Answer: (B)", "I choose B", "B is correct"; the last such statement
   counts;
4. it is the words of one choice, letter case and a full stop aside;
5. it holds the words of one choice and no other's.

A letter beyond the choices is no answer. ``accuracy_llava`` is what the script of LLaVA reads, whose numbers most papers
quote: a bare capital, "B. ...", or "The answer is B." once.
"""

from __future__ import annotations

import re
import string
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from twist_scout.data.rows import read_json
from twist_scout.errors import BadInput, BadRecord
from twist_scout.evaluation.understanding.question import Grade, Question

LETTERS = string.ascii_uppercase
_OPEN, _CLOSE = r"[*(\[{\"'`$ ]{0,6}", r"[*)\]}\"'`$ ]{0,6}"
_BARE = re.compile(rf"{_OPEN}(?P<letter>[A-Za-z]){_CLOSE}[.,:]?{_CLOSE}")
_LEADING = re.compile(rf"{_OPEN}(?P<letter>[A-Z])(?:\*\*)?[.):](?!\w)")
# A lone A may be an article.
_LETTER = r"(?P<{0}>[B-Z](?![\w'’])|A(?= ?(?:$|[^\w\s'’])| (?:is|because|since|as|which)\b))"
_STATED = re.compile(
    r"\b(?i:answer|choice|option|choose|select|pick)(?: (?i:is|should be))? ?:? ?(?i:option |choice )?"
    rf"{_OPEN}(?:\\boxed\{{|\\text\{{){{0,2}}{_OPEN}{_LETTER.format('letter')}"
    rf"|\b{_LETTER.format('subject')}{_CLOSE}(?i:is|would be) (?i:the )?(?i:correct|right|best|answer)\b"
)
_LLAVA = re.compile(r"The answer is ([A-Z]).")
_LONGEST = 20_000  # letters of an answer that are looked at; what comes after so much reasoning is its end


def choice_letter(text: str, choices: tuple[str, ...]) -> str | None:
    """The letter that an answer names, or None.

    >>> choice_letter("(b)", ("an island", "the sea"))
    'B'
    """
    line = " ".join(text[-_LONGEST:].split())
    found = _BARE.fullmatch(line) or _LEADING.match(line)
    stated = [match["letter"] or match["subject"] for match in _STATED.finditer(line)]
    if found is not None or stated:
        letter = found["letter"].upper() if found is not None else stated[-1]
        return letter if LETTERS.index(letter) < len(choices) else None
    return _by_words(line, choices)


def llava_letter(text: str, choices: tuple[str, ...]) -> str | None:
    """The letter that LLaVA's script reads."""
    known = LETTERS[:5]
    if text in known and len(text) == 1:
        letter = text
    elif len(text) >= 3 and text[0] in known and text[1:3] == ". ":
        letter = text[0]
    else:
        found = _LLAVA.findall(text)
        letter = found[0] if len(found) == 1 else ""
    return letter if letter and letter in known[: len(choices)] else None


def grade_scienceqa(text: str, question: Question) -> Grade:
    """Grade an answer: 1 where it names the right choice."""
    letter = choice_letter(text, question.choices)
    return Grade(float(letter == question.answers[0]), letter)


def llava_accuracy(questions: Mapping[str, Question], answers: Mapping[str, str]) -> float:
    """Accuracy in [0, 1] with what LLaVA's script reads; NaN without questions."""
    if not questions:
        return float("nan")
    right = sum(
        llava_letter(answers[id], question.choices) == question.answers[0]
        for id, question in questions.items()
        if id in answers
    )
    return right / len(questions)


def read_scienceqa(path: Path, split: str = "test") -> list[Question]:
    """ScienceQA's ``problems.json``, or the folder that holds it.

    Args:
        path: ``{id: {"question", "choices", "answer", "hint", "image", "grade", "subject", "topic", "split"}}``.
        split: ``train``, ``val``, ``test``, or ``all``. ``pid_splits.json`` beside the file says what is in it; without
            it, what each problem says.

    Raises:
        BadInput: a file cannot be read, or has no problem of this split.
        BadRecord: a problem has no choices, or its answer is none of them.
    """
    file = path / "problems.json" if path.is_dir() else path
    problems = read_json(file)
    if not isinstance(problems, dict):
        raise BadInput(f"{file} is no file of ScienceQA's problems: it should hold an object for each id.")
    ids = list(problems)
    if split != "all":
        splits = file.with_name("pid_splits.json")
        listed = read_json(splits) if splits.is_file() else None
        if isinstance(listed, dict):
            ids = [str(id) for id in listed.get(split, []) if str(id) in problems]
        else:
            ids = [id for id in ids if isinstance(problems[id], dict) and problems[id].get("split", split) == split]
    if not ids:
        raise BadInput(f"{file} has no problem of the split {split!r}: choose train, val, test or all.")
    return [_question(id, problems[id], file, number) for number, id in enumerate(ids, start=1)]


def _question(id: str, row: Any, path: Path, number: int) -> Question:
    choices = row.get("choices") if isinstance(row, dict) else None
    answer = row.get("answer") if isinstance(row, dict) else None
    if not isinstance(choices, list) or type(answer) is not int or not 0 <= answer < min(len(choices), len(LETTERS)):
        raise BadRecord(path, number, f"problem {id[:40]!r} has no choices, or its answer is none of them.")
    image, hint = row.get("image"), row.get("hint")
    context = tuple(name for name, value in (("text", hint), ("image", image)) if value) or ("none",)
    groups = {"context": context}
    if isinstance(row.get("subject"), str):
        groups["subject"] = (row["subject"],)
    if isinstance(row.get("grade"), str) and row["grade"][5:].isdecimal():
        groups["grade"] = ("1 to 6" if int(row["grade"][5:]) <= 6 else "7 to 12",)
    named = f"{row.get('split', 'test')}/{id}/{image}" if isinstance(image, str) and image else None
    return Question(id, (LETTERS[answer],), str(row.get("question", "")), named, tuple(map(str, choices)), groups)


def _by_words(text: str, choices: tuple[str, ...]) -> str | None:
    plain = [_plain(choice) for choice in choices]
    said = _plain(text)
    if said and plain.count(said) == 1:
        return LETTERS[plain.index(said)]
    held = [number for number, words in enumerate(plain) if words and f" {words} " in f" {said} "]
    # "New York City" holds "York" as well: only the longest of those that lie in one another was meant.
    held = [n for n in held if not any(n != m and f" {plain[n]} " in f" {plain[m]} " for m in held)]
    return LETTERS[held[0]] if len(held) == 1 and held[0] < len(LETTERS) else None


def _plain(text: str) -> str:
    return " ".join(re.findall(r"[^\W_]+(?:['’.,-][^\W_]+)*", text.lower()))
