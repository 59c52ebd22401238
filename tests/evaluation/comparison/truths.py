"""A small truth for each evaluator, and answers to it of which so many are wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

SIZE = (200, 100)
COUNT = 8
BOX = (20, 10, 120, 60)


def _lines(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def truth_of(task: str, folder: Path) -> Path:
    """The truth of a task, written into a folder."""
    width, height = SIZE
    numbers = range(COUNT)
    if task == "referring":
        rows = [
            {"img_path": f"{n}.jpg", "expression": f"thing {n}", "bbox": list(BOX), "width": width, "height": height,
             "sent_id": str(n)} for n in numbers
        ]  # fmt: skip
        return _lines(folder / "REC_refcoco_unc_val.jsonl", rows)
    if task == "pope":
        rows = [
            {"question_id": n, "image": f"{n}.jpg", "text": "Is there a cat in the image?", "label": "yes" if n % 2 else "no"}
            for n in numbers
        ]  # fmt: skip
        return _lines(folder / "coco_pope_random.json", rows)
    x1, y1, x2, y2 = BOX
    images = [{"id": n, "file_name": f"{n}.jpg", "width": width, "height": height} for n in numbers]
    annotations = [
        {"id": 100 + n, "image_id": n, "category_id": 1 + n % 2, "bbox": [x1, y1, x2 - x1, y2 - y1],
         "area": (x2 - x1) * (y2 - y1), "iscrowd": 0} for n in numbers
    ]  # fmt: skip
    categories = [{"id": 1, "name": "cat"}, {"id": 2, "name": "dog"}]
    path = folder / "instances.json"
    path.write_text(json.dumps({"images": images, "annotations": annotations, "categories": categories}))
    return path


def answers(task: str, path: Path, *, wrong: int = 0) -> Path:
    """Answers in the scout dialect, the first of them wrong."""
    right, far = "It is the cat [[10,10,60,60]].", "It is the cat [[80,80,99,99]]."
    texts: dict[str, tuple[str, str]]
    if task == "pope":
        texts = {str(n): ("Yes.", "No.") if n % 2 else ("No.", "Yes.") for n in range(COUNT)}
    elif task == "rejection":
        refused = "There is a cat [[10,10,60,60]] in the image. This question is invalid."
        texts = {}
        for n in range(COUNT):
            there, absent = ("dog", "cat") if n % 2 else ("cat", "dog")
            texts[f"{n}-present-{there}"] = right, refused
            texts[f"{n}-absent-{absent}"] = refused, right
    elif task == "captioning":
        texts = {
            str(n): (f"A {name} [[10,10,60,60]].", f"A {name} [[80,80,99,99]].")
            for n in range(COUNT)
            for name in [("cat", "dog")[n % 2]]
        }
    else:
        first = 0 if task == "referring" else 100
        texts = {str(first + n): (right, far) for n in range(COUNT)}
    rows = [{"id": id, "text": both[place < wrong]} for place, (id, both) in enumerate(texts.items())]
    return _lines(path, rows)
