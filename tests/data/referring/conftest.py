"""RefCOCO's own files in small, as `refer` has them."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import pytest

SHARED = Path(__file__).resolve().parents[4] / "shared" / "data"


@pytest.fixture
def shared() -> Path:
    if not SHARED.is_dir():
        pytest.skip("the public annotations are not here")
    return SHARED


def reference(number: int, split: str, *sentences: str, ann: int = 0) -> dict[str, Any]:
    return {
        "ref_id": number,
        "ann_id": 70 + ann,
        "category_id": 1,
        "image_id": 581857,
        "file_name": f"COCO_train2014_000000581857_{number}.jpg",
        "split": split,
        "sent_ids": [10 * number + i for i in range(len(sentences))],
        "sentences": [
            {"tokens": s.split(), "raw": s.upper(), "sent": s, "sent_id": 10 * number + i}
            for i, s in enumerate(sentences)
        ],
    }


@pytest.fixture
def refer(tmp_path: Path) -> Path:
    """A folder refcoco with refs(unc).p and instances.json: two references, three sentences."""
    folder = tmp_path / "refcoco"
    folder.mkdir()
    refs = [
        reference(1, "train", "the lady with the blue shirt", "lady on the left"),
        reference(2, "testA", "man", ann=1),
    ]
    (folder / "refs(unc).p").write_bytes(pickle.dumps(refs, 0))
    instances = {
        "images": [{"id": 581857, "file_name": "COCO_train2014_000000581857.jpg", "width": 640, "height": 427}],
        "annotations": [
            {"id": 70, "image_id": 581857, "bbox": [10, 20, 100, 200], "category_id": 1},
            {"id": 71, "image_id": 581857, "bbox": [600, 400, 40.3, 27.2], "category_id": 1},
        ],
        "categories": [{"id": 1, "name": "person"}],
    }
    (folder / "instances.json").write_text(json.dumps(instances))
    return folder
