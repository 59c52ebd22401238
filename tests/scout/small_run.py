"""A small deterministic run with everything in it: kept records, rejects of each stage, duplicates, and time that passes.

As a program (``small_run.py OUT PAUSE [LIMIT]``) it is what the tests kill.
"""

from __future__ import annotations

import asyncio
import hashlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from twist_scout.data.records import Example, Message
from twist_scout.scout.answers import Answered
from twist_scout.scout.build_report import BuildReport
from twist_scout.scout.items import SourceItem
from twist_scout.scout.pipeline import build
from twist_scout.scout.questions import Question, Written
from twist_scout.scout.record import Verdict
from twist_scout.scout.rejects import Reject

ITEMS = 60


def draw(*parts: object) -> int:
    """A number that depends on nothing but its arguments."""
    return int.from_bytes(hashlib.blake2b(repr(parts).encode(), digest_size=4).digest(), "big")


@dataclass
class Source:
    """``items`` items in order."""

    items: int = ITEMS
    name: str = "small"
    changed: int | None = None

    def __iter__(self) -> Iterator[SourceItem]:
        for n in range(self.items):
            caption = f"thing {n} <box:0>" + (" anew" if n == self.changed else "")
            yield SourceItem(
                id=f"i{n}", source="small", image=f"pictures/{n}.png", width=100, height=80, boxes=((1, 2, 30, 40),),
                captions=(caption,),
            )  # fmt: skip

    def length(self) -> int:
        return self.items


@dataclass
class Writer:
    """Writes up to four questions; some of what it writes is of no use."""

    pause: float = 0.0
    name: str = "small writer"

    @property
    def prompts(self) -> dict[str, str]:
        return {"questions": "1"}

    async def questions(self, item: SourceItem, *, seed: int) -> Written:
        await asyncio.sleep(self.pause * (draw("pause", item.id) % 100) / 100)
        count = draw("count", item.id, seed) % 5
        rejects = [Reject(item=item.id, stage="questions", check="unreadable", reason="No question.", text="?")]
        questions = [Question(id=n, prompt=f"Where is thing {n} \u732b \U0001f600 of {item.id}?") for n in range(count)]
        return Written(questions=questions, rejects=rejects if count < 2 else [])


@dataclass
class Answerer:
    """Answers most questions; every seventh answer repeats an old one."""

    pause: float = 0.0
    name: str = "small answerer"

    @property
    def prompts(self) -> dict[str, str]:
        return {"answers": "2"}

    async def answer(self, item: SourceItem, question: Question, *, seed: int) -> Answered:
        lot = draw("answer", item.id, question.id, seed)
        await asyncio.sleep(self.pause * (lot % 100) / 100)
        if lot % 11 == 0:
            return Answered(
                reject=Reject(item=item.id, question=question.prompt, stage="answers", check="unreadable", reason="No.")
            )
        text = "the same as ever" if lot % 7 == 0 else f"Step 1: thing {lot} <box:0>."
        return Answered(
            example=Example(
                id=f"small:{item.id}:{question.id}",
                image=item.image,
                width=item.width,
                height=item.height,
                task="scout",
                messages=[Message(role="user", content=question.prompt), Message(role="assistant", content=text)],
                boxes=list(item.boxes),
                meta={"lot": lot},
            )
        )


def check(example: Example, item: SourceItem) -> list[Verdict]:
    """Turns down a fifth."""
    good = example.meta["lot"] % 5 != 0
    return [
        Verdict(check="grammar", outcome="passed"),
        Verdict(check="boxes", outcome="passed" if good else "failed", reason="" if good else "Box 0 is elsewhere."),
    ]


class SameWords:
    """Finds answers that were given before."""

    def __init__(self) -> None:
        self.seen: set[str] = set()

    def repeats(self, example: Example) -> str | None:
        said = example.messages[-1].content
        known = said in self.seen
        self.seen.add(said)
        return "what was said before" if known else None


def run(out: Path, pause: float = 0.0, *, source: Source | None = None, **options: Any) -> BuildReport:
    """The run."""
    settings: dict[str, Any] = {"check": check, "dedupe": SameWords, "concurrency": 8, **options}
    return build(source or Source(), Writer(pause), Answerer(pause), out, **settings)


if __name__ == "__main__":
    run(Path(sys.argv[1]), float(sys.argv[2]), limit=int(sys.argv[3]) if len(sys.argv) > 3 else None)
