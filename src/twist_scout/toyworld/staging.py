"""Who does what with what, and how they stand together: units of a scene.

A *unit* is a single thing or person, or a person (or a pet) with what it rides, sits on, holds or plays with. Members
of a unit are joined where the drawings have named points: a hand meets a handle, a seat meets a saddle.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from twist_scout.toyworld.drawing import CATEGORIES, PEOPLE, Figure, sketch_of

Rng = np.random.Generator
Verb = str

RIDING, SITTING, HOLDING, PLAYING = "riding", "sitting on", "holding", "playing with"
VERBS: tuple[Verb, ...] = (RIDING, SITTING, HOLDING, PLAYING)

#: Height of a thing beside a grown person of 100, for each verb's partners.
PARTNERS: dict[Verb, dict[str, float]] = {
    RIDING: {"horse": 92, "bicycle": 62, "motorcycle": 62, "elephant": 104, "skateboard": 19, "surfboard": 22},
    SITTING: {"chair": 86, "bench": 58, "couch": 74, "bed": 72},
    HOLDING: {
        **{"umbrella": 74, "kite": 72, "ball": 34, "cup": 34, "book": 40, "apple": 32, "banana": 32},
        **{"teddy bear": 42, "frisbee": 24},
    },
    PLAYING: {"ball": 38, "dog": 56, "frisbee": 24, "teddy bear": 44, "cat": 50},
}
#: What pets sit on.
PET_SEATS: dict[str, float] = {"couch": 74, "bench": 58, "chair": 86, "bed": 72}
_RAISED = frozenset({"umbrella", "kite"})
_BOARDS = frozenset({"skateboard", "surfboard"})
_BEHIND = frozenset({"umbrella", "kite"})


@dataclass(frozen=True, slots=True)
class Member:
    """One thing or person of a unit, before it has a place.

    Attributes:
        kind: a key of ``CATEGORIES``.
        colors: slot -> colour name.
        figure: of a person.
        looks: skin and hair of a person.
    """

    kind: str
    colors: Mapping[str, str]
    figure: Figure | None = None
    looks: tuple[int, int] = (0, 0)


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a member stands in its unit: box in shares of a grown person's height, x1, y1, x2, y2."""

    member: int
    x1: float
    y1: float
    x2: float
    y2: float


@dataclass(frozen=True, slots=True)
class Unit:
    """Members and what joins them.

    Attributes:
        members: from first named to last; the subject of every interaction comes first.
        interactions: (verb, index of the partner), the subject being member 0.
        spots: from back to front, one for each member.
        size: width and height of the whole, in shares of a grown person's height.
    """

    members: tuple[Member, ...]
    interactions: tuple[tuple[Verb, int], ...] = ()
    spots: tuple[Spot, ...] = ()
    size: tuple[float, float] = field(default=(0.0, 0.0))

    @property
    def relations(self) -> list[tuple[str, Verb, str]]:
        """(kind, verb, kind) of every interaction."""
        return [(self.members[0].kind, verb, self.members[n].kind) for verb, n in self.interactions]


def pose_for(verbs: tuple[Verb, ...], partners: tuple[str, ...], rng: Rng) -> str:
    """The pose of a person who does this with these."""
    for verb, partner in zip(verbs, partners, strict=True):
        if verb == RIDING:
            return "balancing" if partner in _BOARDS else "riding"
        if verb == SITTING:
            return "sitting"
        if verb == HOLDING:
            return "raising" if partner in _RAISED else "offering"
    if verbs:  # playing
        return "offering"
    return "raising" if rng.random() < 0.5 else "offering"


def arrange(members: tuple[Member, ...], interactions: tuple[tuple[Verb, int], ...]) -> Unit:
    """Place the members of a unit beside each other.

    Raises:
        KeyError: a partner that has no height for its verb, or a drawing without the point that joins it.
    """
    subject = members[0]
    boxes: dict[int, tuple[float, float, float, float]] = {0: _box(subject, None)}
    order = [0]
    free = boxes[0][2]  # right end of what stands beside the subject's feet
    for verb, n in interactions:
        partner = members[n]
        heights = PET_SEATS if subject.kind not in PEOPLE else PARTNERS[verb]
        height = heights[partner.kind]
        width = height * sketch_of(partner.kind, partner.figure).aspect
        if verb == PLAYING:
            ground = boxes[0][3]
            boxes[n] = (free + 1, ground - height, free + 1 + width, ground)
            free += width + 2
            order.append(n)
            continue
        mine, theirs = _joint(verb, subject, partner)
        x, y = _point(subject, boxes[0], mine)
        ax, ay = sketch_of(partner.kind, partner.figure).anchors[theirs]
        left, top = x - ax * width, y - ay * height
        boxes[n] = (left, top, left + width, top + height)
        if verb == HOLDING and partner.kind not in _BEHIND:
            order.append(n)  # in front of the hand
        else:
            order.insert(0, n)
    left, top = min(b[0] for b in boxes.values()), min(b[1] for b in boxes.values())
    right, bottom = max(b[2] for b in boxes.values()), max(b[3] for b in boxes.values())
    spots = tuple(
        Spot(n, *((v - o) / 100 for v, o in zip(boxes[n], (left, top, left, top), strict=True))) for n in order
    )
    return Unit(members, interactions, spots, ((right - left) / 100, (bottom - top) / 100))


def _joint(verb: Verb, subject: Member, partner: Member) -> tuple[str, str]:
    """The points of subject and partner that meet."""
    if verb == HOLDING:
        return "hand", "grip"
    if verb == RIDING and partner.kind in _BOARDS:
        return "feet", "deck"
    return "seat", "seat"


def _box(member: Member, height: float | None) -> tuple[float, float, float, float]:
    sketch = sketch_of(member.kind, member.figure)
    if member.kind in PEOPLE:
        width, tall = sketch.extent  # drawn in hundredths of a standing figure
    else:
        tall = height or 42.0  # a pet
        width = tall * sketch.aspect
    return (0.0, 0.0, width, tall)


def _point(member: Member, box: tuple[float, float, float, float], name: str) -> tuple[float, float]:
    anchors = sketch_of(member.kind, member.figure).anchors
    # A pet sits with the middle of its lower edge.
    x, y = anchors[name] if member.kind in PEOPLE else (0.5, 0.97)
    return (box[0] + x * (box[2] - box[0]), box[1] + y * (box[3] - box[1]))


def settings_of(kinds: list[str]) -> list[str]:
    """Settings in which all of these are usually seen."""
    common = set.intersection(*(set(CATEGORIES[k].settings) for k in kinds))
    return sorted(common)
