"""What became of one item: a line of the ledger."""

from __future__ import annotations

import hashlib
import json
import os

from pydantic import BaseModel, ConfigDict, Field

from twist_scout.data.records import Example
from twist_scout.scout.items import SourceItem
from twist_scout.scout.rejects import Reject


class ItemOutcome(BaseModel):
    """All that one source item gave.

    The short fields come first, so that a line can be told apart without reading its records.

    Attributes:
        index: place of the item in its source, from 0.
        item: its id.
        digest: of the item's content; a source that was changed is noticed by it.
        again: whether another try may end otherwise (a backend gave no reply).
        counts: how many there were of what: ``questions``, ``answers``, ``kept``, tokens, ...
        seconds: how long its stages took, waiting included.
        records: what passed all checks.
        rejects: what did not.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    index: int
    item: str
    digest: str
    again: bool = False
    counts: dict[str, int] = Field(default_factory=dict)
    seconds: dict[str, float] = Field(default_factory=dict)
    records: list[Example] = Field(default_factory=list)
    rejects: list[Reject] = Field(default_factory=list)


def digest(item: SourceItem) -> str:
    """Sixteen hexadecimal digits of an item's content. Where the run was started from does not matter."""
    content = item.model_dump_json(exclude={"image"}) + os.path.abspath(item.image)
    return hashlib.blake2b(content.encode(), digest_size=8).hexdigest()


def item_seed(seed: int, item: str) -> int:
    """The seed of one item, from the run's: the same in whatever order items are worked on."""
    material = json.dumps([seed, item]).encode()
    return int.from_bytes(hashlib.blake2b(material, digest_size=8).digest(), "big") >> 33
