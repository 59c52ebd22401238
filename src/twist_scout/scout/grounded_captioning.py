"""GIC data by a multimodal model: the paper has CogVLM caption COCO's pictures with boxes (§5).

The run is the engine's: one question for each picture ("Describe the picture and give a box for each object."), whose
answer is the model's caption; so it is checked against the source's boxes, and goes on where it was killed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from twist_scout.data.tasks.annotated import MOST_BOXES
from twist_scout.data.tasks.grounded_captions import gic_example, gic_id
from twist_scout.data.tasks.templates import GIC, chosen
from twist_scout.scout.answers import Answered
from twist_scout.scout.backends.base import Backend
from twist_scout.scout.build_report import BuildReport
from twist_scout.scout.checks import CheckSettings, check
from twist_scout.scout.descriptions import Describer
from twist_scout.scout.items import SourceItem
from twist_scout.scout.pipeline import build
from twist_scout.scout.prompts import Prompts
from twist_scout.scout.questions import Question, Written
from twist_scout.scout.rejects import Reject

#: "A dog and a dog" are two dogs in a caption, where they are one in a chain of thought.
SETTINGS = CheckSettings(skip=frozenset(("same_thing",)))


def caption_pictures(
    source: Any,
    backend: Backend,
    out: str | Path,
    *,
    dialect: str | None = None,
    trained: bool = False,
    prompts: Path | None = None,
    seed: int = 0,
    most_boxes: int = MOST_BOXES,
    least_boxes: int = 1,
    **run: Any,
) -> BuildReport:
    """Have a model caption the pictures of a source.

    Args:
        source: gives the pictures, as in `pipeline.build`.
        backend: the model that sees them.
        out: folder of the run; its ``train.jsonl`` holds the records.
        dialect: how the model writes boxes, where its backend does not say.
        trained: whether it was trained on such captions and needs no instructions.
        prompts: folder with prompts of your own.
        seed: of the run.
        most_boxes: of one phrase; a caption with more is rejected.
        least_boxes: of a caption.
        run: what `pipeline.build` takes beside: ``concurrency``, ``limit``, ``restart``, ``retry``, ``progress``, ...

    Returns:
        The numbers of the run.

    Raises:
        TwistScoutError: as `pipeline.build`.
    """
    describer = _EveryPicture(backend, Prompts("trained" if trained else "default", prompts), dialect=dialect)
    return build(
        source,
        _OneQuestion(seed),
        _CaptionAsAnswer(backend.name, seed, most_boxes, least_boxes),
        out,
        check=lambda example, item: check(example, item, SETTINGS),
        describer=describer,
        seed=seed,
        settings={"task": "gic", "most_boxes": most_boxes, "least_boxes": least_boxes},
        backends=[backend],
        **run,
    )


class _EveryPicture(Describer):
    """Describes pictures that have captions too, and leaves nothing of a picture whose caption cannot be read."""

    @staticmethod
    def wanted(item: SourceItem) -> bool:
        return True

    async def describe(self, item: SourceItem, *, seed: int) -> tuple[SourceItem, Reject | None]:
        described, reject = await super().describe(item, seed=seed)
        own = () if reject is not None else described.captions[:1]
        return described.model_copy(update={"captions": own}), reject


class _OneQuestion:
    """Asks for the caption."""

    name = "rules"

    def __init__(self, seed: int) -> None:
        self.prompts: dict[str, str] = {}
        self._seed = seed

    async def questions(self, item: SourceItem, *, seed: int) -> Written:
        return Written(questions=[Question(id=0, prompt=chosen(GIC, self._seed, gic_id(item)), kind="caption")])


class _CaptionAsAnswer:
    """The caption that the picture was given."""

    def __init__(self, name: str, seed: int, most_boxes: int, least_boxes: int) -> None:
        self.name = name
        self.prompts: dict[str, str] = {}
        self._seed, self._most, self._least = seed, most_boxes, least_boxes

    async def answer(self, item: SourceItem, question: Question, *, seed: int) -> Answered:
        example = gic_example(
            item,
            image=item.image,
            style="given",
            seed=self._seed,
            most_boxes=self._most,
            least_boxes=self._least,
        )
        if example is not None:
            return Answered(example=example)
        reason = f"it has fewer boxes than {self._least}, or a phrase with more than {self._most}"
        return Answered(
            reject=Reject(
                item=item.id,
                question=question.prompt,
                stage="answers",
                check="boxes",
                reason=reason,
                text=item.captions[0],
            )
        )
