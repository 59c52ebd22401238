"""A page of Markdown that a program and a person write together, as the hub's cards are.

The part between two marks is the program's and is written anew each time; what a person writes around it stays, and so do the
fields of the front matter that people fill in, such as the licence.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from twist_scout.whole_file import write_whole

BEGIN = "<!-- twist-scout: begin (written by a program; write above or below) -->"
END = "<!-- twist-scout: end -->"


def is_marked(text: str) -> bool:
    """Whether a page has the program's part."""
    return BEGIN in text and END in text


def persons_part(old: str | None) -> tuple[dict[str, Any], str, str]:
    """The front matter of a page and what people wrote before and after the program's part; all empty where there is no page."""
    if old is None:
        return {}, "\n", "\n"
    head, _, rest = old.partition(BEGIN)
    after = rest.partition(END)[2].removeprefix("\n")
    front: Any = None
    if head.startswith("---\n"):
        text, found, before = head[4:].partition("\n---\n")
        if found:
            head = before
            try:
                front = yaml.safe_load(text)
            except yaml.YAMLError:
                front = None
    return front if isinstance(front, dict) else {}, head, after


def write_page(path: Path, front: Mapping[str, Any], before: str, body: str, after: str) -> None:
    """Write a page, whole or not at all."""
    text = yaml.safe_dump(dict(front), sort_keys=False, allow_unicode=True, width=100)
    write_whole(path, f"---\n{text}---\n{before}{BEGIN}\n\n{body}\n\n{END}\n{after}")
