"""The numbers of boxes as a text gives them, whatever they may mean."""

from __future__ import annotations

import re

from twist_scout.boxes.dialects import get_dialect

Quad = tuple[float, float, float, float]

_NUMBER = r"[+-]?+ (?: [0-9]{1,30}+ (?: \.[0-9]{0,30}+ )?+ | \.[0-9]{1,30}+ ) (?: e[+-]?+[0-9]{1,2}+ )?+"
_FIND_NUMBER = re.compile(_NUMBER, re.VERBOSE | re.IGNORECASE)
# Numbers behind an opening bracket, up to a letter or anything else that separates two boxes. The
# first number stands right behind its bracket: a run of brackets is looked at once, not from each.
_RUN = re.compile(
    rf"[\[(] \s*+ {_NUMBER} [\s,;\])]*+ (?: [\s\[(]*+ {_NUMBER} [\s,;\])]*+ )*+", re.VERBOSE | re.IGNORECASE
)
_LOC_RUN = re.compile(r"(?:<loc_?[0-9]{1,8}>\s*+)++")
_LOC = re.compile(r"<loc_?([0-9]{1,8})>")


def quads_in(text: str) -> list[Quad]:
    """Four numbers for each box of a text, in the order in which they are written.

    Location tokens, brackets and parentheses are understood; where there are none of these, the
    text must hold exactly four numbers. The patches of Kosmos-2 come back as fractions, since a
    patch number alone is no coordinate. Never raises, and takes time linear in the text.

    Args:
        text: what a model wrote.
    """
    if "<patch_index_" in text:
        spans = get_dialect("kosmos-2").find(text)
        return [box.as_tuple() for span in spans for box in span.boxes]
    if "<loc" in text:
        runs = [_LOC.findall(match[0]) for match in _LOC_RUN.finditer(text)]
    else:
        runs = [_FIND_NUMBER.findall(match[0]) for match in _RUN.finditer(text)]
        if not any(len(run) >= 4 for run in runs):
            runs = [_FIND_NUMBER.findall(text)]
            if len(runs[0]) != 4:
                return []
    return [quad for run in runs if len(run) % 4 == 0 for quad in _chunks(run)]


def _chunks(numbers: list[str]) -> list[Quad]:
    values = [float(number) for number in numbers]
    return [(values[n], values[n + 1], values[n + 2], values[n + 3]) for n in range(0, len(values), 4)]
