"""What models really write, or would, and what is read from it; a reason on every row."""

from __future__ import annotations

import pytest

from twist_scout.boxes import BoxSpan, get_dialect
from twist_scout.boxes.dialects import Codec, dialect_frame

SIZE = (640, 480)  # of the original image; qwen2.5-vl sees 644 x 476 of it


def read(name: str, text: str) -> tuple[Codec, list[BoxSpan]]:
    codec = get_dialect(name, dialect_frame(name, width=SIZE[0], height=SIZE[1]))
    assert isinstance(codec, Codec)
    return codec, codec.find(text)


JSON_LIST = """```json
[
\t{"bbox_2d": [341, 258, 397, 360], "label": "pepper"},
\t{"bbox_2d": [290, 170, 336, 254], "label": "green pepper"}
]
```"""

# dialect, text, [(phrase, boxes in the dialect's numbers, x first)], full range in x and y, why
READABLE = [
    ("cogvlm", "A man [[092,102,999,809]].", [("", [(92, 102, 999, 809)])], 1000, "the canonical form"),
    (
        "cogvlm",
        "[[1,2,3,4;500,600,700,800]]",
        [("", [(1, 2, 3, 4), (500, 600, 700, 800)])],
        1000,
        "several boxes; leading zeros may be missing",
    ),
    ("cogvlm", "[[000,000,1000,1000]]", [("", [(0, 0, 1000, 1000)])], 1000, "1000 is past the format but no nonsense"),
    ("shikra", "The dog [0.123,0.456,0.789,0.999].", [("", [(0.123, 0.456, 0.789, 0.999)])], 1, "the canonical form"),
    (
        "shikra",
        "two dogs[0.1,0.2,0.3,0.4;0.5,0.6,0.7,0.8]",
        [("", [(0.1, 0.2, 0.3, 0.4), (0.5, 0.6, 0.7, 0.8)])],
        1,
        "several boxes in one bracket",
    ),
    ("shikra", "[0, 0.5, 1, 1.000]", [("", [(0, 0.5, 1, 1)])], 1, "whole numbers and spaces"),
    ("llava", "[0.61, 0.36, 0.92, 0.83]", [("", [(0.61, 0.36, 0.92, 0.83)])], 1, "a bare answer"),
    ("llava", "[.61,.36,.92,.83]", [("", [(0.61, 0.36, 0.92, 0.83)])], 1, "no zero in front of the point"),
    (
        "llava",
        "cats [0.1, 0.2, 0.3, 0.4], [0.5, 0.6, 0.7, 0.8]",
        [("", [(0.1, 0.2, 0.3, 0.4)]), ("", [(0.5, 0.6, 0.7, 0.8)])],
        1,
        "several brackets are several spans",
    ),
    ("llava", "as in [1] and [2, 3], see [sic]", [], 1, "citations and remarks are no boxes"),
    ("ferret", "A dog [92, 102, 790, 1000] runs.", [("", [(92, 102, 790, 1000)])], 1000, "the canonical form"),
    ("ferret", "[92,102,790,999]", [("", [(92, 102, 790, 999)])], 1000, "no spaces"),
    ("pin", "In the image is a dog located at [14,28,112,224].", [("", [(14, 28, 112, 224)])], 224, "PIN's sentence"),
    ("pixels", "A man [147, 145, 238, 333]", [("", [(147, 145, 238, 333)])], SIZE, "one box in the paper's Figure A.6"),
    (
        "pixels",
        "a yard [[0, 90, 256, 331], [0, 230, 499, 331]].",
        [("", [(0, 90, 256, 331), (0, 230, 499, 331)])],
        SIZE,
        "several boxes in the paper's Figure A.6",
    ),
    ("pixels", "[468.3, 0.91, 640.0, 117.03]", [("", [(468.3, 0.91, 640, 117.03)])], SIZE, "annotations have decimals"),
    ("pixels", "[10, 10, 645, 484]", [("", [(10, 10, 640, 480)])], SIZE, "a little past the border is cut off"),
    (
        "qwen-vl",
        "<ref> Woman</ref><box>(451,379),(731,806)</box> and<ref> her dog</ref><box>(219,424),(576,896)</box> playing",
        [("Woman", [(451, 379, 731, 806)]), ("her dog", [(219, 424, 576, 896)])],
        999,
        "a grounded caption; phrases begin with a space",
    ),
    (
        "qwen-vl",
        "<ref>dogs</ref><box>(1,2),(3,4)</box><box>(5,6),(7,8)</box>",
        [("dogs", [(1, 2, 3, 4), (5, 6, 7, 8)])],
        999,
        "several boxes of one phrase",
    ),
    ("qwen-vl", "(536,509),(588,602)", [("", [(536, 509, 588, 602)])], 999, "decoded without special tokens"),
    ("qwen-vl", "<box>(536,509),(588,602)", [("", [(536, 509, 588, 602)])], 999, "the closing tag was the stop word"),
    (
        "qwen2-vl",
        "<|object_ref_start|>language switch<|object_ref_end|><|box_start|>(576,12),(592,42)<|box_end|><|im_end|>",
        [("language switch", [(576, 12, 592, 42)])],
        1000,
        "the canonical form",
    ),
    ("qwen2-vl", "nutrition-table(272,494),(732,621)", [("", [(272, 494, 732, 621)])], 1000, "all tags were skipped"),
    (
        "qwen2-vl",
        "<|box_start|>( 272, 494 ) , ( 732, 621 )<|box_end|>",
        [("", [(272, 494, 732, 621)])],
        1000,
        "spaces anywhere",
    ),
    (
        "qwen2-vl",
        "<ref>cat</ref><box>(1,2,30,40)</box>",
        [("cat", [(1, 2, 30, 40)])],
        1000,
        "the older tags, and one pair of parentheses",
    ),
    (
        "internvl",
        "<ref>the car</ref><box>[[100,200,300,400]]</box>",
        [("the car", [(100, 200, 300, 400)])],
        1000,
        "the canonical form",
    ),
    (
        "internvl",
        "<ref> cars </ref><box>[[827, 590, 885, 682], [1, 600, 20, 700]]</box>",
        [("cars", [(827, 590, 885, 682), (1, 600, 20, 700)])],
        1000,
        "several boxes of one phrase",
    ),
    (
        "internvl",
        "<ref>bus</ref><box>[[290, 202, 835, 851]]</box> is <pred>driving on</pred><box>[[0, 604, 984, 999]]</box>",
        [("bus", [(290, 202, 835, 851)]), ("", [(0, 604, 984, 999)])],
        1000,
        "a relation between boxes names no phrase",
    ),
    ("internvl", "[[250,250,750,750]]", [("", [(250, 250, 750, 750)])], 1000, "no tags at all"),
    ("internvl", "<box>[250,250,750,750]</box>", [("", [(250, 250, 750, 750)])], 1000, "one pair of brackets in tags"),
    (
        "paligemma",
        "<loc0092><loc0102><loc1023><loc0809> cat",
        [("cat", [(102, 92, 809, 1023)])],
        1024,
        "y comes before x",
    ),
    (
        "paligemma",
        "<loc0001><loc0002><loc0003><loc0004> cat ; <loc0005><loc0006><loc0007><loc0008> polar bear",
        [("cat", [(2, 1, 4, 3)]), ("polar bear", [(6, 5, 8, 7)])],
        1024,
        "several things",
    ),
    (
        "paligemma",
        "<loc0001><loc0002><loc0003><loc0004> <seg065><seg009><seg126> the cat",
        [("the cat", [(2, 1, 4, 3)])],
        1024,
        "the mask of segmentation answers is skipped",
    ),
    (
        "florence-2",
        "</s><s>turquoise Volkswagen Beetle<loc_52><loc_333><loc_932><loc_774>wheel<loc_704><loc_576><loc_864><loc_772>"
        "<loc_148><loc_584><loc_308><loc_773></s>",
        [
            ("turquoise Volkswagen Beetle", [(52.5, 333.5, 932.5, 774.5)]),
            ("wheel", [(704.5, 576.5, 864.5, 772.5), (148.5, 584.5, 308.5, 773.5)]),
        ],
        1000,
        "an object detection answer; the middle of each bin",
    ),
    ("florence-2", "<loc_0><loc_0><loc_999><loc_999>", [("", [(0.5, 0.5, 999.5, 999.5)])], 1000, "a box alone"),
    (
        "kosmos-2",
        "<grounding> An image of<phrase> a snowman</phrase><object><patch_index_0044><patch_index_0863></object>"
        " by<phrase> a fire</phrase><object><patch_index_0005><patch_index_0911></object>.",
        [("a snowman", [(12.5, 1.5, 31.5, 26.5)]), ("a fire", [(5.5, 0.5, 15.5, 28.5)])],
        32,
        "a grounded caption; from the middle of one patch to that of the other",
    ),
    (
        "kosmos-2",
        "<object><patch_index_0000><patch_index_0003></delimiter_of_multi_objects/>"
        "<patch_index_0000><patch_index_0000></object>",
        [("", [(0, 0, 4, 1), (0, 0, 1, 1)])],
        32,
        "one patch high: from edge to edge",
    ),
    (
        "kosmos-2",
        "<phrase>it</phrase><object> <patch_index_0033> <patch_index_0066> </object>",
        [("it", [(1.5, 1.5, 2.5, 2.5)])],
        32,
        "spaces between tokens",
    ),
    ("kosmos-2", "<patch_index_0033><patch_index_0066>", [("", [(1.5, 1.5, 2.5, 2.5)])], 32, "the tags were skipped"),
    (
        "qwen3-vl",
        JSON_LIST,
        [("pepper", [(341, 258, 397, 360)]), ("green pepper", [(290, 170, 336, 254)])],
        1000,
        "a list in a code fence",
    ),
    (
        "qwen2.5-vl",
        JSON_LIST.splitlines()[2],
        [("pepper", [(341, 258, 397, 360)])],
        (644, 476),
        "pixels after resizing",
    ),
    ("qwen2.5-vl", "[322, 100, 644, 238]", [("", [(322, 100, 644, 238)])], (644, 476), "a bare list of numbers"),
    (
        "qwen2.5-vl",
        "<|object_ref_start|>dog<|object_ref_end|><|box_start|>(322,100),(644,238)<|box_end|>",
        [("dog", [(322, 100, 644, 238)])],
        (644, 476),
        "the tags of its predecessor",
    ),
    (
        "qwen3-vl",
        "{'label': 'a \"big\" dog', 'bbox_2d': [1, 2, 3, 4]}",
        [('a "big" dog', [(1, 2, 3, 4)])],
        1000,
        "a Python dictionary, label first",
    ),
    (
        "qwen3-vl",
        '{"bbox_2d": [1, 2, 3, 4], "label": "a \\"big\\" K\\u00e4se {x}"}',
        [('a "big" Käse {x}', [(1, 2, 3, 4)])],
        1000,
        "escapes and braces in the label",
    ),
    (
        "qwen3-vl",
        '```json\n[{"bbox_2d": [1, 2, 3, 4], "label": "cat"}, {"bbox_2d": [5, 6, 7, 8], "la',
        [("cat", [(1, 2, 3, 4)]), ("", [(5, 6, 7, 8)])],
        1000,
        "cut off after a complete box",
    ),
    (
        "qwen3-vl",
        '[{"bbox_2d": [[1, 2, 3, 4], [5, 6, 7, 8]], "label": "cats"}]',
        [("cats", [(1, 2, 3, 4), (5, 6, 7, 8)])],
        1000,
        "several boxes under one key",
    ),
    (
        "qwen3-vl",
        'The plate: {"text_content": "168", "bbox_2d": [833, 828, 962, 884]} in {"label": "blue"}.',
        [("168", [(833, 828, 962, 884)])],
        1000,
        "inside a sentence, and the label of another object is not taken",
    ),
]


