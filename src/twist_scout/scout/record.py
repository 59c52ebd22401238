"""Where a record of the engine comes from, and what its checks said: the ``meta`` of its :class:`Example`."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from twist_scout.data.records import Example

Outcome = Literal["passed", "failed", "skipped"]


class Verdict(BaseModel):
    """What one check said about one record.

    Attributes:
        check: its name.
        outcome: ``skipped`` where the check has nothing to say (no truth to compare with, for example).
        reason: one sentence, for ``failed``; empty otherwise.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    check: str
    outcome: Outcome
    reason: str = ""


class Provenance(BaseModel):
    """Where a record comes from.

    Attributes:
        engine: version of the package that made it.
        source: the reader, and ``item``, the id of the picture's item in it.
        question_by: backend that wrote the question: ``rules``, ``openai:MODEL@URL``, ...
        answer_by: backend that wrote the answer.
        prompts: versions of the prompts that were used, ``{"positive": "1"}``.
        seed: of the run.
        votes: with self-consistency, (agreeing, asked); None without.
        absence_by: backend that was asked for what a negative record calls missing; None where nobody was.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    engine: str
    source: str
    item: str
    question_by: str
    answer_by: str
    prompts: dict[str, str] = Field(default_factory=dict)
    seed: int = 0
    votes: tuple[int, int] | None = None
    absence_by: str | None = None


def with_verdicts(example: Example, verdicts: list[Verdict]) -> Example:
    """The record with the outcomes of checks, ``{"grammar": "passed", ...}``, under ``meta["verdicts"]``, beside older ones."""
    outcomes = {verdict.check: verdict.outcome for verdict in verdicts}
    known = example.meta.get("verdicts") or {}
    return example.model_copy(update={"meta": {**example.meta, "verdicts": {**known, **outcomes}}})


def with_absence(example: Example, by: str, prompts: dict[str, str]) -> Example:
    """The record with a note in its provenance on who was asked for what it calls missing, and by which prompts."""
    provenance = provenance_of(example)
    if provenance is None:
        return example
    noted = provenance.model_copy(update={"prompts": {**provenance.prompts, **prompts}, "absence_by": by})
    return example.model_copy(update={"meta": {**example.meta, "provenance": noted.model_dump(mode="json")}})


def provenance_of(example: Example) -> Provenance | None:
    """A record's provenance, if the engine made it.

    Raises:
        pydantic.ValidationError: it has one, but not a valid one.
    """
    found: Any = example.meta.get("provenance")
    return None if found is None else Provenance.model_validate(found)
