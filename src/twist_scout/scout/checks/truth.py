"""Checks against what the source knows: its boxes, its names, its captions (the paper's analysis by people, §4)."""

from __future__ import annotations

from twist_scout.boxes.box import corner_iou
from twist_scout.boxes.words import COLORS
from twist_scout.data.kinds import may_be
from twist_scout.data.records import Example, PixelBox
from twist_scout.scout.checks.form import SKIPPED
from twist_scout.scout.checks.reading import Mention, Reading, content_words, describe
from twist_scout.scout.checks.settings import CheckSettings
from twist_scout.scout.items import Entity, SourceItem
from twist_scout.scout.references import without_references

Thing = tuple[str, Entity, list[PixelBox]]  # its head noun, itself, its boxes
_SIZES = frozenset(("small", "medium", "large"))
_ATTRIBUTE_OF = {**dict.fromkeys(COLORS, "color"), **dict.fromkeys(_SIZES, "size")}


def absence(example: Example, reading: Reading, settings: CheckSettings, item: SourceItem) -> str | None:
    """What a negative question asks for is in no caption and no annotation, under no name that the thing may have."""
    missing = str(example.meta.get("missing") or "")
    if not example.negative or not missing:
        return SKIPPED
    head, adjectives = describe(missing.lower())
    for entity in item.entities:
        name, _ = describe(entity.name.lower())
        if may_be(name, head) and _has_all(entity, adjectives):
            return f"the source annotates a {entity.name}, so the {missing} is there"
    if any(may_be(name, head) or head == name for name in item.complete):
        return None  # the source would annotate it
    for caption in item.captions:
        for word in content_words(without_references(caption)):
            if may_be(word, head):
                return f"a caption mentions a {word}, so the {missing} may be there"
    return None


def annotation(example: Example, reading: Reading, settings: CheckSettings, item: SourceItem) -> str | None:
    """Every box of a phrase that the source annotates overlaps its annotation (IoU at least 0.5).

    A phrase of a class that the source annotates in full, and of which there is none, is invented.
    """
    things = _annotated(item)
    if not things and not item.complete:
        return SKIPPED
    compared = False
    for mention in reading.mentions:
        named = [(entity, boxes) for head, entity, boxes in things if may_be(head, mention.head)]
        if not named:
            if any(may_be(name, mention.head) for name in item.complete):
                return f"it names {mention.phrase!r}, and the source annotates none"
            continue
        compared = True
        for index in mention.boxes:
            box = example.boxes[index]
            best = max(corner_iou(box, other) for _, boxes in named for other in boxes)
            if best < settings.iou:
                return (
                    f"the box of {mention.phrase!r} in step {mention.step} has an IoU of {best:.2f} with its annotation"
                )
    return None if compared else SKIPPED


def attributes(example: Example, reading: Reading, settings: CheckSettings, item: SourceItem) -> str | None:
    """A colour or size that is said of a thing is the one that the source knows of the thing in that box."""
    things = [thing for thing in _annotated(item) if thing[1].attributes]
    if not things:
        return SKIPPED
    compared = False
    for mention in reading.mentions:
        said = (*mention.adjectives, mention.said)
        for word in said:
            attribute = _ATTRIBUTE_OF.get(word)
            entity = None if attribute is None else _in_the_box(example, mention, things, settings)
            known = None if entity is None or attribute is None else entity.attributes.get(attribute)
            if known is None:
                continue
            compared = True
            if known != word:
                return f"it calls {mention.phrase!r} {word}, and the source says {known}"
    return None if compared else SKIPPED


def _annotated(item: SourceItem) -> list[Thing]:
    """Head noun, entity and boxes of everything that has boxes.

    What a model described is no annotation: the model would be compared with itself.
    """
    if not item.meta.get("annotated", True):
        return []
    return [
        (describe(entity.name.lower())[0], entity, [item.boxes[index] for index in entity.boxes])
        for entity in item.entities
        if entity.boxes
    ]


def _in_the_box(example: Example, mention: Mention, things: list[Thing], settings: CheckSettings) -> Entity | None:
    """The entity of the mention's name that lies where the mention's first box does."""
    box = example.boxes[mention.boxes[0]]
    overlaps = [
        (max(corner_iou(box, other) for other in boxes), number)
        for number, (head, _, boxes) in enumerate(things)
        if may_be(head, mention.head)
    ]
    best, number = max(overlaps, default=(0.0, 0))
    return things[number][1] if best >= settings.iou else None


def _has_all(entity: Entity, adjectives: tuple[str, ...]) -> bool:
    """Whether a thing may have all the attributes; what the source does not say it may have."""
    for word in adjectives:
        attribute = _ATTRIBUTE_OF.get(word)
        known = entity.attributes.get(attribute) if attribute else None
        if known is not None and known != word:
            return False
    return True
