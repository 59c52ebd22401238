"""What this project needs, as its own packaging says: of a checkout its pyproject.toml, else what was installed."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement

NAME = "twist-scout"
#: For those who work on the project, not for those who work with it.
_OF_DEVELOPERS = frozenset(("dev", "docs", "test"))


@dataclass(frozen=True)
class Declared:
    """What is needed.

    Attributes:
        python: versions of Python, such as ``>=3.11``; empty where it is not known.
        core: libraries without which nothing works.
        extras: optional ones, by the name of their group.
    """

    python: str
    core: tuple[Requirement, ...]
    extras: Mapping[str, tuple[Requirement, ...]]


@cache
def declared() -> Declared:
    """What this project needs; empty where nothing tells."""
    found = _checkout()
    return _installed() if found is None else found


def _checkout() -> Declared | None:
    file = Path(__file__).parents[3] / "pyproject.toml"
    try:
        project = tomllib.loads(file.read_text(encoding="utf-8"))["project"]
        if project["name"] != NAME:
            return None
        extras = {name: _parsed(lines) for name, lines in project.get("optional-dependencies", {}).items()}
        return Declared(project.get("requires-python", ""), _parsed(project["dependencies"]), _of_users(extras))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _installed() -> Declared:
    try:
        said = metadata(NAME)
    except PackageNotFoundError:
        return Declared("", (), {})
    lines = _parsed(said.get_all("Requires-Dist") or [])
    extras = {
        name: tuple(
            one for one in lines if one.marker and not one.marker.evaluate() and one.marker.evaluate({"extra": name})
        )
        for name in said.get_all("Provides-Extra") or []
    }
    core = tuple(one for one in lines if one.marker is None or one.marker.evaluate({"extra": ""}))
    return Declared((said.get_all("Requires-Python") or [""])[0], core, _of_users(extras))


def _of_users(extras: Mapping[str, tuple[Requirement, ...]]) -> dict[str, tuple[Requirement, ...]]:
    return {name: tuple(_spread(name, extras, ())) for name in extras if name not in _OF_DEVELOPERS}


def _spread(name: str, extras: Mapping[str, tuple[Requirement, ...]], within: tuple[str, ...]) -> Iterator[Requirement]:
    """What is in a group, the groups that it names itself by ``twist-scout[other]`` taken apart."""
    for one in extras.get(name, ()):
        if one.name != NAME:
            yield one
        else:
            for other in sorted(one.extras - {name, *within}):
                yield from _spread(other, extras, (*within, name))


def _parsed(lines: Iterable[str]) -> tuple[Requirement, ...]:
    found = []
    for line in lines:
        try:
            found.append(Requirement(line))
        except InvalidRequirement:
            continue
    return tuple(found)
