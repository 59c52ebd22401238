"""The answer to a question about something that is not there (Figure A.2).

``Step 1: Find the dog. Step 2: There is a woman <box:0> and a bench <box:1> in the image, not a dog. This question is
invalid.``
"""

from __future__ import annotations

from twist_scout.boxes.noun_phrase import noun_phrase_before
from twist_scout.boxes.words import DETERMINERS
from twist_scout.data.names import head_words
from twist_scout.data.nouns import in_words, plural, singular, with_article
from twist_scout.data.records import reference_spans
from twist_scout.scout.items import SourceItem

INVALID = "This question is invalid."
MOST_MENTIONED = 5  # things; a longer list teaches to list
#: One thing, and plural all the same; their singular is no word.
_ONLY_PLURAL = frozenset(
    "binoculars goggles pants pliers pyjamas scissors shorts tights tongs trousers tweezers".split()
)


def contradiction(item: SourceItem, missing: str, *, caption: str | None = None) -> str | None:
    """Contradict a question about a thing, in boxes of things that are there.

    Args:
        item: the picture.
        missing: what is not there, without an article.
        caption: one of the item's captions; its grounded phrases are what is said to be there. Where it has none, the
            item's entities are.

    Returns:
        The answer with references into the item's boxes; None where the source gives no box to contradict with.
    """
    things = _phrases(caption or "") or _entities(item)
    if not things:
        return None
    listed = [f"{words} <box:{','.join(map(str, boxes))}>" for words, boxes in things[:MOST_MENTIONED]]
    there = listed[0] if len(listed) == 1 else f"{', '.join(listed[:-1])} and {listed[-1]}"
    verb = "are" if is_plural(things[0][0]) else "is"
    return (
        f"Step 1: Find the {missing}. Step 2: There {verb} {there} in the image, not {indefinite(missing)}. {INVALID}"
    )


def indefinite(name: str) -> str:
    """``a dog``, ``an umbrella``, ``skis``."""
    return name if is_plural(name) else with_article(name)


def _phrases(caption: str) -> list[tuple[str, tuple[int, ...]]]:
    """The grounded noun phrases of a caption with their boxes."""
    found = []
    earliest = 0
    for start, end, boxes in reference_spans(caption):
        first, last = noun_phrase_before(caption, earliest, start)
        if first < last:
            found.append((_within(caption[first:last]), boxes))
        earliest = end
    return found


def _within(phrase: str) -> str:
    """A phrase as it is written within a sentence: ``A man``, ``Dogs``, but not a name, lose their capital."""
    first = phrase.split()[0]
    common = first.lower() in DETERMINERS or singular(first.lower()) != first.lower()
    return phrase[0].lower() + phrase[1:] if common else phrase


def _entities(item: SourceItem) -> list[tuple[str, tuple[int, ...]]]:
    """Entities with a box, named with their colour; several of one name together: ``two red dogs``."""
    named: dict[str, list[int]] = {}
    for entity in item.entities:
        if entity.boxes:
            color = entity.attributes.get("color")
            name = entity.name if color is None or color in entity.name.split() else f"{color} {entity.name}"
            named.setdefault(name, []).extend(entity.boxes)
    return [
        (indefinite(name) if len(boxes) == 1 else f"{in_words(len(boxes))} {plural(name)}", tuple(boxes))
        for name, boxes in named.items()
    ]


def is_plural(phrase: str) -> bool:
    """Whether a noun phrase takes "are": ``skis``, ``two dogs``, ``scissors``."""
    words = head_words(phrase)
    return bool(words) and (words[-1] in _ONLY_PLURAL or singular(words[-1]) != words[-1])
