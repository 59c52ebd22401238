"""Which photo a file is, by its name: one photo goes by many names.

``COCO_train2014_000000580957.jpg``, ``train2017/000000580957.jpg`` and ``COCO_train2014_000000580957_16.jpg`` are COCO's
photo 580957; ``1007129816.jpg`` and ``1007129816_e794419615.jpg`` are Flickr's photo 1007129816. COCO and Visual Genome
took their photos from Flickr, so their tables of ids tie the names together.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from twist_scout.data.rows import read_json
from twist_scout.errors import BadInput

#: The largest id of COCO's photos; larger numbers without a name are Flickr's.
LARGEST_COCO = 581_929

_COPY = re.compile(r"-[0-9a-f]{8}$")  # how this project marks its copies of pictures
_COCO = re.compile(r"COCO_(?:train|val|test)20\d\d_(\d{12})(?:_\d+)?")
_COCO_2017 = re.compile(r"(\d{12})(?:_\d+)?")
_VOC = re.compile(r"(20\d\d_\d{6}|00\d{4})")
_FLICKR = re.compile(r"([1-9]\d{4,})(?:_[0-9a-f]{8,12}(?:_[a-z])?)?")
_VISUAL_GENOME = frozenset(("vg", "vg_100k", "vg_100k_2", "visual_genome", "visualgenome", "gqa"))


def photo_keys(name: str) -> frozenset[str]:
    """What photo a path names, as ``coco:580957``, ``flickr:1007129816``, ``voc:2007_000027`` or ``vg:2317429``.

    Args:
        name: of a file, with its folders if they are known: the names of Visual Genome's pictures are told from Flickr's
            by them.

    Returns:
        Empty where the name says nothing.
    """
    path = PurePosixPath(name.replace("\\", "/"))
    stem = _COPY.sub("", path.stem)
    for pattern in (_COCO, _COCO_2017):
        if found := pattern.fullmatch(stem):
            return frozenset((coco_key(found[1]),))
    folders = [part.lower() for part in path.parts[:-1] if part.lower() != "images"]
    if stem.isdecimal() and folders and folders[-1] in _VISUAL_GENOME:
        return frozenset((f"vg:{int(stem)}",))
    if found := _VOC.fullmatch(stem):
        return frozenset((f"voc:{found[1]}",))
    if found := _FLICKR.fullmatch(stem):
        return frozenset((f"flickr:{int(found[1])}",))
    return frozenset()


def coco_key(id: object) -> str:
    """The key of a photo of COCO by its number."""
    return f"coco:{int(str(id))}"


def keys_of_row(row: Mapping[str, Any], name: str) -> frozenset[str]:
    """The keys of an annotation's picture: from its name, and from the addresses and ids beside it.

    Understood are ``coco_url``, ``flickr_url`` (its last part begins with Flickr's id), ``cocoid``, ``coco_id`` and
    ``flickr_id``.
    """
    keys = set(photo_keys(name))
    for address in ("coco_url", "flickr_url"):
        if isinstance(row.get(address), str):
            keys |= photo_keys(str(row[address]))
    for key, kind in (("cocoid", "coco"), ("coco_id", "coco"), ("flickr_id", "flickr")):
        if str(row.get(key)).isdecimal():
            keys.add(f"{kind}:{int(row[key])}")
    return frozenset(keys)


class VisualGenome:
    """Ties Visual Genome's ids to COCO's and Flickr's.

    Half of its photos are COCO's, under other names.

    Args:
        path: Visual Genome's ``image_data.json``.

    Raises:
        BadInput: it is not that file.
    """

    def __init__(self, path: str | Path) -> None:
        rows = read_json(Path(path))
        self._keys: dict[str, frozenset[str]] = {}
        try:
            for row in rows:
                known = [(kind, row.get(f"{kind}_id")) for kind in ("coco", "flickr")]
                key = f"vg:{row.get('image_id', row.get('id'))}"
                self._keys[key] = frozenset((key, *(f"{kind}:{id}" for kind, id in known if id is not None)))
        except (TypeError, AttributeError) as error:
            raise BadInput(f"{path} is not Visual Genome's image_data.json: it is no list of pictures.") from error

    def __call__(self, keys: frozenset[str]) -> frozenset[str]:
        """The keys, and those of the same photos in COCO and Flickr."""
        return keys.union(*(self._keys.get(key, ()) for key in keys))


def listed_keys(lines: Iterator[str]) -> Iterator[tuple[str, frozenset[str]]]:
    """The keys of a list of ids or names, one a line; only the first word of a line counts.

    Bare numbers are COCO's, unless one of them is larger than COCO's largest: then all are Flickr's.
    """
    names = [words[0] for words in map(str.split, lines) if words and not words[0].startswith("#")]
    numbers = [int(name) for name in names if name.isdecimal() and not _named(name)]
    kind = "flickr" if numbers and max(numbers) > LARGEST_COCO else "coco"
    for name in names:
        bare = name.isdecimal() and not _named(name)
        yield name, frozenset((f"{kind}:{int(name)}",)) if bare else photo_keys(name)


def _named(digits: str) -> bool:
    """Whether digits are a name with leading zeros, as COCO's and VOC's, and not a number."""
    return digits.startswith("0") and len(digits) in (6, 12)
