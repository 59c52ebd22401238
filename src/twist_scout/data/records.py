"""The example record: one picture, one conversation, its boxes; and the JSONL files that hold such records.

Boxes are stored once, in pixels of the original image. The conversation refers to them by index, ``<box:0>`` or
``<box:0,2>``, so one file serves every model whatever way of writing boxes it has; `render_messages` writes them out.

    {"version": 1, "id": "7", "image": "7.png", "width": 112, "height": 112, "task": "rec",
     "boxes": [[8, 20, 40, 71]],
     "messages": [{"role": "user", "content": "Where is the dog?"},
                  {"role": "assistant", "content": "The dog <box:0>."}]}
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    StrictStr,
    ValidationError,
    model_validator,
)

from twist_scout.boxes.box import Box
from twist_scout.boxes.dialects import Dialect, get_dialect
from twist_scout.boxes.frame import Frame, make_frame
from twist_scout.errors import BadInput, BadRecord

#: Of the record's form. A key more, or another meaning of one, is another version; this program reads all up to its own.
VERSION = 1

#: What a record can teach or test. ``negative`` asks about something that is not there.
TASKS = ("rec", "localization", "gic", "scout", "negative", "understanding")

#: How far a box may stick out of the picture, in pixels; it is cut off at the border.
SLACK = 1.0

FrameChoice = Frame | str | Callable[[int, int], Frame]

_REFERENCE = re.compile(r"<box:(\d+(?:,\d+)*)>")
_ANY_REFERENCE = re.compile(r"<box:[^>\n]{0,1000}>?")


def _number(value: Any) -> Any:
    if isinstance(value, (bool, str, bytes)):
        raise ValueError(f"must be a number, not {value!r}")
    return value


def _known_version(value: int) -> int:
    if not 1 <= value <= VERSION:
        raise ValueError(f"{value} is none that this program knows, 1 to {VERSION}: install a newer twist-scout")
    return value


Pixels = Annotated[float, BeforeValidator(_number)]
PixelBox = tuple[Pixels, Pixels, Pixels, Pixels]


class Message(BaseModel):
    """One turn of a conversation.

    Attributes:
        role: ``system``, ``user`` or ``assistant``.
        content: the words, with box references ``<box:i,j>``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    role: Literal["system", "user", "assistant"]
    content: StrictStr


