"""What models write on a bad day, ten thousand times over: made from a seed, so that a failure can be had again."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

MEGABYTE = 1 << 20

#: Spellings of four numbers in every dialect; ``{}`` takes a number.
FORMS = (
    "[[{},{},{},{}]]", "[{}, {}, {}, {}]", "<box>({},{}),({},{})</box>", "<box>[[{}, {}, {}, {}]]</box>",
    "<loc_{}><loc_{}><loc_{}><loc_{}>", "<loc{}><loc{}><loc{}><loc{}> cat", "<box><{}><{}><{}><{}></box>",
    "<|box_start|>({},{}),({},{})<|box_end|>", '{{"bbox_2d": [{}, {}, {}, {}], "label": "cat"}}', "({},{},{},{})",
    '```json\n[{{"bbox_2d": [{}, {}, {}, {}], "label": "cat"}}]\n```', "<phrase>cat</phrase><object><patch_index_{}>"
    "<patch_index_{}></object>{}{}", "<ref>cat</ref><box>[[{}, {}, {}, {}]]</box>", "[[{},{},{},{};{}]]",
    "<p>the cat</p> {{<{}><{}><{}><{}>}}", "bbox: x1={} y1={} x2={} y2={}", "<quad>{},{},{},{}</quad>",
)  # fmt: skip

#: Numbers, and what stands in their place.
NUMBERS = (
    "0", "1", "7", "12", "50", "99", "100", "224", "336", "999", "1000", "1023", "0.0", "0.5", "0.123456789", "1.0",
    "00012", "0050", "-1", "-0.0", "-50", "+5", "1e3", "1e309", "-1e309", "1e-320", "1E400", "NaN", "nan", "inf",
    "-Infinity", "null", "true", "１２", "０.５", "٣", "१२", "²", "½", "Ⅷ", "0x1F", "1_000", "1,5", "5.", ".5", ".",
    "-", "", " ", "x", "9" * 40, "9" * 5_000, "0." + "3" * 3_000, "1e" + "9" * 30, "\u2212" + "5", "5\u00a0", "\t5",
    "[1]", "\"5\"", "5;6", "<5>", "\ud835", "𝟓",
)  # fmt: skip

BRACKETS = "[](){}<>"
PIECES = (
    "[[", "]]", "[", "]", "<box>", "</box>", "<loc_", ">", "<|box_start|>", "<|box_end|>", "<ref>", "</ref>", "<p>",
    "</p>", "{<", ">}", "```json", "```", '{"bbox_2d":', "<object>", "</object>", "<patch_index_", "</phrase>",
    "<phrase>", "<delimiter_of_multi_objects/>", ";", ",", "Step 1:", "Step", "Step 99999999999999999999:",
    "This question is invalid.", "a cat", "the cats and dogs", " ", "\n", "\\", '"', "'", "\0", "\x1b[31m",
    "\u202e", "\ufeff", "\u200b", "�", "é", "日本語", "👩‍👩‍👧", "</s>", "<s>", "<image>", "{{ x }}", "%s", "${x}",
)  # fmt: skip

Maker = Callable[[random.Random], str]


def _number(rng: random.Random) -> str:
    if rng.random() < 0.5:
        return str(rng.choice([rng.randint(0, 100), rng.randint(0, 1000), round(rng.random(), 3)]))
    return rng.choice(NUMBERS)


def _box(rng: random.Random) -> str:
    form = rng.choice(FORMS)
    if rng.random() < 0.6:  # a good box in the middle of the mess: what can be read must not be lost with the rest
        top = rng.choice([1.0, 30, 99, 99, 999])
        low, high = sorted(round(rng.random() * top, 0 if top > 1 else 3) for _ in range(2))
        spelled = [f"{value:g}" for value in (low, low, high, high, low, high)]
        return form.format(*spelled)
    return form.format(*(_number(rng) for _ in range(6)))


def _mixed(rng: random.Random) -> str:
    """Boxes of several dialects in one answer."""
    return rng.choice([" ", ", ", " and ", "\n"]).join(f"the cat {_box(rng)}" for _ in range(rng.randint(1, 5)))


def _wrong_count(rng: random.Random) -> str:
    numbers = [_number(rng) for _ in range(rng.choice([0, 1, 2, 3, 5, 6, 7, 8, 9, 40]))]
    opening, closing = rng.choice(
        [("[[", "]]"), ("[", "]"), ("<box>(", ")</box>"), ('{"bbox_2d": [', "]}"), ("(", ")")]
    )
    return f"a cat {opening}{rng.choice([',', ', ', ';', ' ', ',,']).join(numbers)}{closing}"


def _cut(rng: random.Random) -> str:
    """Unclosed: cut short anywhere, or a bracket lost."""
    text = _mixed(rng)
    if rng.random() < 0.5:
        return text[: rng.randint(0, len(text))]
    places = [n for n, c in enumerate(text) if c in BRACKETS]
    if not places:
        return text
    lost = rng.choice(places)
    return text[:lost] + text[lost + 1 :]


def _nested(rng: random.Random) -> str:
    depth = rng.choice([2, 3, 5, 50, 400])
    opening, closing = rng.choice(
        [("[", "]"), ("(", ")"), ("{", "}"), ("<box>", "</box>"), ("[[", "]]"), ('{"a":', "}"), ("<p>", "</p>")]
    )
    return opening * depth + _box(rng) + closing * (depth - rng.randint(0, 2))


def _shuffled(rng: random.Random) -> str:
    return "".join(rng.choice((*PIECES, _number(rng))) for _ in range(rng.randint(0, 40)))


def _noise(rng: random.Random) -> str:
    """Any characters, halves of surrogate pairs among them."""
    reach = rng.choice([0x80, 0x800, 0x10000, 0x110000])
    return "".join(chr(rng.randrange(reach)) for _ in range(rng.randint(0, 60)))


def _upside_down(rng: random.Random) -> str:
    """Numbers of the right form that are no box: inverted, empty, far outside."""
    a, b = rng.choice([(90, 10), (50, 50), (900, 100000), (-5, 5), (1e308, 1e308)])
    return f"the cat {rng.choice(FORMS).format(a, a, b, b, a, b)}"


def _empty(rng: random.Random) -> str:
    return rng.choice(
        ["", " ", "\n\n", "\0", "I cannot see that.", "This question is invalid.", "[]", "[[]]", "{}", "null", "()"]
    )


def _repeated(rng: random.Random) -> str:
    """A model that does not stop."""
    return (rng.choice(PIECES) + _box(rng)) * rng.randint(2, 60)


MAKERS: tuple[Maker, ...] = (
    _mixed, _wrong_count, _cut, _nested, _shuffled, _noise, _upside_down, _empty, _repeated,
)  # fmt: skip

#: Lines of a megabyte, each of a kind that a careless reader is slow on.
ENDLESS = (
    "[", "[[", "]", "(", "<", "{", "<box>", "<loc_1>", "[[1,2,3,4]] ", "[1,", "[[1,2,3,4],", "1,", "1 ", " ", "a",
    "a ", "the cat ", "\n", "<p>", "<ref>", "{\"", '{"bbox_2d": [', "[[1,2,3,4;", "9", "-", ".", "\\", '"', "\0",
    "é", "<box>(1,2),", "<|box_start|>(", "Step 1: ", "Step ", "and ", ", ", "<patch_index_1>", "```json\n[", "1.",
    "[[9", "e", "<p>a</p> {<1>", "\ud83d",
)  # fmt: skip


def hostile_texts(
    count: int = 10_000, seed: int = 0, endless: Sequence[str] = ENDLESS, size: int = MEGABYTE
) -> Iterator[str]:
    """Model outputs; the last of them are of a megabyte, one of each kind."""
    rng = random.Random(seed)
    for _ in range(count - len(endless)):
        yield rng.choice(MAKERS)(rng)
    for piece in endless:
        yield (piece * (size // len(piece) + 1))[:size]


def write_hostile_file(
    path: Path, ids: Sequence[str], seed: int = 0, endless: Sequence[str] = ENDLESS, size: int = MEGABYTE
) -> None:
    """A prediction file with one hostile output for each id."""
    rng = random.Random(seed)
    with path.open("w", encoding="utf-8") as file:
        for id, text in zip(ids, hostile_texts(len(ids), seed, endless, size), strict=True):
            record = {"id": id, "text": text}
            if rng.random() < 0.1:
                record["image"] = rng.choice(["../../etc/passwd", "\0", "a" * 300, "", text[:50]])
            file.write(json.dumps(record) + "\n")  # ASCII, so that lone surrogates can be written
