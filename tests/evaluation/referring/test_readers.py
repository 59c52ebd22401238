"""The readers of published evaluators: what each finds in a text, quirks included, in time linear in the text."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twist_scout.evaluation.referring import readers
from twist_scout.evaluation.referring.samples import Problem

READERS = {
    name: getattr(readers, name)
    for name in ("shikra", "ferret", "kosmos2", "qwen", "lmms_eval", "lmms_eval_grounding", "vlmevalkit", "pin")
}

A, B = (1.0, 2.0, 3.0, 4.0), (5.0, 6.0, 7.0, 8.0)
ROWS = [
    # one box, in a bracket of its own, without spaces
    ("shikra", "Answer: [0.1,0.2,0.3,0.4] .", [(0.1, 0.2, 0.3, 0.4)], Problem.none),
    ("shikra", "[0.1,0.2,0.3,0.4;0.5,0.6,0.7,0.8]", [], Problem.several),
    ("shikra", "[0.1,0.2,0.3,0.4] [0.1,0.2,0.3,0.4]", [], Problem.several),
    ("shikra", "[0.1, 0.2, 0.3, 0.4]", [], Problem.no_box),  # spaces
    ("shikra", "[10,9,79,100]", [], Problem.no_box),  # one digit before the point
    ("shikra", "[1.,1,1,1]", [(1, 1, 1, 1)], Problem.none),
    ("shikra", "[0.1,0.2,0.3]", [], Problem.no_box),
    # whole numbers in brackets, and nothing else in any bracket
    ("ferret", "a man [1, 2, 3, 4].", [A], Problem.none),
    ("ferret", "a man [1, 2, 3, 4] and a dog, a cat [5, 6, 7, 8].", [A, B], Problem.none),
    ("ferret", "a man [1, 2, 3, 4] [5, 6, 7, 8]", [A, B], Problem.none),
    ("ferret", "[1.5, 2, 3, 4]", [], Problem.foreign_bracket),
    ("ferret", "[[1, 2, 3, 4]]", [], Problem.foreign_bracket),
    ("ferret", "[1, 2, 3]", [], Problem.foreign_bracket),
    ("ferret", "[1, 2, 3, 4, 5]", [A], Problem.none),
    ("ferret", "a man [1, 2, 3, 4]. See [a].", [], Problem.foreign_bracket),
    ("ferret", "a man [1, 2, 3, 4", [], Problem.no_box),
    # the phrase is the expression
    (
        "kosmos2",
        "<phrase> it </phrase><object><patch_index_0000><patch_index_0033></object>",
        [(0.5, 0.5, 1.5, 1.5)],
        Problem.none,
    ),
    (
        "kosmos2",
        "<phrase>it</phrase><object><patch_index_0000><patch_index_0033></delimiter_of_multi_objects/>"
        "<patch_index_0000><patch_index_0001></object>",
        [(0.5, 0.5, 1.5, 1.5), (0, 0, 2, 1)],
        Problem.none,
    ),
    ("kosmos2", "<phrase>It</phrase><object><patch_index_0000><patch_index_0033></object>", [], Problem.phrase),
    ("kosmos2", "<object><patch_index_0000><patch_index_0033></object>", [], Problem.phrase),
    ("kosmos2", "<phrase>it</phrase><object><patch_index_0000></object>", [], Problem.no_box),
    # the first two points of a line
    ("qwen", "<ref>it</ref><box>(1,2),(3,4)</box><box>(5,6),(7,8)</box>", [A], Problem.none),
    ("qwen", "(1,2),(3,4)", [A], Problem.none),
    ("qwen", "it (left) (1,2),(3,4)", [], Problem.no_box),  # from the first parenthesis on
    ("qwen", "it (left)\n(1,2),(3,4)", [A], Problem.none),
    ("qwen", "(1,2), (3,4)", [], Problem.no_box),
    ("qwen", "(1,2,3),(3,4)", [], Problem.no_box),
    # plain numbers with commas in a bracket
    ("lmms_eval", "[1, 2, 3, 4] or [5, 6, 7, 8]", [A], Problem.none),
    ("lmms_eval", "see [1] and [ 1,2,3,4 ]", [A], Problem.none),
    ("lmms_eval", "[[1, 2, 3, 4]]", [A], Problem.none),
    ("lmms_eval", "[.1, .2, .3, .4]", [], Problem.no_box),
    ("lmms_eval", "[1 2 3 4]", [], Problem.no_box),
    ("lmms_eval", "[1, 2, 3, 4, 5]", [], Problem.no_box),
    ("lmms_eval", "[1,2,3,4;5,6,7,8]", [], Problem.no_box),
    # JSON, else four numbers in a row
    ("lmms_eval_grounding", '```json\n[{"bbox_2d": [1, 2, 3, 4], "label": "x"}]\n```', [A], Problem.none),
    ("lmms_eval_grounding", '{"a": {"box": ["1", 2, 3, 4]}, "b": [[5, 6, 7, 8], "x"]}', [A, B], Problem.none),
    ("lmms_eval_grounding", "It is at [1, 2, 3, 4] or [[5, 6, 7, 8]].", [A, B], Problem.none),
    ("lmms_eval_grounding", "from 1 2 3 4 on", [A], Problem.none),
    ("lmms_eval_grounding", "1.1.2 2 3 4", [(1.2, 2, 3, 4)], Problem.none),
    ("lmms_eval_grounding", "1, 2, 3", [], Problem.no_box),
    ("lmms_eval_grounding", "[" * 5000, [], Problem.no_box),
    # anything with four numbers
    ("vlmevalkit", "see [1] and [1 2, 3 4]", [A], Problem.none),
    ("vlmevalkit", "[.1, 2e-1, +.3, -0.4]", [(0.1, 0.2, 0.3, -0.4)], Problem.none),
    ("vlmevalkit", "Step 1: from 2,3 to 4", [A], Problem.none),
    ("vlmevalkit", "(1,2),(3,4)", [A], Problem.none),
    ("vlmevalkit", "1.2.3 4 5", [(1.2, 0.3, 4, 5)], Problem.none),
    ("vlmevalkit", "1 2 3", [], Problem.no_box),
    # lines of the grid
    ("pin", "located at [14,28,112,224].", [(14, 28, 112, 224)], Problem.none),
    ("pin", "[14,28,112,225]", [], Problem.off_grid),
    ("pin", "[14, 28, 112, 224]", [], Problem.off_grid),
    ("pin", "[112,28,14,224]", [], Problem.off_grid),
    ("pin", "[14,28,14,224]", [], Problem.off_grid),
    ("pin", "[14,28,112]", [], Problem.no_box),
    ("pin", "[a\n[14,28,112,224]", [(14, 28, 112, 224)], Problem.none),
]


@pytest.mark.parametrize(("name", "text", "boxes", "problem"), ROWS, ids=[f"{row[0]}: {row[1][:40]}" for row in ROWS])
def test_what_is_found(name: str, text: str, boxes: list[tuple[float, ...]], problem: Problem) -> None:
    assert READERS[name](text, "it") == (boxes, problem)


@pytest.mark.parametrize("name", READERS)
def test_empty_text_holds_nothing(name: str) -> None:
    assert READERS[name]("", "") == ([], Problem.no_box)


PIECES = '[ ] [[ ]] ( ) ),( , ; - + . e5 0 1 0.5 14 28 224 999 1e309 １２ NaN inf a ``` ```json { } "bbox_2d":'.split()
PIECES += "<object> </object> <phrase> </phrase> <patch_index_0001> </delimiter_of_multi_objects/>".split()
pieces = st.sampled_from([*PIECES, " ", ", ", "\n", "\ud800"])
texts = st.lists(pieces, max_size=30).map("".join) | st.text(max_size=40)

# The same evaluators' patterns as they stand, without care for time.
SLOW = {
    "shikra": re.compile(r"\[\d(?:\.\d*)?(?:,\d(?:\.\d*)?){3}(?:;\d(?:\.\d*)?(?:,\d(?:\.\d*)?){3})*\]"),
    "lmms_eval": re.compile(r"\[\s*" + r",\s*".join([r"(-?\d+(?:\.\d+)?)"] * 4) + r"\s*\]"),
    "qwen": re.compile(r"\((.*?)\),\((.*?)\)"),
    "four": re.compile(r"\[?\s*" + r"\s*[,\s]\s*".join([r"(-?\d+(?:\.\d+)?)"] * 4) + r"\s*\]?"),
    "kit": re.compile(r"\[\s*" + r"(?:\s*,\s*|\s+)".join([r"([-+]?\d*\.?\d+(?:[eE][-+]?\d+)?)"] * 4) + r"\s*\]"),
    "number": re.compile(r"[-+]?\d*\.?\d+(?:[eE][-+]?\d+)?"),
}


@given(texts)
def test_careful_patterns_find_what_plain_ones_find(text: str) -> None:
    assert len(SLOW["shikra"].findall(text)) == len(readers._SHIKRA.findall(text))
    plain = SLOW["lmms_eval"].search(text)
    assert READERS["lmms_eval"](text, "")[0] == ([tuple(map(float, plain.groups()))] if plain else [])
    fours = [tuple(map(float, match.groups())) for match in SLOW["four"].finditer(text)]
    assert [tuple(map(float, match.groups())) for match in readers._FOUR.finditer(text)] == fours
    kit = SLOW["kit"].search(text)
    numbers = kit.groups() if kit else tuple(SLOW["number"].findall(text)[:4])
    assert READERS["vlmevalkit"](text, "")[0] == ([tuple(map(float, numbers))] if len(numbers) == 4 else [])
    points = SLOW["qwen"].findall(text)
    found, _ = READERS["qwen"](text, "")
    assert bool(found) <= bool(points)
    if found and all(map(str.isascii, points[0])):
        assert str(found[0]) == str(tuple(float(n) for point in points[0] for n in point.split(",")))


@given(texts, texts)
def test_no_text_is_too_odd(text: str, expression: str) -> None:
    for read in READERS.values():
        boxes, problem = read(text, expression)
        assert bool(boxes) == (problem == Problem.none)
        assert all(len(box) == 4 and all(type(number) is float for number in box) for box in boxes)


LONG = [
    "[",
    "(",
    "(1,2",
    "1",
    "1 ",
    "1, ",
    " ",
    "[ ",
    "[1,",
    "[1.",
    "-",
    ".",
    "1.",
    "1e",
    "```",
    "{",
    '{"a":',
    "<phrase>",
]
LONG += ["<object>", "<object><patch_index_1>", "[0.1,0.2,0.3,0.4;", "),(", "((1,2),", "[14,", ";", "\n["]


@pytest.mark.parametrize("name", READERS)
def test_a_megabyte_takes_linear_time(name: str) -> None:
    read: Callable[[str, str], object] = READERS[name]
    began = time.process_time()
    for piece in LONG:
        for end in ("", "x", "1" + " " * 1000 + "x"):
            read(piece * (300_000 // len(piece)) + end, "it")
    assert time.process_time() - began < 60  # quadratic time would be hours
