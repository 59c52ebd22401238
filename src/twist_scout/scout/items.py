"""What a source gives: one picture with what people wrote about it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from twist_scout.data.records import PixelBox, box_references


class Entity(BaseModel):
    """A thing in the picture.

    Attributes:
        name: how it is called: a class (``dog``) or a phrase (``a red minivan``).
        boxes: indexes into the item's boxes; a phrase may have several.
        attributes: what is known about it, ``{"color": "red"}``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1)
    boxes: tuple[int, ...] = ()
    attributes: dict[str, str] = Field(default_factory=dict)


class SourceItem(BaseModel):
    """One picture of a source.

    Attributes:
        id: unique within the source and the same every time it is read.
        source: the reader's name.
        image: path of the picture, absolute or relative to the working directory.
        width: pixels of the original, upright picture.
        height: pixels of the original, upright picture.
        boxes: (x1, y1, x2, y2) in pixels of the original picture; readers have clipped and put them in order.
        captions: what people wrote. A caption may refer to boxes as records do: ``A man <box:0> by two cars <box:1,2>``.
        entities: the things that the source annotates.
        relations: (entity, words, entity): ``(0, "left of", 1)``, as far as the source knows them.
        complete: the names of which *every* instance in the picture is annotated: ``("dog", "cat", ...)`` for COCO's
            classes; empty where the source lists only what a caption mentions. Absence can be read off only for these.
        meta: anything else.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(min_length=1)
    source: str
    image: str = Field(min_length=1)
    width: int = Field(gt=0)
    height: int = Field(gt=0)
    boxes: tuple[PixelBox, ...] = ()
    captions: tuple[str, ...] = ()
    entities: tuple[Entity, ...] = ()
    relations: tuple[tuple[int, str, int], ...] = ()
    complete: tuple[str, ...] = ()
    meta: dict[str, Any] = Field(default_factory=dict)

    @property
    def image_path(self) -> Path:
        """Where the picture is."""
        return Path(self.image)

    @model_validator(mode="after")
    def _check(self) -> Self:
        for entity in self.entities:
            for index in entity.boxes:
                if not 0 <= index < len(self.boxes):
                    raise ValueError(f"entity {entity.name!r} refers to box {index} of {len(self.boxes)}")
        for subject, _, other in self.relations:
            if not (0 <= subject < len(self.entities) and 0 <= other < len(self.entities)):
                raise ValueError(f"relation {(subject, other)} refers to an entity of {len(self.entities)}")
        for caption in self.captions:
            for indexes in box_references(caption):
                if max(indexes) >= len(self.boxes):
                    raise ValueError(f"a caption refers to box {max(indexes)} of {len(self.boxes)}")
        return self
