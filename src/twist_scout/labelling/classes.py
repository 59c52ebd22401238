"""What to look for in each picture, and what to call it in the files.

A class is a noun or a phrase (``red car``). What the model is asked for and what the files call it may differ::

    dog
    puppy: dog          # asked for as "puppy", written as "dog"
    red car
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from twist_scout.data.names import head_words
from twist_scout.data.nouns import singular
from twist_scout.data.tasks.naming import MASS, PAIRS
from twist_scout.errors import BadConfig, BadInput

_ARTICLES = frozenset(("a", "an", "the"))
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class AskedClass:
    """One thing to look for.

    Attributes:
        phrase: what it is called in a question: in the singular, without an article.
        label: what it is called in the files.
    """

    phrase: str
    label: str


@dataclass(frozen=True)
class ClassList:
    """All things to look for.

    Attributes:
        asked: in the order given, no phrase twice.
    """

    asked: tuple[AskedClass, ...]

    @property
    def labels(self) -> tuple[str, ...]:
        """The names in the files, in the order in which they first come; this numbers the classes."""
        return tuple(dict.fromkeys(one.label for one in self.asked))


def read_classes(text: str) -> ClassList:
    """Read a list of classes.

    Args:
        text: ``dog, red car, puppy: dog``, or ``@FILE`` with one of these on each line; there ``#`` begins a remark.

    Raises:
        BadInput: the file cannot be read.
        BadConfig: there are no classes, one has no name, or a phrase has two labels.
    """
    if text.startswith("@"):
        path = Path(text[1:]).expanduser()
        try:
            lines = path.read_text(encoding="utf-8-sig").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "not UTF-8"
            raise BadInput(
                f"{path} cannot be read ({reason}): give a text file with one class on each line."
            ) from error
        where, parts = str(path), [line.partition("#")[0] for line in lines]
    else:
        where, parts = "--classes", text.split(",")
    found: dict[str, AskedClass] = {}
    for part in parts:
        if not part.strip():
            continue
        one = _class(part, where)
        before = found.setdefault(one.phrase.casefold(), one)
        if before.label != one.label:
            raise BadConfig(
                f"{where} asks for {one.phrase!r} twice, as {before.label!r} and as {one.label!r}: give it one label."
            )
    if not found:
        raise BadConfig(
            f'{where} names no class: give some, such as --classes "dog, red car", or @FILE with one a line.'
        )
    return ClassList(tuple(found.values()))


def _class(text: str, where: str) -> AskedClass:
    said, colon, label = (" ".join(piece.split()) for piece in text.partition(":"))
    if not said or (colon and not label):
        raise BadConfig(f"{where} holds {text.strip()!r}, which has no name: write a phrase, or phrase: label.")
    for name in (said, label):
        if len(name) > _LONGEST or not name.isprintable():
            raise BadConfig(
                f"{where} holds {name[:40]!r}, which is no name: use at most {_LONGEST} printed characters."
            )
    return AskedClass(_in_the_singular(said), label or said)


def _in_the_singular(phrase: str) -> str:
    """A phrase as a question names it; one that ends in something else than its head noun stays as it is."""
    words = phrase.split()
    while len(words) > 1 and words[0].lower() in _ARTICLES:
        words = words[1:]
    last = words[-1].lower()
    if head_words(" ".join(words))[-1:] == [last] and last not in PAIRS | MASS:
        words[-1] = singular(words[-1])
    return " ".join(words)
