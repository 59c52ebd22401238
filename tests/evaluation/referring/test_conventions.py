"""Every convention equals a plain re-computation, sample by sample, in exact fractions."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twist_scout.boxes.box import Box
from twist_scout.errors import BadConfig, BadInput
from twist_scout.evaluation.referring import CONVENTIONS, ReferringRecord, Scorer, from_records, get_convention

from . import plain

SIZES = [(100, 100), (200, 100), (640, 480), (480, 640), (333, 500), (1000, 1000), (1001, 7)]


def outcome(convention: str, dialect: str, text: str | None, truth: Any, size: tuple[int, int]) -> tuple[float, bool]:
    width, height = size
    box = Box(truth[0] / width, truth[1] / height, truth[2] / width, truth[3] / height)
    samples = from_records([ReferringRecord(text, box, size=size, expression="it")])
    found = Scorer(samples, dialect).score(CONVENTIONS[convention])
    return float(found.ious[0]), bool(found.hits[0])


@st.composite
def truths(draw: st.DrawFn) -> tuple[tuple[int, int], list[Fraction]]:
    """The size of a picture, and a true box in quarters of a pixel."""
    size = draw(st.sampled_from(SIZES))
    edges: list[list[Fraction]] = []
    for side in size:
        first, last = sorted(draw(st.lists(st.integers(0, 4 * side), min_size=2, max_size=2, unique=True)))
        edges.append([Fraction(first, 4), Fraction(last, 4)])
    (x1, x2), (y1, y2) = edges
    return size, [x1, y1, x2, y2]


def boxes_of(full: int, near: list[Fraction], size: tuple[int, int]) -> st.SearchStrategy[list[list[int]]]:
    """Up to three boxes in whole parts of the picture; often the true one, or half of it, so that IoUs near 0.5 occur."""
    shares = [round(value / size[n % 2] * full) for n, value in enumerate(near)]
    middle = [(shares[0] + shares[2]) // 2, (shares[1] + shares[3]) // 2]
    halves = [[shares[0], shares[1], middle[0], shares[3]], [shares[0], middle[1], shares[2], shares[3]], shares]
    edge = st.integers(0, full)
    free = st.tuples(edge, edge, edge, edge).map(lambda b: [min(b[::2]), min(b[1::2]), max(b[::2]), max(b[1::2])])
    nudged = st.tuples(st.sampled_from(halves), st.lists(st.integers(-2, 2), min_size=4, max_size=4)).map(
        lambda pair: [min(max(v + d, 0), full) for v, d in zip(*pair, strict=True)]
    )
    ordered = nudged.map(lambda b: [min(b[::2]), min(b[1::2]), max(b[::2]), max(b[1::2])])
    return st.lists(st.one_of(st.sampled_from(halves), ordered, free), max_size=3)


def agree(found: tuple[float, bool], meant: tuple[Fraction, bool]) -> None:
    assert found[0] == pytest.approx(float(meant[0]), abs=1e-9)
    assert found[1] == meant[1], (found, float(meant[0]))


@settings(max_examples=250)
@given(truths(), st.sampled_from(sorted(plain.PLAIN)), st.data())
def test_of_boxes_that_the_dialect_reads(
    truth: tuple[tuple[int, int], list[Fraction]], convention: str, data: st.DataObject
) -> None:
    size, meant = truth
    boxes = data.draw(boxes_of(100, meant, size))
    text = "; ".join(",".join(map(str, box)) for box in boxes)
    found = outcome(convention, "scout", f"It is [[{text}]]." if boxes else "It is there.", meant, size)
    agree(
        found, plain.PLAIN[convention]([plain.scaled([Fraction(v, 100) for v in b], *size) for b in boxes], meant, size)
    )


def listed(boxes: list[Any], separator: str = ", ") -> str:
    return separator.join("[" + ", ".join(map(str, box)) + "]" for box in boxes) or "nothing"


def points(boxes: list[Any]) -> str:
    return "".join(f"<box>({x1},{y1}),({x2},{y2})</box>" for x1, y1, x2, y2 in boxes) or "nothing"


def thousandths(boxes: list[Any]) -> str:
    return " ".join("[" + ",".join(f"{value / 1000:.3f}" for value in box) + "]" for box in boxes)


def as_shares(boxes: list[Any]) -> list[list[Fraction]]:
    return [[Fraction(value, 1000) for value in box] for box in boxes]


def with_spaces(boxes: list[Any]) -> str:
    return " ".join("[" + ", ".join(f"{value / 1000:.3f}" for value in box) + "]" for box in boxes)


Scored = Callable[[list[Any], Any, tuple[int, int]], tuple[Fraction, bool]]
OWN: list[tuple[str, str, int, Callable[[list[Any]], str], Scored]] = [
    ("shikra", "shikra", 1000, thousandths, lambda b, t, s: plain.shikra_own(as_shares(b), t, s)),
    ("ferret", "ferret", 1000, lambda b: listed(b, ". "), plain.ferret_own),
    ("qwen", "qwen-vl", 999, points, plain.of(999)),
    ("qwen", "qwen2-vl", 1000, points, plain.of(999)),
    ("lmms-eval", "llava", 1000, with_spaces, plain.of(1000)),
    ("lmms-eval", "pixels", 999, listed, plain.of(1)),
    ("vlmevalkit", "llava", 1000, with_spaces, lambda b, t, s: plain.guessed(as_shares(b), t, s)),
    ("vlmevalkit", "pixels", 1200, listed, plain.guessed),
    ("vlmevalkit", "qwen2-vl", 1000, points, plain.guessed),
    ("lmms-eval-grounding", "pixels", 1000, listed, plain.either),
    ("lmms-eval-grounding", "qwen3-vl", 1000, lambda b: str([{"bbox_2d": box} for box in b]).replace("'", '"'),
     plain.either),
    ("pin", "pin", 224, lambda b: listed(b).replace(", ", ","), plain.grid),
]  # fmt: skip


@settings(max_examples=250)
@given(truths(), st.sampled_from(OWN), st.data())
def test_of_texts_that_the_evaluator_reads_itself(
    truth: tuple[tuple[int, int], list[Fraction]], own: Any, data: st.DataObject
) -> None:
    size, meant = truth
    convention, dialect, full, written, scored = own
    boxes = data.draw(boxes_of(full, meant, size))
    if convention == "pin":
        boxes = data.draw(st.sampled_from([boxes, [[round(v / 14) * 14 for v in box] for box in boxes]]))
    agree(outcome(convention, dialect, written(boxes), meant, size), scored(boxes, meant, size))


@given(truths(), st.lists(st.tuples(st.integers(0, 1023), st.integers(0, 1023)), max_size=3), st.booleans())
def test_of_patches(truth: tuple[tuple[int, int], list[Fraction]], patches: list[tuple[int, int]], named: bool) -> None:
    size, meant = truth
    inside = "</delimiter_of_multi_objects/>".join(f"<patch_index_{a:04d}><patch_index_{b:04d}>" for a, b in patches)
    text = f"<phrase>{'it' if named else 'that'}</phrase><object>{inside}</object>"
    expected = (Fraction(0), False)
    if patches and named:
        (y1, x1), (y2, x2) = (divmod(patch, 32) for patch in patches[0])
        wide = x1 == x2 or y1 == y2
        edges = [x1, y1, x2 + 1, y2 + 1] if wide else [Fraction(2 * v + 1, 2) for v in (x1, y1, x2, y2)]
        found = plain.iou(plain.scaled([Fraction(v) / 32 for v in edges], *size), meant)
        expected = found, found >= plain.HALF
    agree(outcome("kosmos2", "kosmos-2", text, meant, size), expected)


def test_every_convention_was_compared() -> None:
    compared = set(plain.PLAIN) | {row[0] for row in OWN} | {"kosmos2"}
    assert compared == set(CONVENTIONS)


HALF_BOX = (0, 0, 320, 480)  # of a picture of 640 x 480: half of it


@pytest.mark.parametrize("convention", CONVENTIONS)
def test_exactly_half_is_a_hit_unless_the_threshold_is_strict(convention: str) -> None:
    truth, size = (0, 0, 640, 480), (640, 480)
    if convention == "pin":  # there the true box ends at 223
        truth, half = (0, 0, 320, 240), "[0,0,56,112]"
        assert outcome("pin", "pin", half, truth, size) == (0.5, True)
        return
    written = {
        "lmms-eval": "[0, 0, 0.5, 1]",
        "vlmevalkit": "[0, 0, 0.5, 1]",
        "lmms-eval-grounding": "[0, 0, 500, 1000]",
    }
    dialect, text = ("llava", written[convention]) if convention in written else ("scout", "[[0,0,50,100]]")
    assert outcome(convention, dialect, text, truth, size) == (0.5, convention != "shikra")


def test_the_bounds_of_what_numbers_may_mean() -> None:
    """Up to 1.5 a fraction, up to 1000 thousandths, beyond that pixels."""
    size, left = (2000, 1000), (0, 0, 1000, 1000)
    assert outcome("vlmevalkit", "pixels", "[0, 0, 0.5, 1.5]", left, size)[0] == 1.0
    assert outcome("vlmevalkit", "pixels", "[0, 0, 500, 1000]", left, size)[0] == 1.0
    assert outcome("vlmevalkit", "pixels", "[0, 0, 1000, 1001]", left, size)[0] == 1.0


def test_the_true_box_of_pin_ends_at_pixel_223() -> None:
    assert outcome("pin", "pin", "[0,0,224,224]", (0, 0, 640, 480), (640, 480))[0] == pytest.approx((223 / 224) ** 2)


def test_nothing_predicted_is_a_miss_in_all() -> None:
    for convention in CONVENTIONS:
        assert outcome(convention, "scout", None, (0, 0, 100, 100), (100, 100)) == (0.0, False)


def test_phrases_count_where_the_dialect_has_them() -> None:
    truth, size = (0, 0, 100, 100), (100, 100)
    assert outcome("kosmos2", "qwen-vl", "<ref>it</ref><box>(0,0),(999,999)</box>", truth, size)[1]
    assert not outcome("kosmos2", "qwen-vl", "<ref>that</ref><box>(0,0),(999,999)</box>", truth, size)[1]
    assert outcome("kosmos2", "scout", "that [[0,0,100,100]]", truth, size)[1]


def test_every_convention_says_what_it_does_and_where_that_stands() -> None:
    for name, convention in CONVENTIONS.items():
        assert get_convention(name) is convention
        assert convention.sentence.endswith(".")
        assert convention.source
    with pytest.raises(BadConfig, match=r"no convention 'klingon'; choose one of: scout, shikra"):
        get_convention("klingon")


def test_conventions_of_pixels_need_the_size_of_pictures() -> None:
    samples = from_records([ReferringRecord("[[0,0,50,50]]", Box(0, 0, 0.5, 0.5))])
    for name, convention in CONVENTIONS.items():
        if convention.needs_size:
            with pytest.raises(BadInput, match=f"convention '{name}' needs the size"):
                Scorer(samples).score(convention)
        else:
            Scorer(samples).score(convention)
