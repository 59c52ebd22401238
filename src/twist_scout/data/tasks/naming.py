"""Class names in a sentence: one, several, counted."""

from __future__ import annotations

from twist_scout.data.nouns import plural, with_article

_NUMBERS = "no one two three four five six seven eight nine ten eleven twelve".split()
#: One of them is called a pair.
PAIRS = frozenset("scissors skis glasses sunglasses goggles trousers pants jeans shorts leggings overalls".split())
#: Not counted.
MASS = frozenset(("broccoli", "bread", "cheese", "rice", "salad", "pasta"))


def one(name: str) -> str:
    """``a dog``, ``an apple``, ``a pair of skis``, ``some broccoli``."""
    if name in MASS:
        return f"some {name}"
    return f"a pair of {name}" if name in PAIRS else with_article(name)


def several(name: str) -> str:
    """``dogs``, ``dining tables``, ``skis``, ``broccoli``."""
    return name if name in MASS or name in PAIRS else plural(name)


def counted(name: str, number: int) -> str:
    """``a dog``, ``two dogs``, ``three pairs of skis``, ``some broccoli``."""
    if number == 1 or name in MASS:
        return one(name)
    word = _NUMBERS[number] if number < len(_NUMBERS) else str(number)
    return f"{word} pairs of {name}" if name in PAIRS else f"{word} {plural(name)}"


def listed(parts: list[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
