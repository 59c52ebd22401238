"""Who writes the questions and who answers them, from what the user names."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from twist_scout.errors import BadConfig
from twist_scout.scout.absence import AbsenceQuestions
from twist_scout.scout.answers import Answerer, PromptedAnswers, SettledAnswers
from twist_scout.scout.descriptions import Describer
from twist_scout.scout.prompts import Prompts
from twist_scout.scout.questions import PromptedQuestions, QuestionWriter
from twist_scout.scout.rules import RuleQuestions

RULES = "rules"


@dataclass(frozen=True)
class Roles:
    """The two roles of §4; who describes pictures that lack a grounded caption (nobody, where rules answer); and who looks for
    what negative records call missing (nobody, if not wanted).
    """

    writer: QuestionWriter
    answerer: Answerer
    describer: Describer | None = None
    absence: AbsenceQuestions | None = None


def make_roles(
    llm: Any,
    mllm: Any,
    *,
    positives: int = 4,
    negatives: int = 1,
    samples: int = 1,
    prompts: Path | None = None,
    dialect: str | None = None,
    trained: bool = False,
    ask_absence: bool = False,
) -> Roles:
    """Give out the roles.

    Args:
        llm: backend that writes questions; None for the rules.
        mllm: backend that sees pictures and answers; None for the rules.
        positives: questions per picture about what is there.
        negatives: questions per picture about what is not.
        samples: answers per question (self-consistency).
        prompts: folder with prompts of your own.
        dialect: how the MLLM writes boxes, where its backend does not say.
        trained: whether the MLLM was trained on such data and needs no instructions.
        ask_absence: whether the MLLM is to be asked for what negative records call missing.

    Raises:
        BadConfig: rules cannot answer what a language model asks freely; or the numbers or prompts do not fit.
    """
    if mllm is None and llm is not None:
        raise BadConfig("Rules can answer only the questions of rules: name the model that sees the pictures (--mllm).")
    if ask_absence and mllm is None:
        raise BadConfig("There is nobody to look for what is missing: name the model that sees the pictures (--mllm).")
    if ask_absence and not negatives:
        raise BadConfig(
            "There is nothing to ask about absence: ask for negative questions (--negatives), or leave it out."
        )
    writer: QuestionWriter = (
        RuleQuestions(positives=positives, negatives=negatives)
        if llm is None
        else PromptedQuestions(llm, Prompts("default", prompts), positives=positives, negatives=negatives)
    )
    if mllm is None:
        return Roles(writer, SettledAnswers())
    told = Prompts("trained" if trained else "default", prompts)
    answerer = PromptedAnswers(mllm, told, dialect=dialect, samples=samples)
    absence = AbsenceQuestions(mllm, told) if ask_absence else None
    return Roles(writer, answerer, Describer(mllm, told, dialect=dialect), absence)
