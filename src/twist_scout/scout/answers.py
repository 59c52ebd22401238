"""Step two of the engine: a model that sees the picture answers in steps, with boxes (§4, Figure A.1).

Negative questions skip the model: their answer is settled in step one.
"""

from __future__ import annotations

import re
from typing import Protocol

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from twist_scout import __version__
from twist_scout.boxes.box import Box
from twist_scout.boxes.dialects import get_dialect
from twist_scout.boxes.grounded import GroundedText
from twist_scout.data.records import Example, FrameChoice, Message, resolve_frame
from twist_scout.scout.agreement import majority
from twist_scout.scout.backends.base import Backend, Request
from twist_scout.scout.items import SourceItem
from twist_scout.scout.prompts import Prompts
from twist_scout.scout.questions import Question
from twist_scout.scout.record import Provenance
from twist_scout.scout.references import renumbered, to_references
from twist_scout.scout.rejects import BACKEND, Reject

MAX_TOKENS = 384
_SEEDS = 2**31
#: How a record's user turn asks for steps. The question alone would teach a model to point whenever it is asked anything.
INSTRUCTIONS = (
    "Answer step by step.",
    "Think step by step.",
    "Explain step by step with boxes.",
    "Reason step by step and give boxes.",
)
#: A box as the prompt shows it: nobody's, and plainly an example.
_SHOWN = Box(0.1, 0.2, 0.45, 0.9)
_MARKS = re.compile(r"\*\*|__|^[#>\-*\s]+", re.MULTILINE)


class Answered(BaseModel):
    """What step two gave for a question: a record, or why there is none."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    example: Example | None = None
    reject: Reject | None = None


class Answerer(Protocol):
    """Answers questions about a picture: a multimodal model, or rules."""

    name: str
    prompts: dict[str, str]

    async def answer(self, item: SourceItem, question: Question, *, seed: int) -> Answered:
        """A record for a question; deterministic by ``seed`` as far as what does the work is."""
        ...


class SettledAnswers:
    """Answers that step one has settled already: of rules, and of every negative question."""

    name = "rules"

    def __init__(self) -> None:
        self.prompts: dict[str, str] = {}

    async def answer(self, item: SourceItem, question: Question, *, seed: int) -> Answered:
        """The record of a question that has its reply."""
        if question.reply is None:
            reason = "the source has no boxes to contradict it with" if question.negative else "no rule answers it"
            return Answered(reject=_reject(item, question, "no answer", reason))
        content, boxes = renumbered(question.reply, item.boxes)
        return _record(item, question, content, boxes, self.name, self.prompts, seed)


class PromptedAnswers:
    """A multimodal model answers.

    Args:
        backend: the model that sees the picture.
        prompts: what it is told.
        dialect: how it writes boxes; the backend's own, else SCOUT's, if not given.
        frame: what it sees of the picture; the backend's own, else the whole of it, if not given.
        samples: how many answers to draw. More than one asks for a majority that agrees on the final answer, and the
            answer whose boxes agree best with the others' is taken (self-consistency).
        temperature: of the draws; with one sample 0, greedy.
    """

    def __init__(
        self,
        backend: Backend,
        prompts: Prompts,
        *,
        dialect: str | None = None,
        frame: FrameChoice | None = None,
        samples: int = 1,
        temperature: float | None = None,
    ) -> None:
        self.backend, self._prompts, self.samples = backend, prompts, samples
        self.dialect = dialect or backend.dialect or "scout"
        self.frame: FrameChoice = frame or backend.frame or "stretched"
        self.temperature = (0.0 if samples == 1 else 0.7) if temperature is None else temperature
        self.name = backend.name
        self.prompts = prompts.versions("answers")
        self._settled = SettledAnswers()

    async def answer(self, item: SourceItem, question: Question, *, seed: int) -> Answered:
        """Ask the model, read its boxes and turn its words into a record."""
        if question.negative:
            return await self._settled.answer(item, question, seed=seed)
        frame = resolve_frame(self.frame, item.width, item.height)
        codec = get_dialect(self.dialect, frame)
        shown = codec.render([frame.to_model(_SHOWN)])
        messages = self._prompts["answers"].messages(question=question.prompt, box=shown)
        read: list[GroundedText] = []
        problems: list[Reject] = []
        for sample in range(self.samples):
            request = Request(
                key=f"{item.id}/{question.id}/{sample}",
                messages=messages,
                image=item.image_path,
                max_tokens=MAX_TOKENS,
                temperature=self.temperature,
                seed=(seed + sample) % _SEEDS,
            )
            reply = await self.backend.complete(request)
            if reply.problem is not None:
                problems.append(_reject(item, question, BACKEND, reply.problem))
                continue
            grounded = GroundedText.parse(tidy(reply.text), dialect=codec, frame=frame)
            problem = _unreadable(grounded, cut=reply.finish == "length")
            if problem is None:
                read.append(grounded)
            else:
                problems.append(_reject(item, question, "unreadable", problem, reply.text))
        if not read:
            return Answered(reject=problems[0])
        chosen, votes = majority(read)
        if self.samples > 1 and 2 * votes <= self.samples:
            reason = f"only {votes} of {self.samples} answers agree"
            return Answered(reject=_reject(item, question, "agreement", reason, chosen.text))
        content, boxes = to_references(chosen, item.width, item.height)
        agreed = (votes, self.samples) if self.samples > 1 else None
        return _record(item, question, content, boxes, self.name, self.prompts, seed, agreed)


def tidy(text: str) -> str:
    """One paragraph without the Markdown marks that models like: bold, bullets, headings."""
    return " ".join(_MARKS.sub("", text).split())


def _unreadable(grounded: GroundedText, *, cut: bool) -> str | None:
    if cut:
        return "the answer was cut at the token limit"
    if grounded.unread:
        return f"it holds boxes that cannot be read: {grounded.unread[0].reason}"
    return None if grounded.text else "the answer is empty"


def _record(
    item: SourceItem,
    question: Question,
    content: str,
    boxes: list[tuple[float, float, float, float]],
    by: str,
    prompts: dict[str, str],
    seed: int,
    votes: tuple[int, int] | None = None,
) -> Answered:
    provenance = Provenance(
        engine=__version__,
        source=item.source,
        item=item.id,
        question_by=question.by,
        answer_by=by,
        prompts={**question.prompts, **prompts},
        seed=seed,
        votes=votes,
    )
    id = f"{item.source}:{item.id}:{question.id}"
    drawn = int(np.random.default_rng([seed, *id.encode()]).integers(len(INSTRUCTIONS)))
    meta: dict[str, object] = {
        "provenance": provenance.model_dump(mode="json"),
        "kind": question.kind,
        "question": question.prompt,
    }
    if question.answer:
        meta["expected"] = question.answer
    if question.missing:
        meta["missing"] = question.missing
    try:
        example = Example(
            id=id,
            image=item.image,
            width=item.width,
            height=item.height,
            task="negative" if question.negative else "scout",
            messages=[
                Message(role="user", content=f"{question.prompt} {INSTRUCTIONS[drawn]}"),
                Message(role="assistant", content=content),
            ],
            boxes=boxes,
            negative=question.negative,
            meta=meta,
        )
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]["msg"].removeprefix("Value error, ")
        return Answered(reject=_reject(item, question, "record", problem, content))
    return Answered(example=example)


def _reject(item: SourceItem, question: Question, check: str, reason: str, text: str = "") -> Reject:
    return Reject(item=item.id, question=question.prompt, stage="answers", check=check, reason=reason, text=text)
