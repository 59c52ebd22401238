"""Tries families against laws."""

from __future__ import annotations

import difflib
import importlib.util
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from peft import get_peft_model

from twist_scout.errors import BadModel, first_line
from twist_scout.families.catalogue import find_family
from twist_scout.families.laws import LAWS, LawBroken, Subject
from twist_scout.families.tiny import Family
from twist_scout.twist.config import TwistConfig
from twist_scout.twist.plan import make_plan


@dataclass(frozen=True)
class Trial:
    """How a family did.

    Attributes:
        family: its model type.
        model: the class of its model, or None where it was not built.
        refused: why TWIST does not wrap it, or why it was not built.
        broken: the laws that it broke, with what went wrong; ``inputs`` where its miniature cannot be made or read,
            ``refusal`` where it is not refused as the catalogue says.
        laws: the laws that were tried; none beyond ``wraps`` where it is not kept.
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


def check_families(names: Sequence[str]) -> list[str]:
    """The same names, each once; all that are known where none is given.

    Raises:
        BadModel: the installed transformers has no such family; names those that are written nearly so.
    """
    known = known_families()
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=4)
            remedy = f"did you mean {' or '.join(near)}?" if near else "without a name, all that it knows are tried."
            raise BadModel(f"The installed transformers has no family {name!r} for pictures and text: {remedy}")
    return list(dict.fromkeys(names)) or known


def try_family(name: str) -> Trial:
    """Build a family's miniature and put every law to it.

    Raises:
        BadModel: the installed transformers does not know the family.
    """
    check_families([name])
    family = find_family(name)
    missing = [library for library in family.needs if importlib.util.find_spec(library) is None]
    if missing:
        return Trial(name, built=False, refused=f"needs {', '.join(missing)}, which is not installed", note=family.note)
    try:
        if family.refused is not None:
            return _refusal(family)
        subject = Subject(family)
    except ImportError as error:
        return Trial(name, built=False, refused=f"transformers cannot build it here: {first_line(error)}")
    except Exception as error:  # a family that the catalogue does not describe well enough
        return Trial(name, broken={"inputs": _words(error)}, note=family.note)
    broken: dict[str, str] = {}
    tried = []
    for law, check in LAWS.items():
        tried.append(law)
        try:
            check(subject)
        except Exception as error:  # a model may fail in any way; the table says how
            broken[law] = _words(error)
        if "wraps" in broken:
            break
    model, twins = type(subject.base()).__name__, "" if "wraps" in broken else _twins(subject)
    return Trial(name, model, broken=broken, laws=tuple(tried), twins=twins, note=family.note)


def _words(error: Exception) -> str:
    return str(error) if isinstance(error, LawBroken) else f"{type(error).__name__}: {first_line(error)}"


def _refusal(family: Family) -> Trial:
    """A family in the table of those that TWIST does not wrap has to be refused with a clear sentence."""
    base = family.model()
    kind = type(base).__name__
    try:
        get_peft_model(base, TwistConfig())
    except BadModel as error:
        return Trial(family.model_type, kind, refused=" ".join(str(error).split()), note=family.note)
    return Trial(family.model_type, kind, broken={"refusal": "it is listed as refused, yet TWIST wraps it"})


def _twins(subject: Subject) -> str:
    """The decoder's networks in words: ``dense, gated, inner size 48``; nothing where they cannot be planned."""
    try:
        layers = make_plan(subject.base()).layers
    except Exception:  # a law has said so
        return ""
    return "; ".join(dict.fromkeys(layer.kind for layer in layers))
