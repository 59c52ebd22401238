"""The paper's analysis by people (§4): random records are judged right or wrong, and the share comes with an interval.

A record is right if what it says about the things and where they are is so, and each box overlaps its thing by an IoU of
at least 0.5. The paper found 94.7 % of SCOUT right, and 63.1 % of Shikra's data, on 100 records each.
"""

from __future__ import annotations

import hashlib
import os
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, ValidationError

from twist_scout.data.records import Example, parse_line
from twist_scout.errors import BadInput
from twist_scout.proportions import wilson
from twist_scout.scout.files import AUDIT, NAMES, sample_lines

Answer = Literal["right", "wrong", "skipped"]
ANSWERS: tuple[str, ...] = get_args(Answer)
#: The paper's shares of right records.
PAPER = {"SCOUT": 0.947, "Shikra": 0.631}


class Judgement(BaseModel):
    """A line of ``audit.jsonl``; a later line about the same record replaces an earlier one.

    Attributes:
        id: of the record.
        digest: of the record's line: a judgement does not hold for a record that was changed.
        answer: what was found.
        at: when, in UTC.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    digest: str
    answer: Answer
    at: str


@dataclass(frozen=True)
class AuditResult:
    """What was found so far.

    Attributes:
        records: of the sample.
        right: judged right, and ``wrong``, judged wrong.
        skipped: looked at and not judged.
        wrong_ids: of those judged wrong.
    """

    records: int
    right: int
    wrong: int
    skipped: int
    wrong_ids: tuple[str, ...] = ()

    @property
    def judged(self) -> int:
        """How many were judged."""
        return self.right + self.wrong

    @property
    def left(self) -> int:
        """How many were not looked at yet."""
        return self.records - self.judged - self.skipped

    @property
    def share(self) -> float | None:
        """Of the judged ones, the share that is right; None where there are none."""
        return self.right / self.judged if self.judged else None

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's 95 % interval of the share."""
        return wilson(self.right, self.judged)

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        low, high = self.interval
        return {
            "records": self.records,
            "judged": self.judged,
            "right": self.right,
            "wrong": self.wrong,
            "skipped": self.skipped,
            "left": self.left,
            "share": self.share,
            "interval": [low, high],
            "wrong_ids": list(self.wrong_ids),
            "paper": PAPER,
        }


class Audit:
    """A sample of records and the judgements about it. May be used from several threads.

    Args:
        file: JSONL file of records.
        count: how many to draw.
        seed: of the draw.

    Raises:
        BadInput: the file cannot be read or has no records.
        BadRecord: a line that was drawn is no record.
    """

    def __init__(self, file: Path, *, count: int = 100, seed: int = 0) -> None:
        self.file = file
        self.log = file.with_name(AUDIT if file.name in NAMES else f"{file.stem}.{AUDIT}")
        lines = sample_lines(file, count, seed)
        if not lines:
            raise BadInput(f"{file} has no records to judge.")
        self.records: list[Example] = [parse_line(line, file, number) for number, line in lines]
        self._digests = [hashlib.blake2b(line.strip(), digest_size=8).hexdigest() for _, line in lines]
        self._lock = threading.Lock()
        known = _read_log(self.log)
        self._answers: list[Answer | None] = [
            known.get((record.id, digest)) for record, digest in zip(self.records, self._digests, strict=True)
        ]

    @property
    def answers(self) -> list[Answer | None]:
        """What was found about each record of the sample; None where nothing yet."""
        with self._lock:
            return list(self._answers)

    def judge(self, number: int, answer: Answer) -> None:
        """Write down a judgement; it is on the disk when this returns.

        Args:
            number: place of the record in the sample, from 0.
            answer: what was found.

        Raises:
            IndexError: the sample has no such record.
            OSError: the disk cannot be written.
        """
        if not 0 <= number < len(self.records):
            raise IndexError(f"there is no record {number}")
        judgement = Judgement(
            id=self.records[number].id,
            digest=self._digests[number],
            answer=answer,
            at=datetime.now(UTC).isoformat(timespec="seconds"),
        )
        with self._lock:
            _append(self.log, judgement.model_dump_json().encode() + b"\n")
            self._answers[number] = answer

    def result(self) -> AuditResult:
        """What was found so far."""
        answers = self.answers
        wrong = tuple(record.id for record, answer in zip(self.records, answers, strict=True) if answer == "wrong")
        return AuditResult(len(answers), answers.count("right"), len(wrong), answers.count("skipped"), wrong)


def _append(log: Path, line: bytes) -> None:
    """Add a line. Where a kill has left half a line at the end, it starts a new one."""
    with log.open("ab+") as file:
        if file.tell():
            file.seek(-1, os.SEEK_END)
            if file.read(1) != b"\n":
                line = b"\n" + line
        file.write(line)
        file.flush()
        os.fsync(file.fileno())


def _read_log(log: Path) -> dict[tuple[str, str], Answer]:
    """The last judgement about each record; lines that a kill cut short say nothing."""
    known: dict[tuple[str, str], Answer] = {}
    if log.exists():
        for line in log.read_bytes().splitlines():
            try:
                judgement = Judgement.model_validate_json(line)
            except ValidationError:
                continue
            known[judgement.id, judgement.digest] = judgement.answer
    return known
