"""What makes an answer right for one evaluator and wrong for another, in words."""

from __future__ import annotations

import pytest

from twist_scout.boxes.box import Box
from twist_scout.evaluation.referring import CONVENTIONS, ReferringRecord, evaluate_referring
from twist_scout.evaluation.referring.flips import tally

WHOLE, HALF, SMALL = Box(0, 0, 1, 1), Box(0, 0, 0.5, 1), Box(0.1, 0.1, 0.15, 0.15)
ROWS = [
    ("scout", "[[0,0,50,100]]", WHOLE, "shikra", False, "IoU exactly 0.5, and the threshold of shikra is strict"),
    ("scout", "[[0,0,50,100; 0,0,1,1]]", HALF, "shikra", False, "two boxes given, and shikra wants exactly one"),
    ("scout", "[[0,0,50,100]] [[0,0,1,1]] [[0,0,1,1]]", HALF, "shikra", False, "3 boxes given, and shikra wants exactly"),
    ("scout", "[[0,0,1,1; 0,0,50,100]]", HALF, "oracle", True, "the best of 2 boxes counts for oracle, not the first"),
    ("scout", "[[0,0,50,100]]", HALF, "vlmevalkit", False, "vlmevalkit reads the numbers as thousandths (0-1000)"),
    ("scout", "[[0,0,50,100]]", HALF, "lmms-eval", False, "lmms-eval reads the numbers as fractions of the whole picture"),
    ("scout", "[[0,0,50,100;1,2,3,4]]", HALF, "lmms-eval", False, "no box in the form that lmms-eval looks for"),
    ("shikra", "[0.000,0.250,1.000,0.750]", WHOLE, "lmms-eval", True, None),
    ("pixels", "[0, 0, 100, 100]", HALF, "vlmevalkit", False, "vlmevalkit reads the numbers as thousandths (0-1000)"),
    ("ferret", "[100, 100, 150, 126]", SMALL, "ferret", False, "int truncation: coordinates are cut to whole pixels"),
    ("ferret", "[0, 0, 500, 1000]. See [2].", HALF, "ferret", False, "a bracket does not hold four whole numbers"),
    ("qwen2-vl", "it (x) (0,0),(500,1000)", HALF, "qwen", False, "no box in the form that qwen looks for"),
    ("kosmos-2", "<object><patch_index_0000><patch_index_1007></object>", HALF, "kosmos2", False, "not name the expression"),
    ("pin", "[0,0,113,224]", HALF, "pin", False, "the numbers are not lines of the grid, which pin gives up on"),
    ("scout", "It is at 0, 0, 500, 1000", HALF, "vlmevalkit", True, "the dialect reads no box, and vlmevalkit finds"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("dialect", "text", "truth", "other", "hit", "words"), ROWS, ids=[f"{r[3]}: {r[1]}" for r in ROWS]
)
def test_the_reason_is_said(dialect: str, text: str, truth: Box, other: str, hit: bool, words: str | None) -> None:
    record = ReferringRecord(text, truth, id="7", size=(200, 100), expression="it")
    result = evaluate_referring([record], dialect=dialect, all_conventions=True)
    flips = [flip for flip in result.flips if flip.convention == other]
    if words is None:
        assert not flips
        return
    (flip,) = flips
    assert (flip.id, flip.hit) == ("7", hit)
    assert words in flip.reason
    assert flip.hit != bool(result.hits)


def test_where_the_true_box_is_cut() -> None:
    narrow = Box(0.0, 0.0, 0.0131, 1)  # 2.9 pixels of 224, cut to 2
    result = evaluate_referring([ReferringRecord("[[0,0,2,100]]", narrow, size=(200, 100))], all_conventions=True)
    (flip,) = (flip for flip in result.flips if flip.convention == "pin")
    assert flip.reason == "the true box is cut to whole pixels of the picture squeezed to 224 x 224"


def test_flips_are_those_whose_verdict_differs() -> None:
    texts = ["[[0,0,50,100]]", "[[0,0,100,100]]", "[[0,0,10,10]]", "nothing", "[[0,0,9,9]] [[0,0,99,99]]", None]
    records = [ReferringRecord(text, WHOLE, id=str(n), size=(640, 480)) for n, text in enumerate(texts)]
    result = evaluate_referring(records, all_conventions=True)
    for score in result.compared:
        alone = evaluate_referring(records, convention=score.convention)
        differ = {id for id in alone.ids if alone.scores()[id] != result.scores()[id]}
        flips = [flip for flip in result.flips if flip.convention == score.convention.name]
        assert {flip.id for flip in flips} == differ
        assert (alone.hits, alone.miou) == (score.hits, pytest.approx(score.miou))
        reasons = tally(flips)
        assert reasons.gained.total() - reasons.lost.total() == alone.hits - result.hits
    assert [score.convention.name for score in result.compared] == list(CONVENTIONS)


def test_without_sizes_only_conventions_that_can_do_without_are_compared() -> None:
    result = evaluate_referring([ReferringRecord("[[0,0,50,100]]", WHOLE)], all_conventions=True)
    assert [score.convention.name for score in result.compared] == [
        "scout",
        "kosmos2",
        "qwen",
        "lmms-eval",
        "pin",
        "oracle",
    ]
