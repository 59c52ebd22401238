"""Real annotations through every dialect: perfect predictions must score as such."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from twist_scout.boxes import Box, get_dialect, known_dialects
from twist_scout.boxes.dialects import dialect_frame

FOLDER = Path(__file__).resolve().parents[4] / "shared" / "data" / "refcoco"


@pytest.mark.parametrize("split", ["refcoco_unc", "refcoco+_unc", "refcocog_umd"])
@pytest.mark.parametrize("every", [20, pytest.param(1, marks=pytest.mark.slow)])
def test_a_true_box_written_and_read_back_is_a_hit(split: str, every: int) -> None:
    file = FOLDER / f"REC_{split}_val.jsonl"
    if not file.exists():
        pytest.skip("needs the RefCOCO annotations")
    records = [json.loads(line) for line in file.read_text().splitlines()[::every]]
    misses = dict.fromkeys(known_dialects(), 0)
    for record in records:
        width, height = record["width"], record["height"]
        box = Box.from_pixels(*record["bbox"], width=width, height=height, clip=True)
        for name in misses:
            frame = dialect_frame(name, width=width, height=height)
            dialect = get_dialect(name, frame)
            (span,) = dialect.find(f"{record['expression']} {dialect.render([frame.to_model(box)])}")
            misses[name] += frame.to_original(span.boxes[0]).iou(box) < 0.5
    # PIN's grid of 16 x 16 cannot hold every small thing, whatever the rounding.
    assert misses.pop("pin") <= 0.001 * len(records)
    assert misses == dict.fromkeys(misses, 0)
