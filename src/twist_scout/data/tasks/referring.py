"""REC: a referring expression is asked for, and its box is the answer (§5)."""

from __future__ import annotations

from typing import Literal

from twist_scout.data.records import Example, Message
from twist_scout.data.referring.expression import ReferringExpression
from twist_scout.data.tasks.templates import REC, chosen

Answer = Literal["phrase", "box"]


def rec_example(
    found: ReferringExpression, *, id: str, image: str | None = None, seed: int = 0, answer: Answer = "phrase"
) -> Example:
    """A referring expression as a training record.

    Args:
        found: the expression, its picture and its box.
        id: of the record.
        image: how the record names the picture; as the expression does if not given.
        seed: with ``id`` decides how it is asked.
        answer: ``phrase``: the expression with its box, ``Guy on the left <box:0>.``; ``box``: the box alone.

    Returns:
        A record of task ``rec``; ``meta`` holds the expression and where it comes from.
    """
    words = found.expression.strip().rstrip(".;,! ").strip() or found.expression.strip()
    spoken = f"{words[0].upper()}{words[1:]} <box:0>." if answer == "phrase" else "<box:0>"
    asked = chosen(REC, seed, id).format(expression=words.replace('"', "'"))
    meta = {"source": found.meta.get("dataset", "referring"), "expression": found.expression, "sent_id": found.id}
    if found.split is not None:
        meta["split"] = found.split
    return Example(
        id=id,
        image=image or found.image,
        width=found.width,
        height=found.height,
        task="rec",
        messages=[Message(role="user", content=asked), Message(role="assistant", content=spoken)],
        boxes=[found.box],
        meta={**found.meta, **meta},
    )
