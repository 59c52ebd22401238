"""What a wheel must hold besides code is listed in pyproject.toml."""

from __future__ import annotations

import tomllib
from fnmatch import fnmatch
from pathlib import Path

PROJECT = Path(__file__).parents[1]
PACKAGE = PROJECT / "src" / "twist_scout"


def test_every_file_that_is_not_code_is_packaged_and_every_pattern_finds_one() -> None:
    settings = tomllib.loads((PROJECT / "pyproject.toml").read_text())
    patterns = settings["tool"]["setuptools"]["package-data"]["twist_scout"]
    files = [f.relative_to(PACKAGE).as_posix() for f in PACKAGE.rglob("*") if f.is_file()]
    files = [f for f in files if not f.endswith((".py", ".pyc"))]
    unlisted = [f for f in files if not any(_fits(f, pattern) for pattern in patterns)]
    assert not unlisted
    assert all(any(_fits(f, pattern) for f in files) for pattern in patterns)


def _fits(file: str, pattern: str) -> bool:
    """As setuptools matches: a star stays within a folder, two stars do not."""
    if "**" in pattern:
        return fnmatch(file, pattern.replace("**/", "*"))
    return file.count("/") == pattern.count("/") and fnmatch(file, pattern)
