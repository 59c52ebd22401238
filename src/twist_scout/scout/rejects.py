"""What did not become a record, and why: a line of ``rejects.jsonl``."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from twist_scout.data.records import Example

Stage = Literal["source", "questions", "answers", "checks", "duplicates"]

#: Names of :attr:`Reject.check` that are not checks of the data: the model gave no reply after all tries, or the engine
#: itself failed. Such items may succeed another time; the others would be rejected again.
BACKEND = "backend"
ENGINE = "engine"


class Reject(BaseModel):
    """Something that was turned down.

    Attributes:
        item: id of the source item.
        question: what was asked; empty where nothing was asked yet.
        stage: where it was turned down.
        check: the rule that turned it down, a word for tables: a check's name, ``unreadable``, ``backend``, ...
        reason: one sentence.
        text: what the model wrote, as it wrote it.
        example: the whole record, where one was made.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    item: str
    question: str = ""
    stage: Stage
    check: str = Field(min_length=1)
    reason: str
    text: str = ""
    example: Example | None = None

    @property
    def may_succeed(self) -> bool:
        """Whether another try may end otherwise, because no model's words were judged."""
        return self.check in (BACKEND, ENGINE)
