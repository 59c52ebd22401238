"""Names of things beside their class labels, and a user's own mapping, from files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from twist_scout.data.nouns import singular
from twist_scout.errors import BadConfig, BadInput, first_line
from twist_scout.evaluation.captioning.object_names import object_name

SHIPPED = Path(__file__).parent / "coco_names.yaml"


class NameList:
    """Names by class, and names that belong to none.

    Args:
        classes: labels; each is a name of itself.
        names: other names by label.
        none: names that resemble a label and mean something else.
        version: printed with the score.

    Raises:
        BadConfig: a name stands twice with different meanings.
    """

    def __init__(
        self,
        classes: Sequence[str],
        names: Mapping[str, Iterable[str]] | None = None,
        none: Iterable[str] = (),
        version: str = "0",
    ) -> None:
        self.version = version
        self._label: dict[str, str | None] = {}
        for label in classes:
            self._label[label] = label
            self._label.setdefault(object_name(label), label)
        for label, others in (names or {}).items():
            for name in others if label in classes else ():
                self._add(name, label)
        for name in none:
            self._add(name, None)

    def look_up(self, name: str) -> tuple[bool, str | None]:
        """Whether an object name, or an ending of it, is listed, and the class that it names; the longest decides."""
        words = name.split()
        for first in range(len(words)):
            ending = " ".join(words[first:])
            for form in (ending, singular(ending)):  # "wine glasses": their last word has a meaning in the plural
                if form in self._label:
                    return True, self._label[form]
        return False, None

    def _add(self, name: str, label: str | None) -> None:
        known = self._label.setdefault(object_name(name), label)
        if known != label:
            raise BadConfig(f"The name {name!r} is listed under {known!r} and under {label!r}: keep one of them.")


@lru_cache(maxsize=8)
def coco_names(classes: tuple[str, ...]) -> NameList:
    """The list that comes with the package, as far as it is about these classes.

    Args:
        classes: labels; those that are none of COCO's are only names of themselves.
    """
    content = yaml.safe_load(SHIPPED.read_text(encoding="utf-8"))
    others = [name for name in content["none"] if object_name(name) not in {object_name(label) for label in classes}]
    return NameList(classes, content["names"], others, content["version"])


def read_overrides(path: str | Path, classes: Sequence[str]) -> dict[str, str | None]:
    """A user's mapping: a YAML or JSON file ``{phrase: class}``, with ``null`` for no class.

    Args:
        path: the file.
        classes: the labels that there are.

    Raises:
        BadInput: the file cannot be read, or is no such mapping.
        BadConfig: it names a class that does not exist.
    """
    try:
        content: Any = yaml.safe_load(Path(path).read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise BadInput(f"{path} cannot be read ({error.strerror or error}): check the path.") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise BadInput(f"{path} is neither YAML nor JSON ({first_line(error)}).") from error
    if not isinstance(content, dict):
        raise BadInput(f"{path} is no mapping: write one phrase: class on each line, null for no class.")
    found: dict[str, str | None] = {}
    for phrase, label in content.items():
        if not isinstance(phrase, str) or not (label is None or isinstance(label, str)):
            raise BadInput(f"{path}: {phrase!r}: {label!r} is no phrase with a class: quote numbers, yes and no.")
        if label is not None and label not in classes:
            near = get_close_matches(label, classes, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"the classes are {', '.join(classes[:5])}, ..."
            raise BadConfig(f"{path}: there is no class {label!r} (for {phrase!r}): {hint}")
        found[phrase] = label
    return found
