"""How a person asks for each task; one of several ways, chosen by the record's id, so the same every time."""

from __future__ import annotations

import hashlib

#: ``{expression}`` is as people wrote it, often without an article: "guy on the left".
REC = (
    "Find {expression}.",
    "Locate {expression}.",
    "Where is {expression}?",
    "Point to {expression}.",
    'Where in the picture is "{expression}"?',
    "Give the bounding box of {expression}.",
    "Please provide the bounding box of {expression}.",
    'Which region does "{expression}" describe?',
    'Draw a box around "{expression}".',
    "What are the coordinates of {expression}?",
    "I am looking for {expression}. Where is it?",
    "Can you show me {expression} in the image?",
)
GIC = (
    "Describe the picture and give a box for each object.",
    "Describe the image with boxes.",
    "Write a caption and mark every object in it with its box.",
    "Give a grounded caption of this picture.",
    "Write a grounded caption.",
    "What is in the picture? Give boxes.",
    "Describe the picture and point to every object that you mention.",
    "Tell me what you see, and where.",
)
#: Asked where one thing of a class is there, ``ONE``, or whatever the number, ``ANY``.
LOCALIZATION_ONE = (
    "Where is the {name}?",
    "Locate the {name}.",
    "Find the {name} and give its box.",
    "In the image is {a_name} located at",
)
LOCALIZATION_MANY = (
    "Where are the {plural}?",
    "Locate all {plural}.",
    "Find the {plural} and give their boxes.",
)
LOCALIZATION_ANY = (
    "Detect every {name}.",
    "Box every {name}.",
    "Locate any {name} in the picture.",
    "Give the boxes of all {plural}.",
    "Point to every {name}.",
)


def chosen(templates: tuple[str, ...], seed: int, id: str) -> str:
    """One of the templates: the same for the same seed and id, on every machine and in every order of reading."""
    return templates[draw(seed, id) % len(templates)]


def draw(seed: int, *names: str) -> int:
    """A number of 64 bits that a seed and some names decide."""
    digest = hashlib.blake2b(repr((seed, *names)).encode(), digest_size=8)
    return int.from_bytes(digest.digest(), "little")
