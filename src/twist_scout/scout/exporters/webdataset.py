"""WebDataset shards: tar files in which all files of one sample have one stem.

A sample is a picture with the records about it that follow one another (``000000012.jpg`` and ``000000012.json``, whose
``records`` are a list), so that a picture with a hundred questions is stored once.
"""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path, PurePosixPath
from typing import Any

from twist_scout.data.records import Example
from twist_scout.errors import BadInput, BadRecord
from twist_scout.scout.exporters.base import Format, Reading, Target, row_of
from twist_scout.scout.exporters.shards import ENDINGS, Stored, new_folder, shard_files

_LONGEST = 1 << 28  # a member that claims more than 256 MB is no sample
_BLOCK = 512


def write(examples: Iterator[Example], target: Target) -> int:
    """Write the shards; see :data:`WEBDATASET`. Returns how many records there are."""
    count = written = 0
    shard: tarfile.TarFile | None = None
    with new_folder(target.path) as folder:
        try:
            for number, (_, group) in enumerate(groupby(examples, key=lambda example: example.image)):
                records = list(group)
                content, ending = target.pictures.content(records[0])
                if shard is None or written >= target.shard_bytes:
                    if shard is not None:
                        shard.close()
                    shard = _opened(folder, 0 if written == 0 else _next_number(folder))
                    written = 0
                stem = f"{number:09d}"
                image = f"{stem}{ending if ending in ENDINGS else '.img'}"
                sample = {
                    "name": target.pictures.portable(records[0]),
                    "records": [record.model_dump(mode="json") | {"image": image} for record in records],
                }
                written += _add(shard, image, content)
                written += _add(shard, f"{stem}.json", json.dumps(sample, ensure_ascii=False).encode())
                count += len(records)
            if shard is None:
                shard = _opened(folder, 0)
        finally:
            if shard is not None:
                shard.close()
    return count


def _opened(folder: Path, number: int) -> tarfile.TarFile:
    return tarfile.open(folder / f"train-{number:06d}.tar", "w", format=tarfile.PAX_FORMAT)


def _next_number(folder: Path) -> int:
    return len(list(folder.glob("*.tar")))


def _add(shard: tarfile.TarFile, name: str, content: bytes) -> int:
    """Add a file without owner or time, so that the same data give the same bytes."""
    entry = tarfile.TarInfo(name)
    entry.size = len(content)
    shard.addfile(entry, io.BytesIO(content))
    return len(content) + 2 * _BLOCK


def read(path: Path, reading: Reading) -> Iterator[Example]:
    """Read a shard or a folder of them; see :data:`WEBDATASET`."""
    stored = Stored(reading.images)
    for file in shard_files(path, ".tar"):
        for number, members in enumerate(_samples(file), start=1):
            with row_of(file, number):
                examples = list(_examples(members, stored))
            yield from examples


def _samples(file: Path) -> Iterator[dict[str, bytes]]:
    """Files by ending, of one stem after the other. Nothing is unpacked: names in a shard lead nowhere."""
    try:
        with tarfile.open(file, "r:") as shard:
            stem = ""
            members: dict[str, bytes] = {}
            for entry in shard:
                name = PurePosixPath(entry.name)
                if not entry.isfile():
                    continue
                if entry.size > _LONGEST:
                    raise BadRecord(file, 1, f"{entry.name[:80]!r} is larger than a sample may be.")
                if str(name.with_suffix("")) != stem:
                    if members:
                        yield members
                    stem, members = str(name.with_suffix("")), {}
                opened = shard.extractfile(entry)
                members[name.suffix.lower()] = opened.read() if opened else b""
            if members:
                yield members
    except tarfile.TarError as error:
        raise BadInput(f"{file} is no tar file, or is cut short ({error}): export it again.") from error


def _examples(members: dict[str, bytes], stored: Stored) -> Iterator[Example]:
    sample: Any = json.loads(members[".json"])
    content = next((content for ending, content in members.items() if ending in ENDINGS or ending == ".img"), None)
    name = stored.name(sample["name"], content)
    for record in sample["records"]:
        yield Example.model_validate({**record, "image": name})


WEBDATASET = Format(
    name="webdataset",
    summary="webdataset and other readers of tar streams: shards with the pictures inside",
    loses="the folders of pictures that are named by a whole path",
    write=write,
    read=read,
    folder=True,
    ending=".tar",
)
