"""The sidecar of a prediction file: how it was made, and so how it is to be read.

``P.meta.json`` stands beside ``P.jsonl``. Of its keys, these say how to read the answers::

    {"dialect": "scout", "frame": "padded", "image_processor": {"do_pad": true, ...}}

``image_processor`` holds what decides which part of a picture the model saw, so that boxes can be carried back to the
original picture exactly. Written by hand, a ``dialect`` is enough, with a ``frame`` where it is not the dialect's own.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from twist_scout.boxes.dialects import Codec, Dialect, get_dialect
from twist_scout.boxes.frame import CenterCropped, Frame, PaddedSquare, SmartResized, Stretched
from twist_scout.errors import BadConfig, BadInput, first_line
from twist_scout.evaluation.reading import AnswerReader
from twist_scout.processor_frame import frame_for

ENDING = ".meta.json"

#: What `frame_for` looks at.
_DECIDING = (
    "do_pad",
    "do_resize",
    "do_center_crop",
    "size",
    "crop_size",
    "patch_size",
    "merge_size",
    "min_pixels",
    "max_pixels",
    "image_grid_pinpoints",
)
_TO_SQUARE = "pad_to_square"
_NAMES: tuple[tuple[type[Frame], str], ...] = (
    (PaddedSquare, "padded"),
    (SmartResized, "smart_resized"),
    (CenterCropped, "center_cropped"),
    (Stretched, "stretched"),
)


@dataclass(frozen=True)
class Sidecar:
    """How the answers of a prediction file are written.

    Attributes:
        dialect: how boxes are written.
        frame: name of the frame; None: the dialect's own.
        image_processor: what decides the frame of each picture; empty where only its name is known.
        content: the whole file.
    """

    dialect: str
    frame: str | None = None
    image_processor: Mapping[str, Any] = field(default_factory=dict)
    content: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def reader(self) -> AnswerReader:
        """A reader of these answers.

        Raises:
            BadConfig: there is no such dialect or frame.
        """
        if self.image_processor:
            return ProcessorReader(self.dialect, self.image_processor)
        return AnswerReader(self.dialect, self.frame)


class ProcessorReader(AnswerReader):
    """Reads answers in the frame that an image processor gives each picture.

    Args:
        dialect: how boxes are written.
        image_processor: what decides the frame, as `image_processor_settings` gives it.

    Raises:
        BadConfig: there is no such dialect.
    """

    def __init__(self, dialect: str | Dialect, image_processor: Mapping[str, Any]) -> None:
        super().__init__(dialect)
        self._processor = SimpleNamespace(**image_processor)

    def for_size(self, size: tuple[int, int] | None) -> tuple[Dialect, Frame]:
        """The dialect bound to a picture, and the frame of that picture.

        Args:
            size: width and height of the original picture in pixels; None where unknown.

        Raises:
            BadInput: the size is needed and not known, or no frame can be told.
        """
        bound = self._seen.get(size)
        if bound is None:
            bound = self._seen[size] = self._bound(size)
        return bound

    def _bound(self, size: tuple[int, int] | None) -> tuple[Dialect, Frame]:
        try:
            view = frame_for(self._processor, *(size or (4, 3)))
        except (TypeError, ValueError, AttributeError) as error:
            raise BadInput(
                f"The image_processor of the sidecar tells no frame ({first_line(error)}): mend it."
            ) from error
        if isinstance(view, Stretched) and size is not None and view.size is None:
            view = Stretched(size)
        codec = get_dialect(self.dialect, None if size is None else view)
        differs = isinstance(view, (PaddedSquare, CenterCropped)) or (isinstance(codec, Codec) and codec.needs_size)
        if size is None and differs:
            raise BadInput(
                f"Boxes in the dialect {codec.name!r} in the frame {frame_name(view)} need the size of the picture: "
                "give the folder of the pictures with --images."
            )
        return codec, view


def sidecar_path(predictions: str | Path) -> Path:
    """Where the sidecar of a prediction file is: ``P.meta.json`` beside ``P.jsonl``."""
    return Path(predictions).with_suffix(ENDING)


def read_sidecar(predictions: str | Path) -> Sidecar | None:
    """The sidecar of a prediction file; None where there is none.

    Raises:
        BadInput: it cannot be read, or does not name a dialect.
    """
    path = sidecar_path(predictions)
    if not path.is_file():
        return None
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        dialect, frame = content["dialect"], content.get("frame")
        processor = content.get("image_processor") or {}
        if not isinstance(dialect, str) or not isinstance(frame, str | None) or not isinstance(processor, dict):
            raise TypeError("a value of another kind")
        get_dialect(dialect)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError, BadConfig) as error:
        raise BadInput(
            f"{path} does not say how {Path(predictions).name} is written ({first_line(error)}): mend it, or take it away "
            "and give --dialect."
        ) from error
    return Sidecar(dialect, frame, processor, content)


def image_processor_settings(processor: Any) -> dict[str, Any]:
    """What decides the frame in which a processor shows pictures, ready for JSON.

    Args:
        processor: a processor, or an image processor.
    """
    images = getattr(processor, "image_processor", processor)
    found: dict[str, Any] = {}
    for name in _DECIDING:
        value = getattr(images, name, None)
        if value is not None:
            found[name] = _plain(value)
    if hasattr(images, _TO_SQUARE):
        found[_TO_SQUARE] = True
    return found


def frame_name(frame: Frame) -> str:
    """The name of a kind of frame."""
    return next(name for kind, name in _NAMES if isinstance(frame, kind))


def _plain(value: Any) -> Any:
    """Sizes and lists of them as JSON has them."""
    if isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items() if item is not None}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    edges = ("height", "width", "shortest_edge", "longest_edge")
    return {edge: int(number) for edge in edges if (number := getattr(value, edge, None)) is not None}
