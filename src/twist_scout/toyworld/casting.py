"""The cast of a scene: which units, in which colours and outfits, in which setting."""

from __future__ import annotations

from typing import Literal

from twist_scout.toyworld.drawing import CATEGORIES, COLORS, HAIRS, PEOPLE, SETTINGS, SKINS, Figure
from twist_scout.toyworld.staging import (
    HOLDING,
    PARTNERS,
    PET_SEATS,
    PLAYING,
    RIDING,
    SITTING,
    Member,
    Rng,
    Unit,
    Verb,
    arrange,
    pose_for,
)

Variant = Literal["plain", "pairs", "relations", "crowded"]

MAX_OBJECTS = 6

#: (kind, colour) pairs that no training picture contains; of people the colour of shirt or dress.
HELD_OUT_PAIRS: frozenset[tuple[str, str]] = frozenset(
    {
        *(("man", "orange"), ("woman", "green"), ("boy", "purple"), ("girl", "red")),
        *(
            ("dog", "purple"),
            ("cat", "green"),
            ("bird", "brown"),
            ("horse", "pink"),
            ("cow", "blue"),
            ("sheep", "yellow"),
        ),
        *(("elephant", "orange"), ("car", "pink"), ("bus", "blue"), ("truck", "yellow"), ("boat", "brown")),
        *(("bicycle", "red"), ("motorcycle", "green"), ("chair", "orange"), ("bench", "purple"), ("couch", "red")),
        *(("bed", "green"), ("apple", "yellow"), ("banana", "blue"), ("pizza", "pink"), ("cake", "brown")),
        *(("plant", "purple"), ("ball", "orange"), ("kite", "green"), ("frisbee", "brown"), ("surfboard", "blue")),
        *(("skateboard", "yellow"), ("umbrella", "red"), ("cup", "pink"), ("book", "orange"), ("clock", "blue")),
        ("teddy bear", "green"),
    }
)

#: (kind, verb, kind) that no training picture shows, though it shows both kinds, and the verb with others.
HELD_OUT_RELATIONS: frozenset[tuple[str, Verb, str]] = frozenset(
    {
        *(
            ("girl", RIDING, "horse"),
            ("man", RIDING, "bicycle"),
            ("boy", RIDING, "surfboard"),
            ("woman", SITTING, "chair"),
        ),
        *(("boy", SITTING, "couch"), ("man", HOLDING, "kite"), ("girl", HOLDING, "book"), ("woman", HOLDING, "ball")),
        *(("boy", PLAYING, "dog"), ("cat", SITTING, "bench")),
    }
)

_COUNTS = (0.12, 0.26, 0.28, 0.22, 0.12)
_VERB_SHARES: dict[Verb, float] = {RIDING: 0.24, SITTING: 0.24, HOLDING: 0.32, PLAYING: 0.2}
#: A thing now and then stands where one would not expect it.
_SURPRISE = 0.15


def cast(rng: Rng, variant: Variant, count: int | None) -> tuple[str, list[Unit]]:
    """A setting and the units in it.

    Args:
        rng: all lots come from it.
        variant: what held-out thing the scene must have; ``plain`` scenes have none.
        count: number of objects in all; by lot if not given.
    """
    total = count or 1 + int(rng.choice(len(_COUNTS), p=_COUNTS))
    units: list[Unit] = []
    setting = ""
    if variant == "pairs":
        units.append(_unusual(rng))
    elif variant == "relations":
        units.append(_acting(rng, "", relation=sorted(HELD_OUT_RELATIONS)[rng.integers(len(HELD_OUT_RELATIONS))]))
    kinds = [m.kind for unit in units for m in unit.members]
    homes = [s for s in SETTINGS if all(s in CATEGORIES[k].settings for k in kinds)] or list(SETTINGS)
    setting = homes[rng.integers(len(homes))]
    total = max(total, sum(len(u.members) for u in units))
    for _ in range(200):
        room = total - sum(len(u.members) for u in units)
        if room == 0:
            break
        unit = _acting(rng, setting) if room >= 2 and rng.random() < 0.5 else _single(rng, setting, units)
        if len(unit.members) > room or not _fits(unit, units):
            continue
        units.append(unit)
    return setting, units


def _fits(unit: Unit, others: list[Unit]) -> bool:
    """Nothing held out by accident, and nothing that is there already in all its words."""
    if any(relation in HELD_OUT_RELATIONS for relation in unit.relations):
        return False
    if any(_pair(m) in HELD_OUT_PAIRS for m in unit.members):
        return False
    mine = [(m.kind, *sorted(m.colors.items())) for m in unit.members]
    theirs = [(m.kind, *sorted(m.colors.items())) for u in others for m in u.members]
    return len(set(mine)) == len(mine) and not set(mine) & set(theirs)


