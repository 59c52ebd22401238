"""Reads the questions that a language model wrote, and says of each one that cannot be used why."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

from twist_scout.data.names import head_words
from twist_scout.data.nouns import singular

LONGEST_QUESTION = 30  # words
LONGEST_ANSWER = 8  # words
LONGEST_NAME = 4  # words of something that is missing

# "Q:", "Q1.", "Query 2:", "**Question 3:**", "[Query 1]:", "1) Q:"
_QUESTION = re.compile(r"^\W{0,8}(?:\d{1,3}[.)]\s*)?(?:Q|Query|Question)\s*\d{0,3}\W{0,6}[:.)]\W{0,4}", re.IGNORECASE)
_ANSWER = re.compile(r"^\W{0,8}(?:A|Ans|Answer)\s*\d{0,3}\W{0,6}:\W{0,4}", re.IGNORECASE)
_MISSING = re.compile(r"^\W{0,8}(?:MISSING|ABSENT)\W{0,6}:\W{0,4}", re.IGNORECASE)
_INLINE = re.compile(r"\s\[?(Answer|MISSING)\]?\s*:", re.IGNORECASE)
_WANTED = re.compile(r"\b(?:what|who|whose|where|which)\b", re.IGNORECASE)
_ABOUT_THE_TEXT = re.compile(r"\b(?:description|caption|sentence|coordinates?|bounding box|pixels?)\b", re.IGNORECASE)
_NUMBERS = re.compile(r"\[\s*\[?\s*\d+\s*,\s*\d+")
_UNKNOWN = re.compile(
    r"\b(?:unknown|unclear|not (?:mentioned|specified|given|clear|known)|n/?a|cannot)\b", re.IGNORECASE
)
_TURN = re.compile(r"^\W*(?:Description|System|User|Assistant)\W*:", re.IGNORECASE)
_SMALL_WORDS = frozenset(
    "a an the of in on at to is are what who whose where which and with doing color colour".split()
)
# Names under which almost anything can be found: their absence is never sure.
_NO_THING = frozenset("item thing object one something anything stuff element entity detail feature".split())


@dataclass(frozen=True)
class Asked:
    """A question that can be used, with its short answer or with what is missing."""

    question: str
    answer: str = ""
    missing: str = ""


@dataclass(frozen=True)
class Unusable:
    """A piece of the reply that cannot be used."""

    text: str
    check: str
    reason: str


@dataclass
class QuestionsRead:
    """What a reply holds."""

    usable: list[Asked] = field(default_factory=list)
    unusable: list[Unusable] = field(default_factory=list)


def read_questions(reply: str, *, about: str, negative: bool = False) -> QuestionsRead:
    """Read a reply of the ``questions`` or the ``negatives`` prompt. Never raises on a string.

    Args:
        reply: ``Q:`` and ``A:`` (or ``MISSING:``) lines, or a JSON list of objects; what comes after the model has
            begun to invent a next description is left out.
        about: the caption without boxes. A positive question has to be about something in it, and what a negative one
            calls missing must not be in it.
        negative: which of the two prompts it was.
    """
    read = QuestionsRead()
    pairs = _json_pairs(reply, negative) or _line_pairs(reply, negative)
    known = _content(about)
    seen: set[str] = set()
    for question, answer in pairs:
        problem = _problem(question, answer, known, seen, negative)
        text = f"{question} / {answer}"
        if problem is not None:
            again = problem[0] == "repeated" and any(bad.check == "repeated" for bad in read.unusable)
            if not again:  # a model that goes round in circles is one thing that went wrong
                read.unusable.append(Unusable(text, *problem))
            continue
        seen.add(_key(question))
        if negative:
            read.usable.append(Asked(question, missing=_bare_name(answer)))
        else:
            read.usable.append(Asked(question, answer=answer.rstrip(".")))
    if not pairs:
        read.unusable.append(Unusable(reply[:500], "form", "the reply holds no question in the asked-for form"))
    return read


def _problem(question: str, answer: str, known: set[str], seen: set[str], negative: bool) -> tuple[str, str] | None:
    words = question.split()
    if not _WANTED.search(question) or not question.endswith("?"):
        return "question", "it is not a what, who or where question"
    if len(words) > LONGEST_QUESTION:
        return "question", f"it has {len(words)} words, more than {LONGEST_QUESTION}"
    if _ABOUT_THE_TEXT.search(question) or _NUMBERS.search(question) or "<box:" in question + answer:
        return "question", "it asks about the description or about coordinates, not about the picture"
    if _key(question) in seen:
        return "repeated", "the reply asks it twice"
    if negative:
        return _missing_problem(question, _bare_name(answer), known)
    if not answer:
        return "answer", "it has no short answer"
    if _UNKNOWN.search(answer):
        return "answer", "the description does not settle its answer"
    if len(answer.split()) > LONGEST_ANSWER:
        return "answer", f"its short answer has {len(answer.split())} words, more than {LONGEST_ANSWER}"
    if not _content(question) & known:
        return "about", "it is about nothing that the caption mentions"
    return None


def _missing_problem(question: str, name: str, known: set[str]) -> tuple[str, str] | None:
    if not name or len(name.split()) > LONGEST_NAME:
        return "missing", "it does not say in a word or two what is missing"
    words = head_words(name)
    if not words:
        return "missing", "what it says is missing has no name"
    head = singular(words[-1])
    if head in _NO_THING:
        return "missing", f"{head!r} names nothing in particular, and so nothing that could be missing"
    if head in known:
        return "missing", f"the caption mentions the {head} that is said to be missing"
    if head not in _content(question):
        return "missing", f"it does not ask about the {head} that is said to be missing"
    return None


def _line_pairs(reply: str, negative: bool) -> list[tuple[str, str]]:
    """Question and what follows it, line by line."""
    pairs: list[tuple[str, str]] = []
    second = _MISSING if negative else _ANSWER
    for line in _INLINE.sub(r"\n\1:", reply).splitlines():
        if _TURN.match(line):
            break
        if match := _QUESTION.match(line):
            pairs.append((_clean(line[match.end() :]), ""))
        elif pairs and not pairs[-1][1] and (match := second.match(line)):
            pairs[-1] = (pairs[-1][0], _clean(line[match.end() :]))
    return pairs


def _json_pairs(reply: str, negative: bool) -> list[tuple[str, str]]:
    start, end = reply.find("["), reply.rfind("]")
    if start < 0 or end < start or "{" not in reply[start:end]:
        return []
    try:
        entries: Any = json.loads(reply[start : end + 1])
    except (ValueError, RecursionError):
        return []
    second = "missing" if negative else "answer"
    pairs = []
    for entry in entries if isinstance(entries, list) else []:
        if isinstance(entry, dict) and isinstance(entry.get("question"), str):
            value = entry.get(second, "")
            pairs.append((_clean(entry["question"]), _clean(value) if isinstance(value, str) else ""))
    return pairs


def _clean(text: str) -> str:
    """One line without Markdown marks or quotes around it."""
    return " ".join(text.split()).strip("*_`\"' ")


def _bare_name(text: str) -> str:
    """``An umbrella.`` -> ``umbrella``."""
    words = text.strip(" .!").lower().split()
    return " ".join(words[1:] if words and words[0] in ("a", "an", "the") else words)


def _content(text: str) -> set[str]:
    """The words that carry meaning, singular."""
    return {singular(word) for word in re.findall(r"[^\W\d_]+", text.lower()) if word not in _SMALL_WORDS}


def _key(question: str) -> str:
    return " ".join(re.findall(r"\w+", question.lower()))
