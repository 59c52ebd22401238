"""How people type: casing, missing punctuation, slips of the finger.

The grammar writes clean lower-case prompts; this makes them look typed. Boxes and code keep their brackets and digits.
"""

from __future__ import annotations

import re
from random import Random

#: Keys that a finger may hit instead.
_NEIGHBOURS = dict(
    zip(
        "abcdefghijklmnopqrstuvwxyz",
        "s v x s w d f h o k l k n b p o w t d r y b q z u x".split(),
        strict=True,
    )
)
_LAZY = {
    "you": "u",
    "are": "r",
    "please": "pls",
    "picture": "pic",
    "what": "wat",
    "because": "bc",
    "the": "teh",
    "and": "adn",
    "image": "img",
    "coordinates": "coords",
    "bounding box": "bbox",
}


def typed(text: str, rng: Random) -> str:
    """A clean prompt as someone might type it."""
    if rng.random() < 0.10:
        text = slips(text, rng)
    if rng.random() < 0.15:
        text = text.replace("'", rng.choice(("", "’")))
    if rng.random() < 0.12:
        text = re.sub(r"[?.!,]+$", "", text)
    elif rng.random() < 0.10 and text[-1:].isalnum():
        text += rng.choice((".", "?", "!", "...", "??", " ?", " .", ".\n"))
    elif rng.random() < 0.35 and text[-1:].isalnum() and "\n" not in text:
        text += "."
    return cased(text, rng)


def cased(text: str, rng: Random) -> str:
    """Mostly as a sentence, often all lower case, seldom shouted."""
    chance = rng.random()
    if chance < 0.30:
        return text
    if chance < 0.34:
        return text.upper()
    if chance < 0.36:
        return text.title()
    return re.sub(r"(^|[.?!]\s+|\n)([a-z])", lambda found: found[1] + found[2].upper(), text)


def slips(text: str, rng: Random) -> str:
    """One to four slips: letters swapped, dropped, doubled or mistaken, words clipped or run together."""
    words = re.split(r"(\s+)", text)
    places = [at for at, word in enumerate(words) if word.isalpha() and len(word) > 2]
    for at in rng.sample(places, min(len(places), rng.randint(1, 1 + len(places) // 4))):
        words[at] = _LAZY.get(words[at], "") if rng.random() < 0.2 and words[at] in _LAZY else _slip(words[at], rng)
    if rng.random() < 0.1 and len(words) > 3:
        words[1] = ""
    return "".join(words)


def _slip(word: str, rng: Random) -> str:
    at = rng.randrange(len(word) - 1)
    kind = rng.randrange(4)
    if kind == 0:
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    if kind == 1:
        return word[: at + 1] + word[at + 2 :]
    if kind == 2:
        return word[: at + 1] + word[at:]
    return word[:at] + _NEIGHBOURS.get(word[at], word[at]) + word[at + 1 :]
