"""Shikra's grounded chains of thought (GCoT): a row is one question with its answer, its reasoning and its boxes.

``<ph_st>`` and ``<ph_ed>`` enclose phrases; ``..._boxes_seq`` lists, for each phrase, the numbers of its boxes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from twist_scout.boxes.steps import find_steps
from twist_scout.boxes.verdict import extract_answer
from twist_scout.data.records import Example, Message
from twist_scout.scout.exporters.base import (
    ASIDE,
    Format,
    Reading,
    RowIds,
    Target,
    aside,
    json_line,
    row_of,
    rows_of_lines,
    taken_aside,
)
from twist_scout.scout.exporters.marked_text import neutral, phrases, without_reference_marks
from twist_scout.scout.references import without_references
from twist_scout.whole_file import whole_file

_START, _END = "<ph_st>", "<ph_ed>"
_MARKS = (_START, _END, "<boxes>", "<image>", "<question>", "<expr>", "<objs>", "<points>")
_PHRASE = re.compile(rf"{_START}(.*?){_END}", re.DOTALL)


def write(examples: Iterator[Example], target: Target) -> int:
    """Write the rows; see :data:`SHIKRA`."""
    count = 0
    with whole_file(target.path) as file:
        for example in examples:
            for row in _rows(example, target):
                file.write(json_line(row))
                count += 1
    return count


def _rows(example: Example, target: Target) -> Iterator[dict[str, Any]]:
    turns = [message.content for message in example.messages if message.role != "system"]
    for place, (asked, said) in enumerate(zip(turns[::2], turns[1::2], strict=False)):
        question, question_boxes = _marked(asked)
        reasoning, answer_boxes = _marked(said)
        yield {
            "id": example.id if place == 0 else f"{example.id}#{place + 1}",
            "img_path": target.pictures.name(example),
            "width": example.width,
            "height": example.height,
            "boxes": [list(box) for box in example.boxes],
            "question": question,
            "question_boxes_seq": question_boxes,
            "answer": neutral(_short(said), _MARKS),
            "cot_with_ans": reasoning,
            "answer_boxes_seq": answer_boxes,
            ASIDE: aside(example, "task", "negative", "meta"),
        }


def _short(said: str) -> str:
    """What an answer concludes: what follows "So the answer is", else its last step."""
    steps = find_steps(said)
    plain = without_references(said)
    final = extract_answer(plain)
    return without_references(said[steps[-1].body_start :]) if final == plain and steps else final


def _marked(content: str) -> tuple[str, list[list[int]]]:
    pieces, sequence = [], []
    for words, phrase, gap, indexes in phrases(neutral(content, _MARKS)):
        pieces.append(words)
        if indexes:
            tied = phrase if gap == " " else ""
            lead = "" if tied else phrase + gap
            pieces.append(f"{lead}{_START}{tied}{_END}")
            sequence.append(list(indexes))
    return "".join(pieces), sequence


def read(path: Path, reading: Reading) -> Iterator[Example]:
    """Read such rows; see :data:`SHIKRA`."""
    numbers = RowIds(path.stem)
    for number, row in rows_of_lines(path):
        with row_of(path, number):
            example = _example(row, path, reading, numbers)
        yield example


def _example(row: dict[str, Any], path: Path, reading: Reading, numbers: RowIds) -> Example:
    width, height = reading.size(row["img_path"], path, row)
    known = taken_aside(row)
    question = _read(row["question"], row.get("question_boxes_seq") or [])
    answer = _read(row.get("cot_with_ans") or row["answer"], row.get("answer_boxes_seq") or [])
    meta = known.get("meta", {} if known else {"expected": row.get("answer")})
    return Example(
        id=numbers.id(row),
        image=row["img_path"],
        width=width,
        height=height,
        task=known.get("task", "scout"),
        messages=[Message(role="user", content=question), Message(role="assistant", content=answer)],
        boxes=row.get("boxes") or [],
        negative=known.get("negative", False),
        meta=meta,
    )


def _read(text: str, sequence: list[list[int]]) -> str:
    coming = iter(sequence)

    def refer(match: re.Match[str]) -> str:
        indexes = next(coming, [])
        words = match[1]
        return f"{words} <box:{','.join(map(str, indexes))}>".lstrip() if indexes and words else _bare(words, indexes)

    return _PHRASE.sub(refer, without_reference_marks(text))


def _bare(words: str, indexes: list[int]) -> str:
    return f"<box:{','.join(map(str, indexes))}>" if indexes else words


SHIKRA = Format(
    name="shikra",
    summary="Shikra's GCoT: JSON lines with phrases between marks, boxes in pixels",
    loses="system turns, and questions without an answer; a conversation of several questions becomes several records; marks "
    "of the format in a text get a space",
    write=write,
    read=read,
)
