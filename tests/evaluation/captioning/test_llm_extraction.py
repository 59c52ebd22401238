"""Names by a language model. Models are stood in for by functions here; a real one is asked in tests/cli."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twist_scout.boxes import Box
from twist_scout.boxes.dialects import known_dialects
from twist_scout.boxes.grounded import GroundedText
from twist_scout.errors import BadConfig
from twist_scout.evaluation.captioning import LlmExtraction
from twist_scout.evaluation.captioning.disk_cache import DiskCache
from twist_scout.evaluation.captioning.llm_extraction import (
    SHIPPED,
    Turn,
    match_reply,
    parse_reply,
    read_prompt,
    reply_tokens,
    shipped_prompt,
)

MAN, CAT = (24, 36, 76, 97), (33, 58, 50, 70)


@pytest.mark.parametrize(
    ("reply", "found"),
    [
        ('[("man", [24,36,76,97]), ("cat", [33,58,50,70])]', [("man", MAN), ("cat", CAT)]),  # the paper's form
        ('[("man", [24,36,76,97]), ("cat", [33,58,50,70])]<stop>', [("man", MAN), ("cat", CAT)]),
        ('Sure! Here it is:\n```python\n[("man", [24, 36, 76, 97])]\n```', [("man", MAN)]),
        ('[["man",[24,36,76,97]],["cat",[33,58,50,70]]]', [("man", MAN), ("cat", CAT)]),
        ("[('a man\\'s cat', [33,58,50,70])]", [("a man\\'s cat", CAT)]),
        ('[{"name": "man", "box": [24.0, 36, 76, 97]}, {"label": "cat", "bbox": [33,58,50,70]}]', [("man", MAN), ("cat", CAT)]),
        ('[("people", [[24,36,76,97], [33,58,50,70]])]', [("people", MAN), ("people", CAT)]),  # several under one name
        ('("people", [24,36,76,97; 33,58,50,70])', [("people", MAN), ("people", CAT)]),
        ("- man: [[24,36,76,97]]\n- cat: [33,58,50,70]", [("man", MAN), ("cat", CAT)]),
        ("(man, [24,36,76,97]), (cat, (33,58,50,70))", [("man", MAN), ("cat", CAT)]),
        ('[("man", [24,36,76,97]), ("cat", [33,58', [("man", MAN)]),  # cut short
        ('[("man", [24,36,76])]', []),
        ("I cannot see any objects.", []),
        ("", []),
    ],
)  # fmt: skip
def test_replies_are_read(reply: str, found: list[tuple[str, tuple[int, ...]]]) -> None:
    assert parse_reply(reply) == found


@given(st.text(alphabet="[](){},;:'\"0123456789.-\n abcman", max_size=200))
def test_no_reply_is_too_strange(reply: str) -> None:
    for name, box in parse_reply(reply):
        assert isinstance(name, str)
        assert len(box) == 4


@pytest.mark.parametrize("piece", ["[1,2,3", '"man ', "man ", "[[", "1,", '("a", [1,2,3,4]), '])
def test_long_replies_are_read_in_time(piece: str) -> None:
    parse_reply(piece * (200_000 // len(piece)))


def test_the_captions_own_boxes_are_kept() -> None:
    told = GroundedText.parse("A man [[243,361,757,968]] with a cat [[333,580,500,700]]", dialect="cogvlm")
    mentions, invented = match_reply(told, [("man", MAN), ("dog", (1, 2, 3, 4)), ("cat", CAT), ("cat", CAT)])
    assert [(mention.phrase, mention.boxes) for mention in mentions] == [
        ("man", (told.boxes[0],)),
        ("cat", (told.boxes[1],)),
    ]
    assert invented == 2  # one made up, one listed twice


def test_equal_boxes_are_found_as_often_as_they_stand_there() -> None:
    told = GroundedText.parse("A man [[1,2,3,4]] and a hat [[1,2,3,4]]")
    mentions, invented = match_reply(told, [("man", (1, 2, 3, 4)), ("hat", (1, 2, 3, 4))])
    assert [mention.phrase for mention in mentions] == ["man", "hat"]
    assert invented == 0


class Listing:
    """Lists every box of the caption under the word in front of it, and counts how often it is asked."""

    def __init__(self, fails: Sequence[int] = ()) -> None:
        self.asked: list[str] = []
        self.fails = fails

    def __call__(self, conversations: Sequence[Sequence[Turn]]) -> Iterator[tuple[int, str | None]]:
        for number, turns in reversed(list(enumerate(conversations))):
            caption = turns[-1]["content"]
            self.asked.append(caption)
            told = GroundedText.parse(caption)
            pairs = [
                f'("{phrase.text}", {[round(v * 100) for v in box.as_tuple()]})'
                for phrase in told.phrases
                for box in phrase.boxes
            ]
            yield number, None if number in self.fails else f"[{', '.join(pairs)}]"


CAPTIONS = ["A man [[24,36,76,97]]", "nothing", "Two cats [[33,58,50,70; 1,2,30,40]]", "A man [[24,36,76,97]]"]


def read(dialect: str = "scout") -> list[GroundedText]:
    return [GroundedText.parse(text, dialect=dialect) for text in CAPTIONS]


def test_captions_are_asked_about_once_and_replies_are_kept(tmp_path: Path) -> None:
    cache = DiskCache(tmp_path / "c.sqlite")
    model = Listing()
    extraction = LlmExtraction(model, "toy", cache=cache)
    found = extraction(read())
    assert [[(m.phrase, len(m.boxes)) for m in mentions] for mentions in found] == [
        [("A man", 1)],
        [],
        [("Two cats", 1), ("Two cats", 1)],
        [("A man", 1)],
    ]
    assert len(model.asked) == 2  # a caption without boxes is not asked about, and equal ones once
    again = LlmExtraction(Listing(), "toy", cache=DiskCache(tmp_path / "c.sqlite"))
    assert again(read()) == found
    assert again.ask.asked == []  # type: ignore[attr-defined]
    assert (again.tally.captions, again.tally.from_cache, again.tally.boxes, again.tally.left_out) == (3, 3, 4, 0)
    other = LlmExtraction(Listing(), "another model", cache=cache)
    other(read())
    assert len(other.ask.asked) == 2  # type: ignore[attr-defined]
    assert "extraction/1" in other.description


def test_a_run_that_breaks_off_keeps_what_it_has(tmp_path: Path) -> None:
    class Breaks(Listing):
        def __call__(self, conversations: Sequence[Sequence[Turn]]) -> Iterator[tuple[int, str | None]]:
            for number, reply in super().__call__(conversations):
                if number == 0:
                    raise KeyboardInterrupt
                yield number, reply

    cache = DiskCache(tmp_path / "c.sqlite")
    with pytest.raises(KeyboardInterrupt):
        LlmExtraction(Breaks(), "toy", cache=cache)(read())
    rest = LlmExtraction(Listing(), "toy", cache=cache)
    rest(read())
    assert len(rest.ask.asked) == 1  # type: ignore[attr-defined]


def test_no_reply_is_no_mention_and_is_counted() -> None:
    extraction = LlmExtraction(Listing(fails=[0]), "toy")
    assert extraction(read())[0] == []
    assert extraction.tally.unanswered == 2  # the same caption stands twice
    assert extraction.tally.left_out == 2


@pytest.mark.parametrize("dialect", [name for name in known_dialects() if name not in ("pixels", "qwen2.5-vl")])
def test_the_model_sees_scouts_form_whatever_the_dialect(dialect: str) -> None:
    from twist_scout.boxes.dialects import Codec, get_dialect

    codec = get_dialect(dialect)
    assert isinstance(codec, Codec)
    box = Box(0.25, 0.25, 0.75, 0.75)
    told = GroundedText.parse(f"There is {codec.render_named('a dog', [box])} here.", dialect=dialect)
    model = Listing()
    (mentions,) = LlmExtraction(model, "toy")([told])
    assert "[[" in model.asked[0]
    assert [mention.boxes for mention in mentions] == [tuple(told.boxes)]


def test_a_reply_has_room_for_every_box_and_an_end() -> None:
    few, many = ([{"role": "user", "content": f"Caption: dogs [[{'; '.join(['1,2,3,4'] * n)}]]"}] for n in (1, 50))
    assert reply_tokens(few) < reply_tokens(many) < 3000
    longest = ", ".join(['("tennis racket", [100,100,100,100])'] * 50)
    assert len(longest) / 2 < reply_tokens(many)  # numbers are split into digits by many tokenizers


def test_the_prompt_is_a_file_with_a_version(tmp_path: Path) -> None:
    prompt = shipped_prompt()
    assert prompt.version == "1"
    turns = prompt.conversation("A {{ caption }} [[1,2,3,4]]\nand more")
    assert [turn["role"] for turn in turns] == ["system", "user", "assistant", "user", "assistant", "user"]
    assert turns[-1]["content"] == "Caption: A {{ caption }} [[1,2,3,4]] and more"
    for user, assistant in zip(prompt.turns[1::2], prompt.turns[2::2], strict=True):
        boxes = [box for _, box in parse_reply(assistant["content"])]
        told = GroundedText.parse(user["content"])
        assert boxes == [tuple(round(v * 100) for v in box.as_tuple()) for box in told.boxes]  # the examples are right
    changed = tmp_path / "p.yaml"
    changed.write_text(SHIPPED.read_text().replace("turn captions", "make captions"))
    assert read_prompt(changed).key != prompt.key


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("user: x", "is no prompt"),
        ("version: 1\nuser: x", "has no .* caption"),
        ("[", "is no prompt"),
        ("- a", "is no prompt"),
    ],
)
def test_a_bad_prompt_is_said(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text(text)
    with pytest.raises(BadConfig, match=message):
        read_prompt(tmp_path / "p.yaml")
