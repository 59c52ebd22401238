"""All that is looked at, in the order in which it matters."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from twist_scout.errors import first_line
from twist_scout.machine.finding import Finding, Status
from twist_scout.machine.hardware import check_compiler, check_cpu, check_disk, check_gpu
from twist_scout.machine.hub import check_hub
from twist_scout.machine.libraries import check_core, check_extras, check_python
from twist_scout.machine.pocket import check_pocket

Look = Callable[[], Finding | Iterable[Finding]]


def check_machine(*, offline: bool = False) -> Iterator[Finding]:
    """Look at everything; each finding comes as soon as it is there.

    Args:
        offline: do not ask the hub.
    """
    looks: tuple[tuple[str, Status, Look], ...] = (
        ("python", "problem", check_python),
        ("libraries", "problem", check_core),
        ("pocket model", "problem", check_pocket),
        ("gpu", "warning", check_gpu),
        ("cpu", "warning", check_cpu),
        ("c++ compiler", "warning", check_compiler),
        ("hub", "warning", lambda: check_hub(skip=offline)),
        ("model cache", "warning", check_disk),
        ("extras", "warning", check_extras),
    )
    for name, weight, look in looks:
        yield from guarded(name, weight, look)


def guarded(name: str, weight: Status, look: Look) -> Iterator[Finding]:
    """What a look finds; one that fails itself is a finding too, for a broken library raises anything at all.

    Args:
        name: of what is looked at.
        weight: of a failure.
        look: the look.
    """
    try:
        found = look()
        yield from [found] if isinstance(found, Finding) else found
    except Exception as error:
        told = f"could not be looked at ({type(error).__name__}: {first_line(error)})"
        yield Finding(name, weight, told, "mend what stands above first, then ask again")
