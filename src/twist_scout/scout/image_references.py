"""How a record names its picture: relative to the folder of its file where the picture lies below it, else whole.

With copies, the pictures of kept records go to ``DIR/images/``, under their own name and a piece of their content's
hash, so that the folder can be moved and given away as it is.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from twist_scout.errors import BadConfig, BadImage
from twist_scout.whole_file import write_whole

COPIES = "images"


class ImageReferences:
    """Names pictures for the records of one folder.

    Args:
        out: the folder of the JSONL file.
        copy: whether to copy pictures into it.
    """

    def __init__(self, out: str | Path, *, copy: bool = False) -> None:
        self.out, self.copy = Path(os.path.abspath(out)), copy

    def name(self, image: str) -> str:
        """How to name a picture; it is copied first where that is wanted.

        Args:
            image: its path, absolute or relative to the working directory.

        Raises:
            BadImage: it cannot be read.
            BadConfig: the copy cannot be written.
        """
        path = Path(os.path.abspath(image))
        if path.is_relative_to(self.out):
            return path.relative_to(self.out).as_posix()
        return self._copied(path) if self.copy else str(path)

    def _copied(self, path: Path) -> str:
        try:
            content = path.read_bytes()
        except OSError as error:
            raise BadImage(f"The picture {path} cannot be copied ({error.strerror or error}).") from error
        mark = hashlib.blake2b(content, digest_size=4).hexdigest()
        target = self.out / COPIES / f"{path.stem}-{mark}{path.suffix.lower()}"
        try:
            if not (target.is_file() and target.stat().st_size == len(content)):
                write_whole(target, content, sync=False)  # others may copy it too
        except OSError as error:
            raise BadConfig(f"{target} cannot be written ({error.strerror or error}): make room for it.") from error
        return target.relative_to(self.out).as_posix()