class Example(BaseModel):
    """One picture with one conversation about it.

    Attributes:
        version: of the form; a line without it is of version 1.
        id: a name for error messages and for matching predictions.
        image: path of the picture, relative to the folder of the JSONL file (or absolute).
        width: pixels of the original, upright picture.
        height: pixels of the original, upright picture.
        task: one of `TASKS`.
        messages: an optional system turn, then user and assistant in turn.
        boxes: ``(x1, y1, x2, y2)`` in pixels of the original picture.
        negative: whether the thing asked for is absent.
        meta: anything else.

    Raises:
        pydantic.ValidationError: on construction, for a box that is inverted, without area, not finite or more than a
            pixel outside; a reference to a box that does not exist; turns out of order; unknown keys; a newer version.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: Annotated[StrictInt, AfterValidator(_known_version)] = VERSION
    id: StrictStr
    image: StrictStr = Field(min_length=1)
    width: StrictInt = Field(gt=0)
    height: StrictInt = Field(gt=0)
    task: StrictStr
    messages: list[Message] = Field(min_length=1)
    boxes: list[PixelBox] = Field(default_factory=list)
    negative: StrictBool = False
    meta: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.task not in TASKS:
            raise ValueError(f"task {self.task!r} is not one of {', '.join(TASKS)}")
        clipped = [self._clip(i, box) for i, box in enumerate(self.boxes)]
        object.__setattr__(self, "boxes", clipped)  # frozen: values are settled here, once
        self._check_turns()
        for turn, message in enumerate(self.messages):
            for match in _ANY_REFERENCE.finditer(message.content):
                self._check_reference(turn, match[0])
        return self

    def _clip(self, index: int, box: PixelBox) -> PixelBox:
        x1, y1, x2, y2 = box
        width, height = self.width, self.height
        if 0.0 <= x1 < x2 <= width and 0.0 <= y1 < y2 <= height:  # nearly all are, and files have millions
            return box
        where = f"box {index} {[round(v, 2) for v in box]}"
        if not all(math.isfinite(v) for v in box):
            raise ValueError(f"{where} has a coordinate that is not a finite number")
        if x2 < x1 or y2 < y1:
            raise ValueError(f"{where} is inverted: boxes are x1, y1, x2, y2 with x1 < x2 and y1 < y2")
        low, right, bottom = -SLACK, width + SLACK, height + SLACK
        if x1 < low or y1 < low or x2 > right or y2 > bottom:
            raise ValueError(f"{where} lies outside the {width} x {height} picture")
        x1, x2 = (min(max(v, 0.0), float(width)) for v in (x1, x2))
        y1, y2 = (min(max(v, 0.0), float(height)) for v in (y1, y2))
        if x1 == x2 or y1 == y2:
            raise ValueError(f"{where} has no area inside the picture")
        return (x1, y1, x2, y2)

    def _check_turns(self) -> None:
        roles = [m.role for m in self.messages]
        turns = roles[1:] if roles[0] == "system" else roles
        expected = ["user", "assistant"] * (len(turns) // 2 + 1)
        if not turns or turns != expected[: len(turns)]:
            raise ValueError(
                f"turns are {', '.join(roles)}: after an optional system turn, user and assistant alternate"
            )
        for turn, message in enumerate(self.messages):
            if message.role == "assistant" and not message.content.strip():
                raise ValueError(f"message {turn} is an empty assistant turn: nothing to learn")

    def _check_reference(self, turn: int, text: str) -> None:
        match = _REFERENCE.fullmatch(text)
        if match is None:
            raise ValueError(f"message {turn} holds {text!r}: write <box:0> or <box:0,2>")
        for index in map(int, match[1].split(",")):
            if index >= len(self.boxes):
                raise ValueError(
                    f"message {turn} refers to {text}, but there are {len(self.boxes)} boxes (counted from 0)"
                )

    def box(self, index: int) -> Box:
        """Box ``index`` as fractions of the original picture."""
        return Box.from_pixels(*self.boxes[index], width=self.width, height=self.height)


def reference_spans(text: str) -> list[tuple[int, int, tuple[int, ...]]]:
    """The references of a text: start and end index, and the numbers of the boxes."""
    return [(match.start(), match.end(), tuple(map(int, match[1].split(",")))) for match in _REFERENCE.finditer(text)]


def box_references(text: str) -> list[tuple[int, ...]]:
    """The box numbers of each reference in a text: ``a dog <box:0> and two cats <box:1,2>`` gives (0,) and (1, 2)."""
    return [boxes for _, _, boxes in reference_spans(text)]


def render_messages(
    example: Example, dialect: str | Dialect = "scout", frame: FrameChoice = "stretched"
) -> list[dict[str, str]]:
    """Write the conversation with its boxes in a model's dialect.

    Args:
        example: the record.
        dialect: how boxes are written, by name or as an object.
        frame: what the model sees of the picture: a frame, the name of one, or a function of width and height.

    Returns:
        ``[{"role": ..., "content": ...}, ...]``, one per message.
    """
    seen = resolve_frame(frame, example.width, example.height)
    codec = get_dialect(dialect, seen)

    def write(match: re.Match[str]) -> str:
        return codec.render([seen.to_model(example.box(int(i))) for i in match[1].split(",")])

    return [{"role": m.role, "content": _REFERENCE.sub(write, m.content)} for m in example.messages]


def resolve_frame(frame: FrameChoice, width: int, height: int) -> Frame:
    """The frame of one picture, from a frame, a name or a function of width and height."""
    if isinstance(frame, Frame):
        return frame
    if isinstance(frame, str):
        return make_frame(frame, width=width, height=height)
    return frame(width, height)


def read_examples(path: str | Path, *, confined: bool = False) -> Iterator[Example]:
    """Stream the records of a JSONL file; blank lines are skipped.

    Args:
        path: the file, UTF-8, one record per line.
        confined: refuse absolute image paths and ``..`` in them. For files from people you do not know.

    Raises:
        BadInput: the file cannot be opened.
        BadRecord: a line is not a valid record; names file, line and what to change. Records before it have been yielded.
    """
    for _, _, example in iterate_lines(path, confined=confined):
        yield example


def iterate_lines(path: str | Path, *, confined: bool = False) -> Iterator[tuple[int, int, Example]]:
    """As `read_examples`, with the 1-based line number and the byte offset of each record."""
    path = Path(path)
    try:
        file = path.open("rb")
    except OSError as error:
        reason = error.strerror or str(error)
        raise BadInput(f"{path} cannot be read ({reason}): check the path.") from error
    with file:
        offset = 0
        for number, raw in enumerate(file, start=1):
            if raw.strip():
                yield number, offset, parse_line(raw, path, number, confined=confined)
            offset += len(raw)


def parse_line(raw: bytes, path: Path, number: int, *, confined: bool = False) -> Example:
    """One line of a JSONL file as a record.

    Raises:
        BadRecord: it is not one.
    """
    try:
        text = raw.decode("utf-8-sig" if number == 1 else "utf-8")
        example = Example.model_validate_json(text)
    except UnicodeDecodeError as error:
        raise BadRecord(path, number, f"not UTF-8 (byte {error.start}): convert it.") from error
    except ValidationError as error:
        raise BadRecord(path, number, _sentence(error)) from error
    if confined and not is_confined(example.image):
        raise BadRecord(path, number, f"image {example.image!r} points out of the data folder: use one inside.")
    return example


def is_confined(image: str) -> bool:
    """Whether a relative path stays below its folder, on every operating system."""
    for flavour in (PurePosixPath, PureWindowsPath):
        pure = flavour(image)
        if pure.is_absolute() or pure.drive or pure.root or ".." in pure.parts:
            return False
    return True


def write_examples(path: str | Path, examples: Iterable[Example]) -> int:
    """Write a JSONL file, whole or not at all: an error or a kill leaves the old file as it was.

    Returns:
        How many records were written.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    count = 0
    try:
        with partial.open("w", encoding="utf-8", newline="\n") as file:
            for example in examples:
                file.write(example.model_dump_json() + "\n")
                count += 1
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
    return count


def _sentence(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    message = first["msg"].removeprefix("Value error, ")
    message = message.removeprefix("Input should be ").removeprefix("Assertion failed, ")
    where = ".".join(str(part) for part in first["loc"])
    if first["type"] == "json_invalid":
        return f"not valid JSON ({message.removeprefix('Invalid JSON: ')}): was the file cut short?"
    if first["type"] == "extra_forbidden":
        return f"unknown key {where!r}: put extra facts under 'meta'."
    if first["type"] == "missing":
        return f"the key {where!r} is missing."
    if first["type"] == "value_error":
        return f"{where}: {message}." if where else f"{message}."
    return f"{where or 'the line'} should be {message}."
