"""A folder of pictures, with nothing known about them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

from twist_scout.scout.items import SourceItem
from twist_scout.scout.sources.source import Source

PICTURES = frozenset((".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff"))


class FolderSource(Source):
    """Every picture in a folder and the folders below, in the order of their paths."""

    kind = "folder"

    def read(self) -> Iterator[SourceItem]:
        """One item for each picture that can be read."""
        for path in self._files:
            name = path.relative_to(self.path).as_posix()
            size = self.size(path, name)
            if size is not None:
                yield SourceItem(id=name, source=self.name, image=str(path), width=size[0], height=size[1])

    def length(self) -> int:
        """How many files look like pictures."""
        return len(self._files)

    @cached_property
    def _files(self) -> list[Path]:
        files = (path for path in self.path.rglob("*") if path.suffix.lower() in PICTURES and path.is_file())
        return sorted(files, key=lambda path: path.relative_to(self.path).as_posix())
