from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from twist_scout.labelling.formats import FORMATS
from twist_scout.labelling.output import OutFolder

from ..conftest import Labelled, labelled

__all__ = ["labelled"]

Written = Callable[[str], Path]


@pytest.fixture
def written(labelled: Labelled, tmp_path: Path) -> Written:
    """Writes the labels in a format; the folder."""
    out = tmp_path / "out"
    out.mkdir()

    def write(kind: str) -> Path:
        OutFolder(out, labelled.folder).write(kind, FORMATS[kind](labelled.labels, labelled.place(out)))
        return out

    return write
