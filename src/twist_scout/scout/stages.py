"""The stages that one item goes through; the same for every engine that runs them."""

from __future__ import annotations

import asyncio
import re
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

from twist_scout import __version__
from twist_scout.data.records import Example
from twist_scout.errors import BadConfig, TwistScoutError, first_line
from twist_scout.scout.answers import Answered, Answerer
from twist_scout.scout.backends.base import BackendDown, BudgetSpent
from twist_scout.scout.backends.metering import metered
from twist_scout.scout.image_references import ImageReferences
from twist_scout.scout.items import SourceItem
from twist_scout.scout.outcome import ItemOutcome, digest, item_seed
from twist_scout.scout.questions import Question, QuestionWriter
from twist_scout.scout.record import Provenance, Verdict, provenance_of, with_verdicts
from twist_scout.scout.rejects import ENGINE, Reject, Stage
from twist_scout.scout.versions import versions_in_use

Check = Callable[[Example, SourceItem], list[Verdict]]

#: What no item can help: it ends the run, and the item counts as not done.
_EVERYBODYS = (BackendDown, BudgetSpent, BadConfig)


class ItemDescriber(Protocol):
    """Captions pictures that lack a grounded caption."""

    name: str
    prompts: dict[str, str]

    def wanted(self, item: SourceItem) -> bool:
        """Whether an item needs it."""

    async def describe(self, item: SourceItem, *, seed: int) -> tuple[SourceItem, Reject | None]:
        """The item with a caption, or as it was and why."""


@dataclass(frozen=True)
class Stages:
    """What is done with an item: describe (where needed), ask, answer, check.

    Attributes:
        writer: writes the questions.
        answerer: answers them.
        check: judges a record.
        references: how records name their pictures.
        describer: captions pictures that lack one; None: they stay as they are.
        seed: of the run.
    """

    writer: QuestionWriter
    answerer: Answerer
    check: Check
    references: ImageReferences
    describer: ItemDescriber | None = None
    seed: int = 0

    async def work(self, index: int, item: SourceItem) -> ItemOutcome:
        """All that an item gives. What fails for this item alone is a reject.

        Raises:
            BackendDown: a model answers nobody; the item is not done.
            BudgetSpent: no tokens are left; the item is not done.
            BadConfig: something is wrong with the run and not with the item.
        """
        return await _Work(self, index, item, item_seed(self.seed, item.id)).run()

    def settings(self) -> dict[str, Any]:
        """Who does the work and what they are told, JSON-ready."""
        roles: dict[str, Any] = {"questions": self.writer, "answers": self.answerer, "captions": self.describer}
        return {
            **{
                name: {"by": _without_address(role.name), "prompts": role.prompts}
                for name, role in roles.items()
                if role is not None
            },
            "copies": self.references.copy,
            "seed": self.seed,
        }

    def versions(self) -> dict[str, str]:
        """Of the packages that do the work."""
        return versions_in_use()

    def facts(self) -> dict[str, Any]:
        """Where the work is done."""
        return {"name": "local"}


def _without_address(backend: str) -> str:
    """A backend's name without its endpoint: a server may move while a run is interrupted."""
    return re.sub(r"@https?://\S*$", "", backend)


