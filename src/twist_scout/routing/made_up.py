"""Words that do not exist and sound like those that do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random


def letter_model(words: Sequence[str]) -> dict[str, str]:
    """Which letters follow two others in some words, as often as they do; ``$`` is a word's end."""
    found: dict[str, list[str]] = {}
    for word in words:
        if word.isascii() and word.isalpha() and len(word) > 3:
            for at, letter in enumerate(f"{word}$"):
                found.setdefault(f"^^{word}"[at : at + 2], []).append(letter)
    return {before: "".join(letters) for before, letters in found.items()}


def made_up(letters: Mapping[str, str], rng: Random) -> str:
    """A word of three to twelve letters.

    Args:
        letters: as :func:`letter_model` gives them.
        rng: what draws.
    """
    word = "^^"
    while len(word) < 14:
        following = rng.choice(letters.get(word[-2:], "$"))
        if following == "$" and len(word) > 4:
            break
        word += following.replace("$", "e")
    return word[2:]
