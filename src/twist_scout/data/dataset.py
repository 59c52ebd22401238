"""Records of one or many JSONL files as a map-style dataset that keeps only their places in
memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from torch.utils.data import Dataset

from twist_scout.data.records import Example, iterate_lines, parse_line
from twist_scout.errors import BadInput


class ExampleDataset(Dataset[Example]):
    """All records of some JSONL files, in order.

    Every line is checked once, at the start, so that a bad one stops a run before it began and not
    in its third hour. Records are read again from disk when asked for.

    Args:
        paths: JSONL files of example records.
        image_root: the folder that image paths are relative to; ``None``: the folder of each file.
            Records come out with that folder joined to their path.
        confined: refuse image paths that leave their folder.

    Raises:
        BadInput: a file cannot be read, or there are no records at all.
        BadRecord: a line is not a valid record.
    """

    def __init__(
        self,
        paths: str | Path | Sequence[str | Path],
        *,
        image_root: str | Path | None = None,
        confined: bool = False,
    ) -> None:
        listed = [paths] if isinstance(paths, (str, Path)) else paths
        self.paths = [Path(path) for path in listed]
        self.roots = [Path(image_root) if image_root else path.parent for path in self.paths]
        self.confined = confined
        places = [
            (index, number, offset)
            for index, path in enumerate(self.paths)
            for number, offset, _ in iterate_lines(path, confined=confined)
        ]
        if not places:
            raise BadInput(
                f"No records in {', '.join(map(str, self.paths))}: give at least one JSONL file that holds some."
            )
        self._places = np.array(places, np.int64)  # (records, 3): file, line, byte offset

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, index: int) -> Example:
        """Record ``index``, its image path joined to the folder it is relative to."""
        file, number, offset = map(int, self._places[index])
        path = self.paths[file]
        with path.open("rb") as stream:
            stream.seek(offset)
            example = parse_line(stream.readline(), path, number, confined=self.confined)
        return example.model_copy(update={"image": str(self.roots[file] / example.image)})