@pytest.mark.parametrize(
    ("name", "text", "expected", "full", "why"), READABLE, ids=[f"{r[0]}-{r[4]}" for r in READABLE]
)
def test_readable(name: str, text: str, expected: list, full: float | tuple[int, int], why: str) -> None:
    codec, spans = read(name, text)
    width, height = full if isinstance(full, tuple) else (full, full)
    assert [span.problem for span in spans] == [None] * len(expected), why
    assert [codec.words(text, span) for span in spans] == [phrase for phrase, _ in expected], why
    for span, (_, boxes) in zip(spans, expected, strict=True):
        numbers = [(b.x1 * width, b.y1 * height, b.x2 * width, b.y2 * height) for b in span.boxes]
        assert numbers == [pytest.approx(box, abs=1e-6) for box in boxes], why


# dialect, text, number of boxes that are still read, words of the reason
UNREADABLE = [
    ("cogvlm", "[[092,102,999,809", 0, "never closed"),
    ("cogvlm", "[[092,102,999,809]", 0, "one bracket instead of two"),
    ("cogvlm", "[[092,102,999,1809]]", 0, "1809, which is outside 0 to 999"),
    ("shikra", "[12,30,50,70]", 0, "12, which is outside 0 to 1"),
    ("shikra", "[0.1,0.2,0.3]", 0, "3 numbers instead of 4"),
    ("shikra", "[0.1,0.2,0.3,0.4;0.5,0.6]", 1, "box 2 of 2 has 2 numbers instead of 4"),
    ("llava", "the dog [0.61, 0.36, 0.9", 0, "never closed"),
    ("llava", "[0.9, 0.36, 0.2, 0.83]", 0, "right edge 0.2 is left of its left edge 0.9"),
    ("ferret", "[0.1, 0.2, 0.3, 1000.5]", 0, "1000.5, which is outside 0 to 1000"),
    ("ferret", "[1, 2, 3, 4, 5]", 0, "5 numbers instead of 4"),
    ("pin", "[14,28,112,238]", 0, "238, which is outside 0 to 224"),
    ("pixels", "[10, 20, 700, 300]", 0, "700, which is outside 0 to 640"),
    ("qwen-vl", "<ref>dog</ref><box>(451,379),(731)</box>", 0, "3 numbers instead of 4"),
    ("qwen-vl", "<box></box>", 0, "0 numbers instead of 4"),
    ("qwen-vl", "<box>the dog", 0, "0 numbers instead of 4"),
    ("qwen2-vl", "<|box_start|>(1,2),(3,4)<|box_end|><|box_start|>(5,6),(7", 1, "box 2 of 2"),
    ("qwen2-vl", "(1,2),(3000,4)", 0, "3000, which is outside 0 to 1000"),
    ("internvl", "<ref>dog</ref><box>null</box>", 0, "1 number instead of 4"),
    ("internvl", "<box>[[1,2,3,4],[5,6,7]]</box>", 1, "box 2 of 2 has 3 numbers"),
    ("paligemma", "<loc0092><loc0102><loc1023> cat", 0, "3 numbers instead of 4"),
    ("paligemma", "<loc0092><loc0102><loc1025><loc0809> cat", 0, "1025, which is outside 0 to 1023"),
    ("florence-2", "dog<loc_1><loc_2><loc_3><loc_4><loc_5>", 1, "box 2 of 2 has 1 number"),
    ("florence-2", "dog<loc_1><loc_2><loc_3><loc_1001>", 0, "1001, which is outside 0 to 999"),
    ("kosmos-2", "<object><patch_index_0044></object>", 0, "1 patch instead of 2"),
    ("kosmos-2", "<object><patch_index_0044><patch_index_1024></object>", 0, "not a number from 0 to 1023"),
    ("kosmos-2", "<object><patch_index_0044><patch_index_0003></object>", 0, "inverted"),
    ("kosmos-2", "<phrase>a dog</phrase><object></object>", 0, "0 patches instead of 2"),
    ("qwen2.5-vl", '{"bbox_2d": [12, 30, 40', 0, "never closed"),
    ("qwen2.5-vl", '{"bbox_2d": null, "label": "dog"}', 0, "no list of numbers follows the key"),
    ("qwen2.5-vl", '{"bbox_2d": [[]], "label": "dog"}', 0, "0 numbers instead of 4"),
    ("qwen3-vl", '{"bbox_2d": [12, 30, 40, 1100], "label": "dog"}', 0, "1100, which is outside 0 to 1000"),
    ("qwen3-vl", '{"bbox_2d": [12, 30, 40], "label": "dog"}', 0, "3 numbers instead of 4"),
]


