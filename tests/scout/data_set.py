"""A small data set on disk: pictures of several shapes, positives, a negative, a conversation of two questions, rejects."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest
from PIL import Image

from twist_scout.data.records import Example, Message, write_examples
from twist_scout.scout.exporters import FORMATS
from twist_scout.scout.rejects import Reject

PROVENANCE = {
    "engine": "0.1.0", "source": "small", "item": "1", "question_by": "rules", "answer_by": "rules", "prompts": {},
    "seed": 0, "votes": None,
}  # fmt: skip
VERDICTS = {"grammar": "passed", "boxes": "passed", "absence": "skipped"}


def formats(*names: str) -> list:
    """Names of formats as parameters of a test; what needs a package that is not here is skipped."""
    needs = pytest.mark.skipif(find_spec("pyarrow") is None, reason="needs pyarrow")
    return [pytest.param(name, marks=needs if name == "parquet" else ()) for name in names or FORMATS]


def record(id: str, image: str, size: tuple[int, int], turns: list[str], boxes: list, **more) -> Example:
    roles = ("user", "assistant")
    meta = {"provenance": {**PROVENANCE, "item": id}, "verdicts": VERDICTS, **more.pop("meta", {})}
    return Example(
        id=id, image=image, width=size[0], height=size[1], task=more.pop("task", "scout"), boxes=boxes, meta=meta,
        messages=[Message(role=roles[n % 2], content=content) for n, content in enumerate(turns)], **more,
    )  # fmt: skip


def examples() -> list[Example]:
    """Its records."""
    return [
        record(
            "small:1:0", "images/wide.png", (320, 120),
            ["What color is the hat of the man?",
             "Step 1: Find the man <box:0>. Step 2: Check the hat <box:1> of the man <box:0>. "
             "Step 3: The hat <box:1> is orange. Step 4: So the answer is orange."],
            [(10, 5, 110, 118.5), (40, 6, 80, 30)], meta={"kind": "attribute", "expected": "orange"},
        ),
        record(
            "small:1:1", "images/wide.png", (320, 120),
            ["Where are the two bikes?", "Step 1: Find the two bikes <box:0,1>. Step 2: So the answer is right of the man."],
            [(150, 30, 220, 110), (230, 20, 318, 112)], meta={"kind": "where"},
        ),
        record(
            "small:2:0", "images/tall.jpg", (90, 200),
            ["What is the dog doing?",
             "Step 1: Find the dog. Step 2: There is a woman <box:0> in the image, not a dog. This question is invalid."],
            [(9, 30, 80, 190)], task="negative", negative=True, meta={"kind": "absent", "missing": "dog"},
        ),
        record(
            "small:3:0", "images/square.png", (64, 64),
            ["Who holds the ball <box:0>?", "A girl <box:1>.", "What color is it?", "The ball <box:0> is red."],
            [(30, 40, 44, 54), (10, 8, 40, 62)],
        ),
    ]  # fmt: skip


def write_data_set(folder: Path) -> list[Example]:
    """Write it to a folder; returns the records."""
    made = examples()
    write_examples(folder / "train.jsonl", made)
    (folder / "images").mkdir(exist_ok=True)
    for number, example in enumerate(made):
        Image.effect_noise((example.width, example.height), 60 + number).convert("RGB").save(folder / example.image)
    failed = made[1].model_copy(update={"id": "small:1:9"})
    rejects = [
        Reject(
            item="2",
            question="Who?",
            stage="answers",
            check="unreadable",
            reason="It has no steps.",
            text="I <b>do</b>",
        ),
        Reject(item="1", question="Where?", stage="checks", check="boxes", reason="A box is tiny.", example=failed),
    ]
    (folder / "rejects.jsonl").write_text("".join(reject.model_dump_json() + "\n" for reject in rejects), "utf-8")
    return made
