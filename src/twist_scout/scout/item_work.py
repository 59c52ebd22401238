"""One item on its way through the stages: what it gives is kept, what fails for it alone is a reject."""

from __future__ import annotations

import asyncio
import time
import traceback
from collections import Counter
from collections.abc import Coroutine, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from twist_scout import __version__
from twist_scout.data.records import Example
from twist_scout.errors import BadConfig, TwistScoutError, first_line
from twist_scout.scout.absence import ASKED_ABSENCE
from twist_scout.scout.answers import Answered
from twist_scout.scout.backends.base import BackendDown, BudgetSpent
from twist_scout.scout.backends.metering import metered
from twist_scout.scout.items import SourceItem
from twist_scout.scout.outcome import ItemOutcome, digest
from twist_scout.scout.questions import Question
from twist_scout.scout.record import Provenance, Verdict, provenance_of, with_absence, with_verdicts
from twist_scout.scout.rejects import ENGINE, Reject, Stage

if TYPE_CHECKING:
    from twist_scout.scout.stages import AbsenceJudge, Stages

_T = TypeVar("_T")

#: What no item can help: it ends the run, and the item counts as not done.
EVERYBODYS = (BackendDown, BudgetSpent, BadConfig)


@dataclass
class ItemWork:
    """One item on its way.

    Attributes:
        stages: what is done with it.
        index: its place in the source.
        item: as it came, and described, once it is.
        seed: of the item.
        counts: how many there are of what, so far.
        seconds: how long each stage took.
        records: what has passed so far.
        rejects: what has not.
    """

    stages: Stages
    index: int
    item: SourceItem
    seed: int
    counts: Counter[str] = field(default_factory=Counter)
    seconds: dict[str, float] = field(default_factory=dict)
    records: list[Example] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)

    async def run(self) -> ItemOutcome:
        """All that the item gives; see :meth:`Stages.work`."""
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
                stage = "checks"
                await self._look_for_what_is_missing()
        except EVERYBODYS:
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
            return await _together(self._answer(question) for question in questions)

    async def _answer(self, question: Question) -> Answered:
        try:
            return await self.stages.answerer.answer(self.item, question, seed=self.seed)
        except EVERYBODYS:
            raise
        except Exception as error:
            return Answered(reject=self._failed("answers", error, question.prompt))

    def _judge(self, question: Question, answered: Answered) -> None:
        if answered.reject is not None:
            self.rejects.append(answered.reject)
        if answered.example is None:
            return
        self.counts["answers"] += 1
        try:
            verdicts = self.stages.check(answered.example, self.item)
            example = with_verdicts(self._signed(answered.example), verdicts)
        except EVERYBODYS:
            raise
        except Exception as error:
            self.rejects.append(self._failed("checks", error, question.prompt))
            return
        failed = [verdict for verdict in verdicts if verdict.outcome == "failed"]
        if failed:
            self.rejects.append(self._turned_down(question.prompt, example, failed))
        else:
            self.records.append(example)

    async def _look_for_what_is_missing(self) -> None:
        """Keep a negative record only if who looks for its thing finds none. The last check, for it costs a request."""
        judge = self.stages.absence
        if judge is None:
            return
        candidates, self.records = self.records, []
        with self._stage("absence"):
            found = await _together(self._looked_for(judge, example) for example in candidates)
        for example, said in zip(candidates, found, strict=True):
            if isinstance(said, Reject):
                self.rejects.append(said)
                continue
            asked = example if said.outcome == "skipped" else with_absence(example, judge.name, judge.prompts)
            judged = with_verdicts(asked, [said])
            if said.outcome == "failed":
                self.rejects.append(self._turned_down(str(example.meta.get("question", "")), judged, [said]))
            else:
                self.records.append(judged)

    async def _looked_for(self, judge: AbsenceJudge, example: Example) -> Verdict | Reject:
        if not (example.negative and example.meta.get("missing")):
            return Verdict(check=ASKED_ABSENCE, outcome="skipped")
        try:
            return await judge.verdict(self.item, example, seed=self.seed)
        except EVERYBODYS:
            raise
        except Exception as error:
            return self._failed("checks", error, str(example.meta.get("question", "")))

    def _turned_down(self, question: str, example: Example, failed: list[Verdict]) -> Reject:
        return Reject(
            item=self.item.id,
            question=question,
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

    def _failed(self, stage: Stage, error: Exception, question: str = "") -> Reject:
        """A fault of the program is a reject too: one item must not cost the others, and must not be hidden either."""
        expected = isinstance(error, TwistScoutError)
        return Reject(
            item=self.item.id,
            question=question,
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


async def _together(work: Iterable[Coroutine[Any, Any, _T]]) -> list[_T]:
    """The results of all, in order. Where one fails for good, nobody waits for the others."""
    tasks = [asyncio.ensure_future(one) for one in work]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
