"""The leakage guard: no picture that a model will be tested on may be in what it is trained on (§5)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from twist_scout.data.leakage.identity import VisualGenome, photo_keys
from twist_scout.data.leakage.perceptual import THRESHOLD, HashIndex, mirrored_hash, perceptual_hash
from twist_scout.data.leakage.reading import Picture, listed_pictures
from twist_scout.errors import BadConfig, BadImage, BadInput

#: Pictures that are hashed at once: decoding a picture leaves the other threads alone.
_THREADS, _AT_ONCE = 4, 256


@dataclass(frozen=True, slots=True)
class Match:
    """A training picture that is an evaluation picture.

    Attributes:
        against: the evaluation set.
        item: the picture's name in it.
        by: ``file`` (the same file), ``id`` or ``hash``.
        key: the id they share, ``coco:580957``; empty if another way.
        distance: of the hashes in bits; None if another way.
        mirrored: whether the hash is that of the picture's mirror image.
    """

    against: str
    item: str
    by: str
    key: str = ""
    distance: int | None = None
    mirrored: bool = False

    def __str__(self) -> str:
        """``val.json: COCO_val2014_000000000042.jpg (id coco:42)``."""
        if self.by == "hash":
            how = f"{self.distance} of 128 bits differ{', mirrored' if self.mirrored else ''}"
        else:
            how = f"id {self.key}" if self.by == "id" else "the same file"
        return f"{self.against}: {self.item} ({how})"


class LeakageGuard:
    """Knows the pictures of the evaluation sets, and finds them again.

    Args:
        against: evaluation sets, each anything that `listed_pictures` reads.
        hashes: compare pictures too, and not only their names.
        threshold: how many of 128 bits may differ for two pictures to be one.
        images: folders in which the files of the evaluation pictures are.
        visual_genome: Visual Genome's ``image_data.json``, to know COCO's photos under its names.

    Attributes:
        sizes: pictures of each evaluation set.
        hashed: how many of them could be hashed.
        unhashed: training and evaluation pictures that could not be: no file, damaged, or too plain.

    Raises:
        BadConfig: there is nothing to compare with.
        BadInput: an evaluation set cannot be read.
    """

    def __init__(
        self,
        against: Iterable[str | Path],
        *,
        hashes: bool = False,
        threshold: int = THRESHOLD,
        images: Iterable[str | Path] = (),
        visual_genome: str | Path | None = None,
    ) -> None:
        self.threshold = threshold
        self._tie = VisualGenome(visual_genome) if visual_genome is not None else lambda keys: keys
        self._by_key: dict[str, tuple[str, str]] = {}
        self._by_file: dict[Path, tuple[str, str]] = {}
        self.sizes: Counter[str] = Counter()
        self.hashed = 0
        self.unhashed: Counter[str] = Counter()
        files: dict[Path, tuple[str, str]] = {}
        roots = [Path(folder).expanduser() for folder in images]
        for source in against:
            files |= self._learn(str(source), roots)
        if not self.sizes:
            raise BadConfig("The leakage guard has nothing to compare with: give it the evaluation sets.")
        self._index, self._owners = self._hash_all(files) if hashes else (None, [])

    def _learn(self, source: str, roots: list[Path]) -> dict[Path, tuple[str, str]]:
        """The keys and files of an evaluation set."""
        files: dict[Path, tuple[str, str]] = {}
        names: set[str] = set()
        for picture in listed_pictures(source, roots, held_out=True):
            if picture.name in names:
                continue
            names.add(picture.name)
            owner = (source, picture.name)
            for key in self._tie(picture.keys):
                self._by_key.setdefault(key, owner)
            if picture.path is not None:
                files[picture.path] = owner
                self._by_file.setdefault(picture.path.resolve(), owner)
        self.sizes[source] = len(names)
        return files

    def _hash_all(self, files: dict[Path, tuple[str, str]]) -> tuple[HashIndex | None, list[tuple[str, str, bool]]]:
        hashes, owners = [], []
        with ThreadPoolExecutor(_THREADS) as pool:
            found = pool.map(_both_hashes, files)
            for (source, name), (straight, mirrored) in zip(files.values(), found, strict=True):
                for one, turned in ((straight, False), (mirrored, True)):
                    if one is not None:
                        hashes.append(one)
                        owners.append((source, name, turned))
                self.hashed += straight is not None
        self.unhashed["evaluation"] = sum(self.sizes.values()) - self.hashed
        if not hashes:
            raise BadInput(
                "No file of an evaluation picture was found, so none can be compared by hash: give their folder too."
            )
        return HashIndex(np.array(hashes)), owners

    def find(self, image: str | Path) -> Match | None:
        """The evaluation picture that a training picture is, if it is one.

        Args:
            image: its path; the file is only opened if hashes are compared.
        """
        return next(iter(self.find_all([Picture(str(image), photo_keys(str(image)), _existing(image))])))

    def find_all(self, pictures: Iterable[Picture]) -> Iterator[Match | None]:
        """As `find`, for each of many: their files are read by several threads."""
        batch: list[Picture] = []
        for picture in pictures:
            batch.append(picture)
            if len(batch) == _AT_ONCE:
                yield from self._matches(batch)
                batch = []
        yield from self._matches(batch)

    def refuses(self, image: str) -> bool:
        """Whether a picture may not be trained on: for `Mixture`."""
        return self.find(image) is not None

    def _matches(self, batch: list[Picture]) -> list[Match | None]:
        found = [self._by_name(picture) for picture in batch]
        if self._index is None:
            return found
        left = [number for number, match in enumerate(found) if match is None]
        if len(left) == 1:
            hashes = [_hash_or_none(batch[left[0]].path)]
        else:
            with ThreadPoolExecutor(_THREADS) as pool:
                hashes = list(pool.map(_hash_or_none, (batch[number].path for number in left)))
        self.unhashed["training"] += sum(one is None for one in hashes)
        hashed = [(number, one) for number, one in zip(left, hashes, strict=True) if one is not None]
        if not hashed:
            return found
        nearest, distances = self._index.nearest(np.array([one for _, one in hashed]))
        for (number, _), index, distance in zip(hashed, nearest, distances, strict=True):
            if distance <= self.threshold:
                source, name, mirrored = self._owners[index]
                found[number] = Match(source, name, "hash", distance=int(distance), mirrored=mirrored)
        return found

    def _by_name(self, picture: Picture) -> Match | None:
        for key in sorted(self._tie(picture.keys)):
            if key in self._by_key:
                return Match(*self._by_key[key], "id", key=key)
        if picture.path is not None and (owner := self._by_file.get(picture.path.resolve())) is not None:
            return Match(*owner, "file")
        return None


def _existing(image: str | Path) -> Path | None:
    return Path(image) if Path(image).is_file() else None


def _hash_or_none(path: Path | None) -> np.ndarray | None:
    try:
        return None if path is None else perceptual_hash(path)
    except BadImage:
        return None


def _both_hashes(path: Path) -> tuple[np.ndarray | None, np.ndarray | None]:
    try:
        return perceptual_hash(path), mirrored_hash(path)
    except BadImage:
        return None, None
