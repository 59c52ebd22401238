"""Files are written whole, only where they change, and never over what a person has changed since.

A list beside them, ``.written.json``, holds a digest of each file that was written. A file that is neither as it was written nor
as it is to be was corrected by hand, and is left alone unless the user says otherwise.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from twist_scout.data.images import load_image
from twist_scout.data.records import is_confined
from twist_scout.errors import BadConfig, BadInput
from twist_scout.labelling.formats.base import OutFile
from twist_scout.whole_file import whole_file, write_whole

LIST = ".written.json"
_PICTURE = "picture"
Written = dict[str, dict[str, list[str]]]


class OutFolder:
    """The folder of the labels.

    Args:
        out: where; it is there.
        pictures: the user's pictures.
        copy: copy pictures instead of linking to them.
        overwrite: write over files that a person has changed.
    """

    def __init__(self, out: Path, pictures: Path, *, copy: bool = False, overwrite: bool = False) -> None:
        self.out, self.pictures = out, pictures
        self._copy, self._overwrite = copy, overwrite

    def write(self, kind: str, files: Iterable[OutFile]) -> int:
        """Bring the files of a format up to date; those of pictures that are not there any more go.

        Args:
            kind: the format's name.
            files: all of its files.

        Returns:
            How many there are.

        Raises:
            BadInput: a file was changed by hand since it was written, or cannot be written.
            BadConfig: links cannot be made on this disk.
        """
        planned = {file.path: file for file in files if not self._is_there(file)}
        known = self._read_list()
        before = known.get(kind, {})
        if not self._overwrite:
            self._refuse_changed(planned, before)
        new = {path: [_PICTURE if file.content is None else _digest(file.content)] for path, file in planned.items()}
        # Until all is written either version of a file is ours: a kill in between must not look like a hand.
        known[kind] = {path: sorted({*before.get(path, []), *new.get(path, [])}) for path in {*before, *new}}
        self._write_list(known)
        try:
            for path in sorted(set(before) - set(new)):
                self._remove(self.out / path, before[path])
            for file in planned.values():
                self._put(file)
        except OSError as error:
            raise BadInput(
                f"{error.filename or self.out} cannot be written ({error.strerror or error}): make room, or give another "
                "--out; nothing that the model said is lost."
            ) from error
        known[kind] = new
        self._write_list(known)
        return len(planned)

    def _is_there(self, file: OutFile) -> bool:
        """Whether a picture lies where it belongs already: the user's folder is ``images`` of the labels.

        Raises:
            BadInput: the folder would have to hold a picture under another name; what is the user's is never changed.
        """
        if file.content is not None:
            return False
        target, source = os.path.abspath(self.out / file.path), os.path.abspath(self.pictures / file.picture)
        if target != source and Path(target).is_relative_to(os.path.abspath(self.pictures)):
            raise BadInput(
                f"{source} needs another name or kind in this format, and {self.pictures} is not changed: give an --out "
                "elsewhere, or rename or convert the picture."
            )
        return target == source

    def _refuse_changed(self, planned: Mapping[str, OutFile], before: Mapping[str, Sequence[str]]) -> None:
        changed = [self.out / path for path, file in planned.items() if self._is_foreign(file, before.get(path, []))]
        if changed:
            more = f" (and {len(changed) - 1:,} more)" if len(changed) > 1 else ""
            raise BadInput(
                f"{changed[0]}{more} was changed, or not written by this command: give another --out to keep it, or "
                "--overwrite."
            )

    def _is_foreign(self, file: OutFile, ours: Sequence[str]) -> bool:
        target = self.out / file.path
        if file.content is None:
            return os.path.lexists(target) and not ours
        if not target.is_file():
            return False
        there = _digest(target.read_bytes())
        return there != _digest(file.content) and there not in ours

    def _put(self, file: OutFile) -> None:
        target = self.out / file.path
        target.parent.mkdir(parents=True, exist_ok=True)
        if file.content is not None:
            if target.is_symlink() or not target.is_file() or target.read_bytes() != file.content:
                write_whole(target, file.content, sync=False)
            return
        source = self.pictures / file.picture
        if file.convert:
            with whole_file(target, sync=False) as written:
                load_image(source).save(written, "PNG")
        elif self._copy:
            with whole_file(target, sync=False) as written, source.open("rb") as given:
                shutil.copyfileobj(given, written)
        else:
            self._link(target, source)

    def _link(self, target: Path, source: Path) -> None:
        address = os.path.relpath(source.resolve(), target.parent.resolve())
        if target.is_symlink() and os.readlink(target) == address:
            return
        target.unlink(missing_ok=True)
        try:
            target.symlink_to(address)
        except (OSError, NotImplementedError) as error:
            raise BadConfig(f"{target} cannot be made a link to its picture here ({error}): give --copy.") from error

    def _remove(self, target: Path, digests: Sequence[str]) -> None:
        ours = _PICTURE in digests or (target.is_file() and _digest(target.read_bytes()) in digests)
        if ours or target.is_symlink():
            target.unlink(missing_ok=True)

    def _read_list(self) -> Written:
        try:
            content = json.loads((self.out / LIST).read_text(encoding="utf-8"))
            return {
                kind: {path: list(digests) for path, digests in files.items() if is_confined(path)}
                for kind, files in content.items()
            }
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, AttributeError, TypeError) as error:
            raise BadInput(
                f"{self.out / LIST} cannot be read, so it is not known what was changed by hand: take it away, or give "
                "another --out."
            ) from error

    def _write_list(self, known: Written) -> None:
        content = json.dumps(
            {kind: known[kind] for kind in sorted(known)}, ensure_ascii=False, indent=0, sort_keys=True
        )
        try:
            write_whole(self.out / LIST, content)
        except OSError as error:
            raise BadInput(
                f"{self.out} cannot be written to ({error.strerror or error}): give another --out."
            ) from error


def _digest(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=12).hexdigest()
