"""What came out of trying families, for a terminal, for JSON and for ``docs/models.md``."""

from __future__ import annotations

import inspect
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any

from twist_scout.families.laws import LAWS
from twist_scout.families.matrix import Trial

LIBRARIES = ("transformers", "torch", "peft")


def library_versions() -> dict[str, str]:
    """Versions of the libraries that the result depends on."""
    return {name: version(name) for name in LIBRARIES}


@dataclass(frozen=True)
class Report:
    """How several families did.

    Attributes:
        trials: one for each family.
        versions: of the libraries, by name.
    """

    trials: Sequence[Trial]
    versions: dict[str, str] = field(default_factory=library_versions)

    @property
    def built(self) -> list[Trial]:
        """The families that transformers can build here."""
        return [trial for trial in self.trials if trial.built]

    @property
    def passed(self) -> list[Trial]:
        """Those that keep every law."""
        return [trial for trial in self.trials if trial.passed]

    @property
    def broken(self) -> list[Trial]:
        """Those that break a law."""
        return [trial for trial in self.trials if trial.broken]

    @property
    def summary(self) -> str:
        """The ratio, in a sentence."""
        return (
            f"{len(self.passed)} of {len(self.built)} families that transformers {self.versions['transformers']} "
            "can build here keep every law"
        )

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "summary": self.summary,
            "passed": len(self.passed),
            "built": len(self.built),
            "versions": self.versions,
            "laws": describe_laws(),
            "families": [trial.to_dict() for trial in self.trials],
        }

    def to_markdown(self, command: Sequence[str]) -> str:
        """A page for the documentation.

        Args:
            command: the words of the command that made it.
        """
        page = [_INTRODUCTION.format(summary=self.summary), _laws(), _LIMITS]
        page.append(
            _section("Families that keep every law", self.passed, ("family", "class", "twinned", "note"), _kept)
        )
        page.append(
            _section("Families that break a law", self.broken, ("family", "class", "law", "what went wrong"), _faults)
        )
        refused = [trial for trial in self.built if trial.refused is not None]
        page.append(_section("Families that TWIST does not wrap", refused, ("family", "class", "reason"), _refusals))
        absent = [trial for trial in self.trials if not trial.built]
        page.append(_section("Families that were not built", absent, ("family", "reason"), _absences))
        used = ", ".join(f"{name} {number}" for name, number in self.versions.items())
        page.append(f"## Made with\n\n{used}\n\n```bash\n{shlex.join(command)}\n```")
        return "\n\n".join(part for part in page if part) + "\n"


def describe_laws() -> dict[str, str]:
    """Each law's name with what it promises, from its docstring."""
    return {name: " ".join((inspect.getdoc(law) or "").split("\n\n")[0].split()) for name, law in LAWS.items()}


def result_of(trial: Trial) -> str:
    """How one family did, in a few words: what it broke, why it was refused, or how many laws it keeps."""
    if trial.broken:
        return "; ".join(f"{law}: {problem}" for law, problem in trial.broken.items())
    return trial.refused or f"all {len(trial.laws)}"


# --- the page ---

_INTRODUCTION = """# Models

**{summary}.**

A *family* is a model type of transformers, such as `qwen3_vl` or `llava`: all checkpoints of a family run the same
code, whatever their size. Here every family is tried in *miniature*: a model of the family's own class, with a few
narrow layers and random weights, and inputs of the form that the family's processor makes. Nothing is downloaded. TWIST
is put on the miniature with its default options, and has to keep these laws:"""

_LIMITS = """The weights are random, so this proves the mechanics and not the quality: that TWIST finds the right networks
of the text decoder, trains nothing else, and gives the base back bit for bit. How well a family learns to point is for
a real checkpoint to show."""


def _laws() -> str:
    return "\n".join(f"- **{name}**: {promise.replace('``', '`')}" for name, promise in describe_laws().items())


def _kept(trial: Trial) -> Iterable[tuple[str, ...]]:
    yield _code(trial.family), _code(trial.model), trial.twins, trial.note or ""


def _faults(trial: Trial) -> Iterable[tuple[str, ...]]:
    for law, problem in trial.broken.items():
        yield _code(trial.family), _code(trial.model), law, problem


def _refusals(trial: Trial) -> Iterable[tuple[str, ...]]:
    yield _code(trial.family), _code(trial.model), trial.refused or ""


def _absences(trial: Trial) -> Iterable[tuple[str, ...]]:
    yield _code(trial.family), trial.refused or ""


def _section(title: str, trials: Sequence[Trial], columns: Sequence[str], rows: Any) -> str:
    """A headline and a table, or nothing where there are no trials."""
    if not trials:
        return ""
    lines = [columns, ["---"] * len(columns), *(row for trial in trials for row in rows(trial))]
    return f"## {title}\n\n" + "\n".join(f"| {' | '.join(_cell(text) for text in line)} |" for line in lines)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", r"\|")


def _code(name: str | None) -> str:
    return f"`{name}`" if name else ""
