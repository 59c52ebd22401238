"""One alternative of a grammar's rule, read: texts, slots and choices."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from twist_scout.errors import BadConfig


@dataclass(frozen=True, slots=True)
class Slot:
    """A place in a template that a phrase or a word fills."""

    name: str
    plural: bool = False
    swap: tuple[str, str] | None = None

    def __str__(self) -> str:
        return f"{{{self.name}{':s' if self.plural else ''}}}"


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several sequences."""

    options: tuple[Sequenced, ...]


Node = str | Slot | Choice
Sequenced = tuple[Node, ...]


def parse(text: str) -> Sequenced:
    """Read one alternative of a rule.

    Raises:
        BadConfig: brackets that do not match.
    """
    pieces = [
        m[0] for m in re.finditer(r"\\.|\{[a-z_]+(?:~[a-z_]+>[a-z_]+)?(?::s)?\}|[(|)]|[^\\{(|)]+|.", text, re.DOTALL)
    ]
    nodes, rest = _sequence(pieces, 0, inside=False)
    if rest < len(pieces):
        raise BadConfig(f"The grammar's alternative {text!r} has a bracket too many: balance it.")
    return nodes


def _sequence(pieces: list[str], at: int, *, inside: bool) -> tuple[Sequenced, int]:
    nodes: list[Node] = []
    while at < len(pieces):
        piece = pieces[at]
        if piece == "(":
            options: list[Sequenced] = []
            while at < len(pieces) and pieces[at] in "(|":
                option, at = _sequence(pieces, at + 1, inside=True)
                options.append(option)
            if at >= len(pieces):
                raise BadConfig(f"The grammar's alternative {''.join(pieces)!r} has a bracket that is not closed.")
            nodes.append(Choice(tuple(options)))
        elif piece in "|)":
            if not inside:
                raise BadConfig(f"The grammar's alternative {''.join(pieces)!r} has {piece!r} outside brackets.")
            return tuple(nodes), at
        elif piece[0] == "{" and len(piece) > 2:
            rule, _, plural = piece[1:-1].partition(":")
            name, *swap = re.split("[~>]", rule)
            nodes.append(Slot(name, bool(plural), (swap[0], swap[1]) if swap else None))
        else:
            nodes.append(piece[1] if piece[0] == "\\" and len(piece) == 2 else piece)
        at += 1
    return tuple(nodes), at


def texts_of(nodes: Sequenced) -> Iterator[str]:
    """What a sequence spells out, every option of its choices."""
    return (leaf for leaf in _leaves(nodes) if isinstance(leaf, str))


def slots_of(nodes: Sequenced) -> Iterator[Slot]:
    """The slots of a sequence, every option of its choices."""
    return (leaf for leaf in _leaves(nodes) if isinstance(leaf, Slot))


def _leaves(nodes: Sequenced) -> Iterator[str | Slot]:
    for node in nodes:
        if isinstance(node, Choice):
            for option in node.options:
                yield from _leaves(option)
        else:
            yield node
