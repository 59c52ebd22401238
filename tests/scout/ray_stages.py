"""Rules that take their time, or end the process that they are in: what the tests of the engine on Ray work with.

They are pickled by value (see ``conftest`` of the cluster), for the processes of Ray cannot import tests.
"""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from twist_scout.scout.backends import make_backend
from twist_scout.scout.items import SourceItem
from twist_scout.scout.questions import QuestionWriter, Written
from twist_scout.scout.stages_spec import Connect, Made, StagesSpec


@dataclass
class Slow:
    """Writes what another writer writes, later."""

    writer: QuestionWriter
    pause: float
    slowest: str | None
    deadly: str | None
    once: Path | None

    @property
    def name(self) -> str:
        return self.writer.name

    @property
    def prompts(self) -> dict[str, str]:
        return self.writer.prompts

    async def questions(self, item: SourceItem, *, seed: int) -> Written:
        await asyncio.sleep(3.0 if item.id == self.slowest else self.pause)
        if item.id == self.deadly and (self.once is None or not self.once.exists()):
            if self.once is not None:
                self.once.touch()
            os._exit(1)
        return await self.writer.questions(item, seed=seed)


@dataclass(frozen=True)
class SlowRules(StagesSpec):
    """The rules with a pause before each item.

    Attributes:
        pause: in seconds.
        slowest: id of an item with a pause of three seconds.
        deadly: id of an item that ends its process.
        once: a file; with it the item does so once.
    """

    pause: float = 0.05
    slowest: str | None = None
    deadly: str | None = None
    once: Path | None = None

    def make(self, connect: Connect = make_backend) -> Made:
        made = super().make(connect)
        slow: Any = Slow(made.stages.writer, self.pause, self.slowest, self.deadly, self.once)
        return made._replace(stages=replace(made.stages, writer=slow))
