from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from twist_scout.errors import BadInput
from twist_scout.labelling.sheet_picture import color_of, draw_sheet, save_sheet

from .conftest import Labelled


def test_every_picture_and_the_colour_of_every_class_is_there(labelled: Labelled, tmp_path: Path) -> None:
    sheet = draw_sheet(labelled.labels, labelled.report, labelled.folder, most=10)
    colors = {color for _, color in sheet.getcolors(1 << 24) or []}
    assert {color_of(0), color_of(1), color_of(2), (200, 180, 90)} <= colors
    save_sheet(tmp_path / "new" / "sheet.png", sheet)
    with Image.open(tmp_path / "new" / "sheet.png") as saved:
        assert saved.size == sheet.size
    fewer = draw_sheet(labelled.labels, labelled.report, labelled.folder, most=1)
    assert fewer.width * fewer.height < sheet.width * sheet.height


def test_a_picture_that_went_away_leaves_a_gap(labelled: Labelled) -> None:
    (labelled.folder / "1.png").unlink()
    assert draw_sheet(labelled.labels, labelled.report, labelled.folder, most=10).size


def test_a_place_that_cannot_be_written(labelled: Labelled, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInput, match="cannot be written"):
        save_sheet(tmp_path / "file" / "sheet.png", Image.new("RGB", (2, 2)))
