"""Puts all checks to a record."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from twist_scout.data.records import Example
from twist_scout.errors import BadConfig
from twist_scout.scout.checks import form, truth
from twist_scout.scout.checks.form import SKIPPED
from twist_scout.scout.checks.reading import Reading, read_record
from twist_scout.scout.checks.settings import CheckSettings
from twist_scout.scout.items import SourceItem
from twist_scout.scout.record import Outcome, Verdict

_FORM: dict[str, Callable[[Example, Reading, CheckSettings], str | None]] = {
    "grammar": form.grammar,
    "boxes": form.boxes,
    "same_thing": form.same_thing,
    "final_answer": form.final_answer,
    "expected": form.expected_answer,
    "asked_thing": form.asked_thing,
}
_TRUTH: dict[str, Callable[[Example, Reading, CheckSettings, SourceItem], str | None]] = {
    "absence": truth.absence,
    "annotation": truth.annotation,
    "attributes": truth.attributes,
}
#: Names of all checks, in the order in which they are made.
CHECKS: tuple[str, ...] = (*_FORM, *_TRUTH)
_DEFAULT = CheckSettings()


def check(example: Example, item: SourceItem | None = None, settings: CheckSettings = _DEFAULT) -> list[Verdict]:
    """What every check says about a record.

    Args:
        example: the record.
        item: what the source knows about its picture; without it three checks are skipped.
        settings: thresholds, and checks to leave out.

    Raises:
        BadConfig: the settings leave out a check that there is not.
    """
    skip = settings.skip
    if skip and (unknown := sorted(skip.difference(CHECKS))):
        raise BadConfig(f"There is no check {unknown[0]!r}; the checks are {', '.join(CHECKS)}.")
    reading = read_record(example)
    verdicts = [
        _SKIPPED[name] if name in skip else _verdict(name, made(example, reading, settings))
        for name, made in _FORM.items()
    ]
    for name, compared in _TRUTH.items():
        if item is None or name in skip:
            verdicts.append(_SKIPPED[name])
        else:
            verdicts.append(_verdict(name, compared(example, reading, settings, item)))
    return verdicts


def failures(verdicts: Iterable[Verdict]) -> list[Verdict]:
    """Those that failed."""
    return [verdict for verdict in verdicts if verdict.outcome == "failed"]


def _verdict(name: str, said: str | None) -> Verdict:
    if said is None:
        return _PASSED[name]
    return _SKIPPED[name] if said == SKIPPED else Verdict(check=name, outcome="failed", reason=said)


def _each(outcome: Outcome) -> dict[str, Verdict]:
    return {name: Verdict(check=name, outcome=outcome) for name in CHECKS}


_PASSED, _SKIPPED = _each("passed"), _each("skipped")
