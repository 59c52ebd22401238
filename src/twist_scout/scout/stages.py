"""The stages that one item goes through; the same for every engine that runs them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from twist_scout.data.records import Example
from twist_scout.scout.answers import Answerer
from twist_scout.scout.image_references import ImageReferences
from twist_scout.scout.item_work import ItemWork
from twist_scout.scout.items import SourceItem
from twist_scout.scout.outcome import ItemOutcome, item_seed
from twist_scout.scout.questions import QuestionWriter
from twist_scout.scout.record import Verdict
from twist_scout.scout.rejects import Reject
from twist_scout.scout.versions import versions_in_use

Check = Callable[[Example, SourceItem], list[Verdict]]


class ItemDescriber(Protocol):
    """Captions pictures that lack a grounded caption."""

    name: str
    prompts: dict[str, str]

    def wanted(self, item: SourceItem) -> bool:
        """Whether an item needs it."""

    async def describe(self, item: SourceItem, *, seed: int) -> tuple[SourceItem, Reject | None]:
        """The item with a caption, or as it was and why."""


class AbsenceJudge(Protocol):
    """Says of negative records whether what they call missing really is not there."""

    name: str
    prompts: dict[str, str]

    async def verdict(self, item: SourceItem, example: Example, *, seed: int) -> Verdict | Reject:
        """What it found, or why it found nothing."""


@dataclass(frozen=True)
class Stages:
    """What is done with an item: describe (where needed), ask, answer, check.

    Attributes:
        writer: writes the questions.
        answerer: answers them.
        check: judges a record.
        references: how records name their pictures.
        describer: captions pictures that lack one; None: they stay as they are.
        absence: looks for what negative records call missing, once they have passed everything else; None: nobody does.
        seed: of the run.
    """

    writer: QuestionWriter
    answerer: Answerer
    check: Check
    references: ImageReferences
    describer: ItemDescriber | None = None
    seed: int = 0
    absence: AbsenceJudge | None = None

    async def work(self, index: int, item: SourceItem) -> ItemOutcome:
        """All that an item gives. What fails for this item alone is a reject.

        Raises:
            BackendDown: a model answers nobody; the item is not done.
            BudgetSpent: no tokens are left; the item is not done.
            BadConfig: something is wrong with the run and not with the item.
        """
        return await ItemWork(self, index, item, item_seed(self.seed, item.id)).run()

    def settings(self) -> dict[str, Any]:
        """Who does the work and what they are told, JSON-ready."""
        roles: dict[str, Any] = {
            "questions": self.writer,
            "answers": self.answerer,
            "captions": self.describer,
            "absence": self.absence,
        }
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
