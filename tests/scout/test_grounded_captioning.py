"""A model's grounded captions as records: checked, and gone on with where they stopped."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from twist_scout.data.records import read_examples
from twist_scout.scout.backends.base import BackendDown, Reply, Request
from twist_scout.scout.grounded_captioning import caption_pictures
from twist_scout.scout.items import Entity, SourceItem

#: What the model says of each picture.
SAID = {
    "good": "A dog [[10,20,40,60]] sleeps on a couch [[50,10,90,90]].",
    "two": "A dog [[10,20,40,60]] and a dog [[50,10,90,90]] play.",
    "elsewhere": "A dog [[60,60,90,90]].",
    "invented": "A cat [[10,20,40,60]].",
    "bare": "A dog sleeps.",
    "cut": "A dog [[10,20,40",
}


@pytest.fixture
def items(tmp_path: Path) -> list[SourceItem]:
    found = []
    for name in SAID:
        Image.new("RGB", (100, 100)).save(tmp_path / f"{name}.png")
        boxes = ((10, 20, 40, 60), (50, 10, 90, 90))
        names = ("dog", "dog") if name == "two" else ("dog", "couch")
        found.append(
            SourceItem(
                id=name,
                source="coco",
                image=str(tmp_path / f"{name}.png"),
                width=100,
                height=100,
                boxes=boxes,
                captions=("Somebody's caption with a box <box:0>.",),
                entities=tuple(Entity(name=each, boxes=(n,)) for n, each in enumerate(names)),
                complete=("dog", "couch", "cat"),
            )
        )
    return found


def says(request: Request) -> Reply | str:
    return SAID[request.key.split("/")[0]]


def test_captions_become_records_or_rejects(items: list[SourceItem], scripted: Any, tmp_path: Path) -> None:
    report = caption_pictures(items, scripted(says), tmp_path / "run")
    found = list(read_examples(tmp_path / "run" / "train.jsonl"))
    assert [example.id for example in found] == ["coco:good:gic", "coco:two:gic"]
    good = found[0]
    assert good.messages[-1].content == "A dog <box:0> sleeps on a couch <box:1>."
    assert good.boxes == [pytest.approx((10, 20, 40, 60)), pytest.approx((50, 10, 90, 90))]
    assert (good.task, good.meta["provenance"]["answer_by"]) == ("gic", "scripted")
    assert good.meta["provenance"]["prompts"] == {"captions": "1"}
    reasons = {row.check: row.count for row in report.rejected_by}
    assert reasons == {"annotation": 2, "caption": 2}
    assert Path(good.image).is_file()


def test_a_run_goes_on_where_it_stopped(items: list[SourceItem], scripted: Callable[..., Any], tmp_path: Path) -> None:
    caption_pictures(items, scripted(says), tmp_path / "whole")
    answered = 0

    def dies(request: Request) -> Reply | str:
        nonlocal answered
        answered += 1
        if answered > 3:
            raise BackendDown("The server is gone.")
        return says(request)

    with pytest.raises(BackendDown):
        caption_pictures(items, scripted(dies), tmp_path / "run", concurrency=1)
    later = scripted(says)
    caption_pictures(items, later, tmp_path / "run", concurrency=1)
    assert len(later.asked) == 3  # the first three were kept
    for file in ("train.jsonl", "rejects.jsonl"):
        assert (tmp_path / "run" / file).read_bytes() == (tmp_path / "whole" / file).read_bytes()


def test_captions_with_too_few_or_too_many_boxes(items: list[SourceItem], scripted: Any, tmp_path: Path) -> None:
    report = caption_pictures(items, scripted(says), tmp_path / "few", least_boxes=2)
    assert {row.check: row.count for row in report.rejected_by} == {"boxes": 2, "caption": 2}
    crowd = scripted(lambda request: "Dogs [[10,20,40,60;50,10,90,90]].")
    report = caption_pictures(items[:1], crowd, tmp_path / "many", most_boxes=1)
    assert report.records == 0
