"""``twist-scout boxes convert``: rewrite the boxes of texts in another model's dialect."""

from __future__ import annotations

import json as json_module
import re
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO

import typer

from twist_scout.cli import console, options
from twist_scout.errors import BadInput

if TYPE_CHECKING:
    from twist_scout.boxes.conversion import Converted
    from twist_scout.boxes.dialects import Dialect

Size = tuple[int, int] | None

_HALF_A_PAIR = re.compile(r"[\ud800-\udfff]")


@dataclass(frozen=True)
class Line:
    """One text to convert.

    Args:
        number: its line in the file.
        text: the text.
        size: width and height of its picture, where the line gives them.
        record: the object it came from; None for plain text.
        end: what to print after it.
    """

    number: int
    text: str
    size: Size
    record: dict[str, Any] | None
    end: str = "\n"


@dataclass(frozen=True)
class Conversion:
    """Everything but the text."""

    source: Dialect
    target: Dialect
    size: Size
    source_frame: str | None
    target_frame: str | None
    max_pixels: int | None

    def __call__(self, line: Line, name: str) -> Converted:
        """Convert one text."""
        from twist_scout.boxes.conversion import Converted, convert, view_of

        size = line.size or self.size
        if size is None and not self.source.find(line.text):
            return Converted(line.text, (), ())  # without boxes no size is needed
        try:
            seen = view_of(self.source, size, self.source_frame, self.max_pixels)
            shown = view_of(self.target, size, self.target_frame, self.max_pixels)
        except BadInput as error:
            hint = "" if size else " to the line, or give --width and --height"
            raise BadInput(f"{name}, line {line.number}: {error}{hint}.") from error
        return convert(line.text, self.source, self.target, source_frame=seen, target_frame=shown)


def convert(
    source: Annotated[str, typer.Option("--from", metavar="DIALECT", help="How boxes are written.")],
    target: Annotated[str, typer.Option("--to", metavar="DIALECT", help="How they shall be written.")],
    file: Annotated[str, typer.Argument(help="Text or JSONL file; - is stdin.")] = "-",
    width: Annotated[int | None, typer.Option(min=1, help="Width of the original picture in pixels.")] = None,
    height: Annotated[int | None, typer.Option(min=1, help="Height of the original picture in pixels.")] = None,
    source_frame: Annotated[
        str | None,
        typer.Option(
            "--from-frame",
            metavar="FRAME",
            help="How the model that wrote the text saw the picture: stretched, padded or smart_resized. "
            "Without it, as the models of its dialect do.",
        ),
    ] = None,
    target_frame: Annotated[
        str | None, typer.Option("--to-frame", metavar="FRAME", help="The same for the model that shall read it.")
    ] = None,
    max_pixels: Annotated[
        int | None,
        typer.Option(min=1, help="Largest area of a smart-resized picture. Without it, that of the released models."),
    ] = None,
    json: options.Json = False,
) -> None:
    """Rewrite boxes from one model's dialect and frame to another's.

    FILE holds plain text, or JSONL with a "text" on each line; other keys are
    kept. Pixels and padded squares need the size of the picture: "width" and
    "height" of the line, or the options. What cannot be read stays as it is
    and is counted on stderr. With --json, each line also lists the phrases,
    their boxes in the original picture, and what could not be read.

    Dialects: scout, cogvlm, shikra, llava, ferret, kosmos-2, florence-2,
    paligemma, qwen-vl, qwen2-vl, qwen2.5-vl, qwen3-vl, internvl, pin, pixels.

    Examples:
      twist-scout boxes convert --from qwen2.5-vl --to scout answers.jsonl
      echo "a dog [[10,9,79,100]]" | twist-scout boxes convert --from scout --to kosmos-2
    """
    from twist_scout.boxes.dialects import get_dialect
    from twist_scout.boxes.frame import make_frame

    if (width is None) != (height is None):
        raise BadInput("The size of the picture needs both --width and --height.")
    size = (width, height) if width is not None and height is not None else None
    for frame in (source_frame, target_frame):
        if frame is not None:
            make_frame(frame, width=1, height=1)  # an unknown name is found before anything is read
    work = Conversion(get_dialect(source), get_dialect(target), size, source_frame, target_frame, max_pixels)
    name = "stdin" if file == "-" else file
    lines = boxes = unread = 0
    with _opened(file) as stream:
        for line in _lines(stream, name, work.source):
            result = work(line, name)
            _print(line, result, line.size or size, json)
            lines, boxes = lines + 1, boxes + sum(len(item.boxes) for item in result.items)
            unread += len(result.unread)
    console.err().print(f"lines: {lines}, boxes converted: {boxes}, pieces not readable: {unread}")


def _opened(file: str) -> AbstractContextManager[BinaryIO]:
    if file == "-":
        return nullcontext(sys.stdin.buffer)
    try:
        return Path(file).open("rb")
    except OSError as error:
        raise BadInput(f"{file} cannot be read ({error.strerror or error}): check the path.") from error


def _lines(stream: BinaryIO, name: str, source: Dialect) -> Iterator[Line]:
    """The texts of a file. What its first line is decides whether it is JSONL or plain text."""
    from itertools import chain

    from twist_scout.boxes.dialects import Codec
    from twist_scout.boxes.jsonl import decoded, read_objects, size_of, text_of

    blank: list[bytes] = []
    for first in stream:
        blank.append(first)
        if first.strip():
            break
    rest = chain(blank, stream)
    if blank and _is_record(blank[-1]):
        for number, record in read_objects(rest, name):
            yield Line(number, text_of(record, name, number), size_of(record, name, number), record)
    elif isinstance(source, Codec) and source.spans_lines:
        yield Line(1, decoded(b"".join(rest), name, 1), None, None, "")
    else:
        for number, raw in enumerate(rest, start=1):
            text = decoded(raw, name, number)
            body = text.rstrip("\r\n")
            yield Line(number, body, None, None, text[len(body) :])


def _is_record(raw: bytes) -> bool:
    """Whether a line is an object with a text, and not an answer in JSON."""
    try:
        value = json_module.loads(raw.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict) and "text" in value


def _print(line: Line, result: Converted, size: Size, json: bool) -> None:
    if not json and line.record is None:
        sys.stdout.write(result.text + line.end)
        return
    record = {**(line.record or {}), "text": result.text}
    if json:
        record["phrases"] = [
            {
                "text": item.phrase,
                "boxes": [
                    [round(value, 2) for value in box.to_pixels(*size)]
                    if size
                    else [round(value, 6) for value in box.as_tuple()]
                    for box in item.boxes
                ],
            }
            for item in result.items
        ]
        record["unit"] = "pixels" if size else "fractions"
        record["unread"] = [
            {"text": piece.text, "start": piece.start, "reason": piece.reason} for piece in result.unread
        ]
    written = json_module.dumps(record, ensure_ascii=False)
    if not written.isascii() and _HALF_A_PAIR.search(written):
        written = json_module.dumps(record)  # half of a surrogate pair can only be written as an escape
    sys.stdout.write(written + "\n")