def _pair(member: Member) -> tuple[str, str]:
    return (member.kind, member.colors.get("body") or member.colors.get("shirt") or member.colors["dress"])


def _color(rng: Rng) -> str:
    return list(COLORS)[rng.integers(len(COLORS))]


def _thing(rng: Rng, kind: str, color: str | None = None) -> Member:
    return Member(kind, {"body": color or _color(rng)})


def _person(rng: Rng, kind: str, pose: str, top: str | None = None) -> Member:
    dress = kind in ("woman", "girl") and bool(rng.random() < 0.5)
    hat = bool(rng.random() < 0.4)
    # Neighbouring garments differ, or nobody could say where one ends.
    first, second, third = rng.permutation(len(COLORS))[:3]
    names = list(COLORS)
    upper = top or names[first]
    lower = names[second] if names[second] != upper else names[first]
    colors = {"dress": upper} if dress else {"shirt": upper, "trousers": lower}
    if hat:
        colors["hat"] = names[third] if names[third] != upper else names[first]
    grey = 0 if kind in ("boy", "girl") else 1
    looks = (int(rng.integers(len(SKINS))), int(rng.integers(len(HAIRS) - 1 + grey)))
    if looks == (3, 1):  # brown on brown: no face to be seen
        looks = (3, 0)
    return Member(kind, colors, Figure(pose, hat, dress), looks)  # type: ignore[arg-type]  # the poses of staging


def _kind(rng: Rng, setting: str, pool: list[str]) -> str:
    usual = [k for k in pool if setting in CATEGORIES[k].settings]
    if usual and rng.random() > _SURPRISE:
        return usual[rng.integers(len(usual))]
    return pool[rng.integers(len(pool))]


def _single(rng: Rng, setting: str, others: list[Unit]) -> Unit:
    """A thing or a person on its own; look-alikes of what is there already are common on purpose: they make binding matter."""
    there = [m for u in others for m in u.members]
    lot = rng.random()
    kind = _kind(rng, setting, list(PEOPLE)) if rng.random() < 0.2 else _kind(rng, setting, _THINGS)
    color = None
    if there and lot < 0.25:
        kind = there[rng.integers(len(there))].kind
    elif there and lot < 0.45:
        color = next(iter(there[rng.integers(len(there))].colors.values()))
    if kind in PEOPLE:
        return arrange((_person(rng, kind, pose_for((), (), rng), color),), ())
    return arrange((_thing(rng, kind, color),), ())


_THINGS = [k for k in CATEGORIES if k not in PEOPLE]


def _acting(rng: Rng, setting: str, relation: tuple[str, Verb, str] | None = None) -> Unit:
    """Somebody who does something with something."""
    if relation is None:
        if rng.random() < 0.12:
            pet = ("dog", "cat")[rng.integers(2)]
            relation = (pet, SITTING, _kind(rng, setting, list(PET_SEATS)))
        else:
            verbs = list(_VERB_SHARES)
            verb = verbs[int(rng.choice(len(verbs), p=list(_VERB_SHARES.values())))]
            relation = (PEOPLE[rng.integers(len(PEOPLE))], verb, _kind(rng, setting, list(PARTNERS[verb])))
    kind, verb, partner = relation
    if kind not in PEOPLE:
        return arrange((_thing(rng, kind), _thing(rng, partner)), ((verb, 1),))
    verbs_: tuple[Verb, ...] = (verb,)
    partners: tuple[str, ...] = (partner,)
    if verb == PLAYING and rng.random() < 0.35:  # two answers: playing with a dog and a ball
        second = _kind(rng, setting, [k for k in PARTNERS[PLAYING] if k != partner])
        verbs_, partners = (verb, PLAYING), (partner, second)
    person = _person(rng, kind, pose_for(verbs_, partners, rng))
    members = (person, *(_thing(rng, p) for p in partners))
    return arrange(members, tuple((v, n) for n, v in enumerate(verbs_, 1)))


def _unusual(rng: Rng) -> Unit:
    """A person or thing in a colour that training keeps from it."""
    kind, color = sorted(HELD_OUT_PAIRS)[rng.integers(len(HELD_OUT_PAIRS))]
    if kind in PEOPLE:
        return arrange((_person(rng, kind, pose_for((), (), rng), color),), ())
    return arrange((_thing(rng, kind, color),), ())
