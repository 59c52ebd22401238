"""What the stages are made of, as plain values: one description for this process and for those of a cluster."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, Protocol

from twist_scout.data.nouns import load_tables
from twist_scout.data.records import Example
from twist_scout.scout.backends import Backend, BackendOptions, make_backend
from twist_scout.scout.checks import CheckSettings, check
from twist_scout.scout.image_references import ImageReferences
from twist_scout.scout.items import SourceItem
from twist_scout.scout.record import Verdict
from twist_scout.scout.roles import RULES, make_roles
from twist_scout.scout.stages import Stages


class Connect(Protocol):
    """Gives a backend for its short name; :func:`make_backend` is one."""

    def __call__(self, spec: str, options: BackendOptions | None = None, *, sees: bool = True) -> Backend:
        """The backend ``spec``; ``sees``: whether pictures will come with the requests."""


class Made(NamedTuple):
    """Stages that are ready to work, and the backends to close when they are done."""

    stages: Stages
    backends: tuple[Backend, ...] = ()


class Endpoint(NamedTuple):
    """A backend outside of all processes of a run: the arguments of :class:`Connect`."""

    spec: str
    options: BackendOptions
    sees: bool


class StagesFactory(Protocol):
    """Makes stages where they are needed; it is sent there, models and connections are not."""

    @property
    def in_process(self) -> bool:
        """Whether a model is loaded into each process that makes stages."""

    def endpoints(self) -> Sequence[Endpoint]:
        """What all processes share; ``make`` asks ``connect`` for each of them."""

    def make(self, connect: Connect = make_backend) -> Made:
        """The stages.

        Raises:
            BadConfig: something does not fit.
            BadModel: a model cannot be loaded.
        """


@dataclass(frozen=True)
class StagesSpec:
    """The stages as the command line describes them.

    Attributes:
        out: folder that the records go to; they name their pictures from there.
        llm: who writes questions: ``rules``, or a name for :func:`make_backend`.
        mllm: who sees the pictures and answers.
        asks: about the LLM.
        sees: about the MLLM; its ``dialect`` is how answers are read.
        positives: questions per picture about what is there.
        negatives: questions per picture about what is not.
        samples: answers per question.
        prompts: folder with prompts of your own.
        trained: whether the MLLM was trained on such data and needs no instructions.
        ask_absence: whether the MLLM is asked for what negative records call missing.
        checks: what records are judged by.
        seed: of the run.
        copy_images: copy the pictures of records to ``out``.
    """

    out: Path
    llm: str = RULES
    mllm: str = RULES
    asks: BackendOptions = field(default_factory=BackendOptions)
    sees: BackendOptions = field(default_factory=BackendOptions)
    positives: int = 4
    negatives: int = 1
    samples: int = 1
    prompts: Path | None = None
    trained: bool = False
    ask_absence: bool = False
    checks: CheckSettings = field(default_factory=CheckSettings)
    seed: int = 0
    copy_images: bool = False

    @property
    def in_process(self) -> bool:
        """Whether one of the two is a model that each process loads."""
        return any(name != RULES and not is_endpoint(name) for name in (self.llm, self.mllm))

    def endpoints(self) -> list[Endpoint]:
        """Those of the two that are endpoints."""
        sees = [] if self.mllm == RULES else [Endpoint(self.mllm, self.sees, True)]
        asks = [] if self.llm == RULES or self._one_for_both else [Endpoint(self.llm, self.asks, False)]
        return [one for one in (*asks, *sees) if is_endpoint(one.spec)]

    def make(self, connect: Connect = make_backend) -> Made:
        """The stages, in this process.

        Raises:
            BadConfig: there is no such backend, the roles do not fit, or a library is missing.
            BadModel: a model cannot be loaded.
        """
        sees = None if self.mllm == RULES else connect(self.mllm, self.sees)
        asks = sees if self._one_for_both else None if self.llm == RULES else connect(self.llm, self.asks, sees=False)
        roles = make_roles(
            asks,
            sees,
            positives=self.positives,
            negatives=self.negatives,
            samples=self.samples,
            prompts=self.prompts,
            dialect=self.sees.dialect,
            trained=self.trained,
            ask_absence=self.ask_absence,
        )
        settings = self.checks
        load_tables()

        def judge(example: Example, item: SourceItem) -> list[Verdict]:
            return check(example, item, settings)

        references = ImageReferences(self.out, copy=self.copy_images)
        stages = Stages(roles.writer, roles.answerer, judge, references, roles.describer, self.seed, roles.absence)
        return Made(stages, tuple(dict.fromkeys(backend for backend in (asks, sees) if backend is not None)))

    @property
    def _one_for_both(self) -> bool:
        """Whether one model has both roles: one name and one key."""
        return self.llm == self.mllm and self.asks.key_variable == self.sees.key_variable


@dataclass(frozen=True)
class ReadyStages:
    """Stages of your own that need no making. For a cluster they must be such that they can be pickled.

    Attributes:
        stages: the stages.
    """

    stages: Stages
    in_process: bool = False

    def endpoints(self) -> list[Endpoint]:
        """None."""
        return []

    def make(self, connect: Connect = make_backend) -> Made:
        """The stages as they are."""
        return Made(self.stages)


def is_endpoint(spec: str) -> bool:
    """Whether a backend's name is that of a server, which all processes of a run can share."""
    return spec.strip().startswith("openai:")
