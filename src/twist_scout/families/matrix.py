"""Tries families against laws."""

from __future__ import annotations

import importlib.util
from dataclasses import asdict, dataclass, field
from typing import Any

from twist_scout.errors import BadModel, first_line
from twist_scout.families.catalogue import find_family
from twist_scout.families.laws import LAWS, LawBroken, Subject
from twist_scout.families.tiny import Family


@dataclass(frozen=True)
class Trial:
    """How a family did.

    Attributes:
        family: its model type.
        model: the class of its model, or None where it was not built.
        refused: why TWIST does not wrap it, or why it was not built.
        broken: the laws that it broke, with what went wrong.
        laws: the laws that were tried.
        built: whether transformers could build it here.
        twins: what was twinned, in words.
        note: what its users should know.
    """

    family: str
    model: str | None = None
    built: bool = True
    refused: str | None = None
    broken: dict[str, str] = field(default_factory=dict)
    laws: tuple[str, ...] = ()
    twins: str = ""
    note: str | None = None

    @property
    def passed(self) -> bool:
        """Whether it kept every law."""
        return bool(self.laws) and not self.broken and self.refused is None

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {**asdict(self), "passed": self.passed}


def known_families() -> list[str]:
    """Model types of ``AutoModelForImageTextToText`` in the installed transformers, in alphabetical order."""
    from transformers.models.auto.modeling_auto import MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES

    return sorted(MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES)


def try_family(name: str) -> Trial:
    """Build a family's miniature and put every law to it.

    Raises:
        BadModel: the installed transformers does not know the family.
    """
    family = find_family(name)
    missing = [library for library in family.needs if importlib.util.find_spec(library) is None]
    if missing:
        return Trial(name, built=False, refused=f"needs {', '.join(missing)}, which is not installed")
    try:
        subject = Subject(family)
    except ImportError as error:
        return Trial(name, built=False, refused=f"transformers cannot build it here: {first_line(error)}")
    model = type(subject.base()).__name__
    if family.refused is not None:
        return _refusal(family, subject, model)
    broken = {}
    for law, check in LAWS.items():
        try:
            check(subject)
        except LawBroken as error:
            broken[law] = str(error)
        except Exception as error:  # a model may fail in any way; the table says how
            broken[law] = f"{type(error).__name__}: {first_line(error)}"
    return Trial(name, model, broken=broken, laws=tuple(LAWS), twins=_twins(subject), note=family.note)


def _refusal(family: Family, subject: Subject, model: str) -> Trial:
    """A family in the table of those that TWIST does not wrap has to be refused with a clear sentence."""
    try:
        subject.wrapped()
    except BadModel as error:
        return Trial(family.model_type, model, refused=f"{family.refused} ({first_line(error)})", note=family.note)
    return Trial(family.model_type, model, broken={"refusal": "it is listed as refused, yet TWIST wrapped it"})


def _twins(subject: Subject) -> str:
    """The decoder's networks in words: ``dense, gated, inner size 48``."""
    from twist_scout.twist.plan import make_plan

    return "; ".join(dict.fromkeys(layer.kind for layer in make_plan(subject.base()).layers))
