from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"


def write_lines(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.fixture
def shared() -> Path:
    """Real annotations; the test is skipped where they are not there."""
    if not SHARED.is_dir():
        pytest.skip("the shared data are not here")
    return SHARED


@pytest.fixture
def scenes(tmp_path: Path) -> Path:
    """Seven small pictures with their truth, as the toy world writes them."""
    folder = tmp_path / "scenes"
    folder.mkdir()
    rows = []
    for number in range(7):
        name = f"test-{number}.png"
        Image.new("RGB", (40 + 6 * number, 50), (30 * number, 90, 40)).save(folder / name)
        things = [
            {"name": "car", "box": [1, 2, 20, 30], "expression": f"the {'very ' * number}red car"},
            {"name": "owl", "box": [5, 5, 30, 40], "expression": "the owl"},
        ]
        row = {"image": name, "width": 40 + 6 * number, "height": 50, "objects": things[: 1 + number % 2]}
        rows.append({**row, "grounded_caption": [["the red car", [0]]], "relations": []})
    return write_lines(folder / "truth.jsonl", rows)