@pytest.mark.parametrize(("name", "text", "count", "reason"), UNREADABLE)
def test_unreadable(name: str, text: str, count: int, reason: str) -> None:
    _, (span,) = read(name, text)
    assert len(span.boxes) == count
    assert span.problem is not None
    assert reason in span.problem


def test_an_unclosed_box_does_not_swallow_the_sentence() -> None:
    text = "the dog [0.1, 0.2 in the park [0.1,0.2,0.3,0.4]"
    _, (unclosed, good) = read("shikra", text)
    assert text[unclosed.start : unclosed.end] == "[0.1, 0.2"
    assert good.boxes
    text = "the dog <box>(1,2 in the park<box>(1,2),(3,4)</box>"
    _, (unclosed, good) = read("qwen-vl", text)
    assert text[unclosed.start : unclosed.end] == "<box>(1,2"
    assert good.boxes


def test_the_item_of_a_json_list_takes_the_fence_and_the_separators() -> None:
    text = f"Here:\n{JSON_LIST}\nDone."
    _, (first, second) = read("qwen3-vl", text)
    assert text[: first.extent[0]] == "Here:\n"
    assert first.extent[1] == second.extent[0]
    assert text[second.extent[1] :] == "\nDone."


@pytest.mark.parametrize("name", ["pixels", "qwen2.5-vl"])
def test_pixels_without_a_size_are_found_and_not_read(name: str) -> None:
    codec = get_dialect(name)
    (span,) = codec.find("the dog [1, 2, 3, 4]")
    assert (span.boxes, span.problem) == ((), "the box is in pixels, and the size of the picture is not known")
