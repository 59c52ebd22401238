"""Parquet shards, pictures inside: what `datasets` and most tools for tables read.

The columns are those of a record. ``image`` is a picture in the hub's form (its bytes and its name), ``meta`` is JSON.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twist_scout.data.records import Example
from twist_scout.errors import BadConfig, BadInput
from twist_scout.scout.exporters.base import Format, Reading, Target, row_of
from twist_scout.scout.exporters.shards import Stored, new_folder, safe_name, shard_files

if TYPE_CHECKING:
    import pyarrow as pa

_ROWS_AT_ONCE = 256
_FEATURES = {
    "version": {"dtype": "int32", "_type": "Value"},
    "id": {"dtype": "string", "_type": "Value"},
    "image": {"_type": "Image"},
    "width": {"dtype": "int32", "_type": "Value"},
    "height": {"dtype": "int32", "_type": "Value"},
    "task": {"dtype": "string", "_type": "Value"},
    "messages": [{"role": {"dtype": "string", "_type": "Value"}, "content": {"dtype": "string", "_type": "Value"}}],
    "boxes": [[{"dtype": "float64", "_type": "Value"}]],
    "negative": {"dtype": "bool", "_type": "Value"},
    "meta": {"dtype": "string", "_type": "Value"},
}


def write(examples: Iterator[Example], target: Target) -> int:
    """Write the shards; see :data:`PARQUET`."""
    _arrow()
    count = 0
    with new_folder(target.path) as folder:
        shards = _Shards(folder, target)
        try:
            for example in examples:
                shards.add(example)
                count += 1
        finally:
            shards.close()
        shards.name_finally()
    return count


class _Shards:
    """Writes rows, a new file whenever one is large enough."""

    def __init__(self, folder: Path, target: Target) -> None:
        self._folder, self._target = folder, target
        self._files: list[Path] = []
        self._writer: Any = None
        self._rows: list[dict[str, Any]] = []
        self._size = 0

    def add(self, example: Example) -> None:
        """One more row."""
        target = self._target
        content = target.pictures.content(example)[0] if target.embed else None
        name = target.pictures.portable(example) if target.embed else target.pictures.name(example)
        self._rows.append(
            {
                "version": example.version,
                "id": example.id,
                "image": {"bytes": content, "path": name},
                "width": example.width,
                "height": example.height,
                "task": example.task,
                "messages": [message.model_dump() for message in example.messages],
                "boxes": [list(box) for box in example.boxes],
                "negative": example.negative,
                "meta": json.dumps(example.meta, ensure_ascii=False),
            }
        )
        self._size += len(content or b"") + 1024
        if len(self._rows) >= _ROWS_AT_ONCE or self._size >= target.shard_bytes:
            self._flush()

    def _flush(self) -> None:
        pa, parquet = _arrow()
        if self._rows:
            if self._writer is None:
                self._files.append(self._folder / f"{len(self._files)}.unnamed")
                self._writer = parquet.ParquetWriter(self._files[-1], _schema(pa), compression="zstd")
            self._writer.write_table(pa.Table.from_pylist(self._rows, schema=_schema(pa)))
            self._rows = []
        if self._size >= self._target.shard_bytes:
            self.close()

    def close(self) -> None:
        """Write what is left and end the file."""
        self._size = 0
        if self._rows:
            self._flush()
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def name_finally(self) -> None:
        """Give the files the names that the hub uses, now that their number is known."""
        if not self._files:
            pa, parquet = _arrow()
            self._files.append(self._folder / "0.unnamed")
            parquet.write_table(_schema(pa).empty_table(), self._files[0])
        for number, file in enumerate(self._files):
            file.rename(self._folder / f"train-{number:05d}-of-{len(self._files):05d}.parquet")


def _schema(pa: Any) -> pa.Schema:
    text = pa.string()
    return pa.schema(
        [
            ("version", pa.int32()),
            ("id", text),
            ("image", pa.struct([("bytes", pa.binary()), ("path", text)])),
            ("width", pa.int32()),
            ("height", pa.int32()),
            ("task", text),
            ("messages", pa.list_(pa.struct([("role", text), ("content", text)]))),
            ("boxes", pa.list_(pa.list_(pa.float64()))),
            ("negative", pa.bool_()),
            ("meta", text),
        ],
        metadata={"huggingface": json.dumps({"info": {"features": _FEATURES}})},
    )


def read(path: Path, reading: Reading) -> Iterator[Example]:
    """Read a shard or a folder of them; see :data:`PARQUET`."""
    _, parquet = _arrow()
    stored = Stored(reading.images)
    for file in shard_files(path, ".parquet"):
        try:
            opened = parquet.ParquetFile(file)
        except (OSError, ValueError) as error:
            raise BadInput(f"{file} is no Parquet file ({str(error).splitlines()[0]}): export it again.") from error
        with opened:
            number = 0
            for batch in opened.iter_batches(batch_size=_ROWS_AT_ONCE):
                for row in batch.to_pylist():
                    number += 1
                    with row_of(file, number):
                        example = _example(row, stored)
                    yield example


def _example(row: dict[str, Any], stored: Stored) -> Example:
    picture = row["image"]
    name = picture.get("path") or f"{safe_name(row['id'])}{_ending_of(picture.get('bytes') or b'')}"
    meta = row.get("meta")
    return Example(
        version=row.get("version", 1),
        id=row["id"],
        image=stored.name(name, picture.get("bytes")),
        width=row["width"],
        height=row["height"],
        task=row["task"],
        messages=row["messages"],
        boxes=row["boxes"],
        negative=row["negative"],
        meta=json.loads(meta) if isinstance(meta, str) else meta or {},
    )


def _ending_of(content: bytes) -> str:
    return ".png" if content.startswith(b"\x89PNG") else ".jpg"


def _arrow() -> tuple[Any, Any]:
    """Arrow and its Parquet module.

    Raises:
        BadConfig: it is not installed.
    """
    try:
        import pyarrow
        import pyarrow.parquet as parquet
    except ImportError as error:
        raise BadConfig("Parquet needs pyarrow: pip install 'twist-scout[scout]'.") from error
    return pyarrow, parquet


PARQUET = Format(
    name="parquet",
    summary="datasets and table tools: shards with the pictures inside",
    loses="the folders of pictures that are named by a whole path",
    write=write,
    read=read,
    folder=True,
    ending=".parquet",
)
