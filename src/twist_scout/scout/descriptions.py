"""Captions for pictures that have none, or none with boxes: the multimodal model describes them first."""

from __future__ import annotations

from twist_scout.boxes.box import Box
from twist_scout.boxes.dialects import get_dialect
from twist_scout.boxes.grounded import GroundedText
from twist_scout.data.names import head_words
from twist_scout.data.records import FrameChoice, box_references, reference_spans, resolve_frame
from twist_scout.scout.answers import tidy
from twist_scout.scout.backends.base import Backend, Request
from twist_scout.scout.items import Entity, SourceItem
from twist_scout.scout.prompts import Prompts
from twist_scout.scout.references import to_references
from twist_scout.scout.rejects import BACKEND, Reject

MAX_TOKENS = 256
_SHOWN = Box(0.1, 0.2, 0.45, 0.9)
_SEEDS = 2**31


class Describer:
    """Gives items a grounded caption where they lack one.

    Args:
        backend: the model that sees the picture.
        prompts: what it is told.
        dialect: how it writes boxes; the backend's own, else SCOUT's, if not given.
        frame: what it sees of the picture; the backend's own, else the whole of it, if not given.
    """

    def __init__(
        self, backend: Backend, prompts: Prompts, *, dialect: str | None = None, frame: FrameChoice | None = None
    ) -> None:
        self.backend, self._prompts = backend, prompts
        self.dialect = dialect or backend.dialect or "scout"
        self.frame: FrameChoice = frame or backend.frame or "stretched"
        self.name = backend.name
        self.prompts = prompts.versions("captions")

    @staticmethod
    def wanted(item: SourceItem) -> bool:
        """Whether an item needs it: no caption at all, or nothing in it has a box."""
        return not item.captions or not item.boxes

    async def describe(self, item: SourceItem, *, seed: int) -> tuple[SourceItem, Reject | None]:
        """The item with a grounded caption in front of its own captions, or as it was and why."""
        frame = resolve_frame(self.frame, item.width, item.height)
        codec = get_dialect(self.dialect, frame)
        request = Request(
            key=f"{item.id}/caption",
            messages=self._prompts["captions"].messages(box=codec.render([frame.to_model(_SHOWN)])),
            image=item.image_path,
            max_tokens=MAX_TOKENS,
            seed=seed % _SEEDS,
        )
        reply = await self.backend.complete(request)
        if reply.problem is not None:
            return item, _reject(item, BACKEND, reply.problem)
        grounded = GroundedText.parse(tidy(reply.text), dialect=codec, frame=frame)
        if grounded.unread or not grounded.phrases or reply.finish == "length":
            return item, _reject(item, "caption", "the model's caption has no boxes that can be read", reply.text)
        caption, boxes = to_references(grounded, item.width, item.height)
        moved = len(boxes)
        own = tuple(_shifted(text, moved) for text in item.captions)
        entities = tuple(e.model_copy(update={"boxes": tuple(b + moved for b in e.boxes)}) for e in item.entities)
        named = tuple(
            Entity(name=" ".join(head_words(phrase.text)) or phrase.text, boxes=indexes)
            for phrase, indexes in zip(grounded.phrases, box_references(caption), strict=True)
            if phrase.text
        )
        described = item.model_copy(
            update={
                "boxes": (*boxes, *item.boxes),
                "captions": (caption, *own),
                "entities": (*entities, *(() if entities else named)),
                "meta": {**item.meta, "described_by": self.name, "annotated": bool(entities)},
            }
        )
        return described, None


def _shifted(text: str, by: int) -> str:
    """The text with its references counted from ``by``."""
    pieces, done = [], 0
    for start, end, boxes in reference_spans(text):
        pieces += [text[done:start], f"<box:{','.join(str(box + by) for box in boxes)}>"]
        done = end
    return "".join([*pieces, text[done:]])


def _reject(item: SourceItem, check: str, reason: str, text: str = "") -> Reject:
    return Reject(item=item.id, stage="source", check=check, reason=reason, text=text)
