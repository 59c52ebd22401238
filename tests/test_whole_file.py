"""Laws of files that appear whole or not at all."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from twist_scout.whole_file import whole_file, write_whole


@pytest.mark.parametrize("sync", [True, False])
def test_a_file_has_its_name_only_when_it_is_whole(tmp_path: Path, sync: bool) -> None:
    path = tmp_path / "new" / "file.txt"
    with whole_file(path, sync=sync) as file:
        file.write(b"half")
        assert not path.exists()
        file.write(b" and half")
    assert path.read_bytes() == b"half and half"
    assert list(path.parent.iterdir()) == [path]


def test_what_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    write_whole(path, "old ä\n")

    def fail() -> None:
        with whole_file(path) as file:
            file.write(b"new")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert path.read_bytes() == "old ä\n".encode()
    assert list(tmp_path.iterdir()) == [path]


def test_writers_at_once_never_mix(tmp_path: Path) -> None:
    path = tmp_path / "file.bin"
    contents = [bytes([number]) * 200_000 for number in range(16)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda content: write_whole(path, content, sync=False), contents))
    assert path.read_bytes() in contents
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_cannot_be_made_is_an_os_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OSError, match="file"):
        write_whole(tmp_path / "file" / "inside.txt", b"")
