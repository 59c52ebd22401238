"""Pictures without captions are described first."""

from __future__ import annotations

import asyncio

from twist_scout.scout.backends.base import Reply
from twist_scout.scout.descriptions import Describer
from twist_scout.scout.items import SourceItem
from twist_scout.scout.prompts import Prompts

BARE = SourceItem(id="1", source="folder", image="a.jpg", width=200, height=100)


def described(item, backend):
    return asyncio.run(Describer(backend, Prompts()).describe(item, seed=0))


def test_the_caption_and_its_things_get_boxes(scripted):
    item, reject = described(
        BARE, scripted(lambda r: "A man [[10,20,30,90]] holds two kites [[40,0,50,20; 60,0,70,20]].")
    )
    assert reject is None
    assert item.captions == ("A man <box:0> holds two kites <box:1,2>.",)
    assert item.boxes[0] == (20, 20, 60, 90)
    assert [(e.name, e.boxes) for e in item.entities] == [("man", (0,)), ("kites", (1, 2))]


def test_what_the_source_knows_is_kept_and_renumbered(scripted, annotated):
    item, _ = described(annotated, scripted(lambda r: "A car [[75,60,95,90]]."))
    assert item.boxes[1:] == annotated.boxes
    assert [e.boxes for e in item.entities] == [(1,), (2,), (3,)]
    assert item.captions[1:] == annotated.captions


def test_a_caption_without_readable_boxes_leaves_the_item_and_says_why(scripted):
    for reply in (Reply("A man on a hill."), Reply("A man [[1,2"), Reply(problem="time-out")):
        item, reject = described(BARE, scripted(lambda r, reply=reply: reply))
        assert item == BARE
        assert reject.stage == "source"


def test_only_items_that_lack_boxes_or_captions_need_it(captioned):
    assert not Describer.wanted(captioned)
    assert Describer.wanted(BARE)