@dataclass
class _Work:
    """One item on its way."""

    stages: Stages
    index: int
    item: SourceItem
    seed: int
    counts: Counter[str] = field(default_factory=Counter)
    seconds: dict[str, float] = field(default_factory=dict)
    records: list[Example] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)

    async def run(self) -> ItemOutcome:
        content = digest(self.item)
        stage: Stage = "source"
        try:
            if await self._describe():
                stage = "questions"
                questions = await self._ask()
                answers = await self._answer_all(questions)
                with self._stage("checks"):
                    for question, answered in zip(questions, answers, strict=True):
                        self._judge(question, answered)
        except _EVERYBODYS:
            raise
        except Exception as error:
            self.rejects.append(self._failed(stage, error))
        self.counts["kept"] = len(self.records)
        return ItemOutcome(
            index=self.index,
            item=self.item.id,
            digest=content,
            again=any(reject.may_succeed for reject in self.rejects),
            counts={name: count for name, count in self.counts.items() if count},
            seconds=self.seconds,
            records=self.records,
            rejects=self.rejects,
        )

    async def _describe(self) -> bool:
        """Whether there is something to ask about."""
        describer = self.stages.describer
        if describer is None or not describer.wanted(self.item):
            return True
        with self._stage("captions"):
            self.item, reject = await describer.describe(self.item, seed=self.seed)
        if reject is None:
            self.counts["captions"] = 1
            return True
        self.rejects.append(reject)
        return bool(self.item.captions)

    async def _ask(self) -> list[Question]:
        with self._stage("questions"):
            written = await self.stages.writer.questions(self.item, seed=self.seed)
        self.rejects += written.rejects
        self.counts["questions"] = len(written.questions)
        self.counts["negatives"] = sum(question.negative for question in written.questions)
        return written.questions

    async def _answer_all(self, questions: list[Question]) -> list[Answered]:
        with self._stage("answers"):
            tasks = [asyncio.ensure_future(self._answer(question)) for question in questions]
            try:
                return await asyncio.gather(*tasks)
            finally:
                for task in tasks:  # where one fails for good, nobody waits for the others
                    task.cancel()

    async def _answer(self, question: Question) -> Answered:
        try:
            return await self.stages.answerer.answer(self.item, question, seed=self.seed)
        except _EVERYBODYS:
            raise
        except Exception as error:
            return Answered(reject=self._failed("answers", error, question))

    def _judge(self, question: Question, answered: Answered) -> None:
        if answered.reject is not None:
            self.rejects.append(answered.reject)
        if answered.example is None:
            return
        self.counts["answers"] += 1
        try:
            verdicts = self.stages.check(answered.example, self.item)
            example = with_verdicts(self._signed(answered.example), verdicts)
        except _EVERYBODYS:
            raise
        except Exception as error:
            self.rejects.append(self._failed("checks", error, question))
            return
        failed = [verdict for verdict in verdicts if verdict.outcome == "failed"]
        if failed:
            self.rejects.append(self._turned_down(question, example, failed))
        else:
            self.records.append(example)

    def _turned_down(self, question: Question, example: Example, failed: list[Verdict]) -> Reject:
        return Reject(
            item=self.item.id,
            question=question.prompt,
            stage="checks",
            check=failed[0].check,
            reason="; ".join(f"{verdict.check}: {verdict.reason}" for verdict in failed),
            text=example.messages[-1].content,
            example=example,
        )

    def _signed(self, example: Example) -> Example:
        """The record with its whole provenance, and its picture named for the folder it goes to."""
        stages, own = self.stages, provenance_of(example)
        prompts = {**stages.writer.prompts, **stages.answerer.prompts}
        if self.counts["captions"] and stages.describer is not None:
            prompts |= stages.describer.prompts
        provenance = Provenance(
            engine=__version__,
            source=self.item.source,
            item=self.item.id,
            question_by=stages.writer.name,
            answer_by=own.answer_by if own else stages.answerer.name,
            prompts=prompts,
            seed=stages.seed,
            votes=own.votes if own else None,
        )
        meta = {**example.meta, "provenance": provenance.model_dump(mode="json")}
        return example.model_copy(update={"meta": meta, "image": stages.references.name(example.image)})

    def _failed(self, stage: Stage, error: Exception, question: Question | None = None) -> Reject:
        """A fault of the program is a reject too: one item must not cost the others, and must not be hidden either."""
        expected = isinstance(error, TwistScoutError)
        return Reject(
            item=self.item.id,
            question=question.prompt if question else "",
            stage=stage,
            check=type(error).__name__ if expected else ENGINE,
            reason=str(error) if expected else f"The engine failed with {type(error).__name__}: {first_line(error)}",
            text="" if expected else "".join(traceback.format_exception(error)),
        )

    @contextmanager
    def _stage(self, name: str) -> Iterator[None]:
        started = time.perf_counter()
        with metered() as usage:
            yield
        self.seconds[name] = round(time.perf_counter() - started, 6)
        self.counts[f"{name}.requests"] = usage.requests
        self.counts[f"{name}.prompt_tokens"] = usage.prompt_tokens
        self.counts[f"{name}.completion_tokens"] = usage.completion_tokens
