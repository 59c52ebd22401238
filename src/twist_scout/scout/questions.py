"""Step one of the engine: questions about a picture, from its captions (§4, Figures A.5 and A.6).

*Positive* questions ask what, who or where about things in the caption. *Negative* ones ask about something that is not
there; their answer, a contradiction in the boxes of what is there, is written here and not by the model, so that no box
can be copied wrongly.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from pydantic import BaseModel, ConfigDict

from twist_scout.boxes.dialects import get_dialect
from twist_scout.boxes.frame import Stretched
from twist_scout.data.records import Example, Message, render_messages
from twist_scout.errors import BadConfig
from twist_scout.scout.backends.base import Backend, Request
from twist_scout.scout.contradiction import contradiction
from twist_scout.scout.items import SourceItem
from twist_scout.scout.prompts import Prompts
from twist_scout.scout.question_text import read_questions
from twist_scout.scout.references import without_references
from twist_scout.scout.rejects import Reject

TOKENS_PER_QUESTION = 48
_SEEDS = 2**31


class Question(BaseModel):
    """A question about a picture.

    Attributes:
        id: number of the question within its item, from 0.
        prompt: the question.
        answer: the short answer that is expected; empty if not known.
        negative: whether it asks about something that is not there.
        missing: what is not there, of a negative question.
        kind: ``prompted``, or which rule made it: ``attribute``, ``relation``, ``where``, ``who``.
        reply: the whole answer where it is settled already, with references into the item's boxes; of every negative
            question and of every rule.
        by: who wrote it, and ``prompts``, the versions of what that model was told.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: int
    prompt: str
    answer: str = ""
    negative: bool = False
    missing: str = ""
    kind: str = "prompted"
    reply: str | None = None
    by: str = ""
    prompts: dict[str, str] = {}


class Written(BaseModel):
    """What step one gave for an item: questions, and what was written and cannot be used."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    questions: list[Question] = []
    rejects: list[Reject] = []


class QuestionWriter(Protocol):
    """Writes questions: a language model, or rules."""

    name: str
    prompts: dict[str, str]

    async def questions(self, item: SourceItem, *, seed: int) -> Written:
        """Questions about an item; deterministic by ``seed`` as far as what does the work is."""
        ...


class PromptedQuestions:
    """A language model writes the questions.

    Args:
        backend: the language model. It sees words alone.
        prompts: what it is told.
        positives: how many questions to ask for about things that are there.
        negatives: how many about things that are not.
        temperature: 0 is greedy.
    """

    def __init__(
        self, backend: Backend, prompts: Prompts, *, positives: int = 4, negatives: int = 1, temperature: float = 0.0
    ) -> None:
        if positives < 0 or negatives < 0 or positives + negatives == 0:
            raise BadConfig("There is nothing to do: ask for at least one positive or negative question per picture.")
        self.backend, self._prompts, self.temperature = backend, prompts, temperature
        self.counts = {"questions": positives, "negatives": negatives}
        self.name = backend.name
        self.prompts = prompts.versions(*(name for name, count in self.counts.items() if count))

    async def questions(self, item: SourceItem, *, seed: int) -> Written:
        """Ask for questions about one caption of the item; several captions take turns by seed."""
        if not item.captions:
            return Written(rejects=[_reject(item, "caption", "the picture has no caption to ask about", "")])
        chosen = np.random.default_rng([seed, len(item.captions)]).integers(len(item.captions))
        caption = item.captions[int(chosen)]
        written: list[Question] = []
        rejects: list[Reject] = []
        for name, count in self.counts.items():
            if not count:
                continue
            reply = await self.backend.complete(self._request(name, item, caption, count, seed))
            if reply.problem is not None:
                rejects.append(_reject(item, "backend", reply.problem, ""))
                continue
            found = read_questions(reply.text, about=without_references(caption), negative=name == "negatives")
            rejects += [_reject(item, bad.check, bad.reason, bad.text) for bad in found.unusable]
            for asked in found.usable[:count]:
                written.append(
                    Question(
                        id=len(written),
                        prompt=asked.question,
                        answer=asked.answer,
                        negative=bool(asked.missing),
                        missing=asked.missing,
                        reply=contradiction(item, asked.missing, caption=caption) if asked.missing else None,
                        by=self.name,
                        prompts=self._prompts.versions(name),
                    )
                )
        return Written(questions=written, rejects=rejects)

    def _request(self, name: str, item: SourceItem, caption: str, count: int, seed: int) -> Request:
        return Request(
            key=f"{item.id}/{name}",
            messages=self._prompts[name].messages(description=described(item, caption), count=count),
            max_tokens=TOKENS_PER_QUESTION * count,
            temperature=self.temperature,
            seed=seed % _SEEDS,
        )


def described(item: SourceItem, caption: str) -> str:
    """A caption with its boxes in pixels behind its phrases, as in Figure A.5."""
    spoken = Example(
        id=item.id,
        image=item.image,
        width=item.width,
        height=item.height,
        task="gic",
        messages=[Message(role="user", content=caption)],
        boxes=list(item.boxes),
    )
    frame = Stretched((item.width, item.height))
    return render_messages(spoken, get_dialect("pixels", frame), frame)[0]["content"]


def _reject(item: SourceItem, check: str, reason: str, text: str) -> Reject:
    return Reject(item=item.id, stage="questions", check=check, reason=reason, text=text)
