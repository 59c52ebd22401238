from __future__ import annotations

import json
import re
from collections import defaultdict
from itertools import islice
from pathlib import Path

import pytest

from twist_scout.routing.grammar import built_in, text_of
from twist_scout.routing.prompts import EVERYDAY, GROUNDING, UNDERSTANDING, prompts

HARD = Path(__file__).parent / "hard_prompts.jsonl"


@pytest.fixture(scope="module")
def some():
    return list(islice(prompts("train"), 20_000))


def test_the_same_seed_writes_the_same_prompts(some) -> None:
    assert list(islice(prompts("train"), 500)) == some[:500]
    assert list(islice(prompts("train", seed=1), 500)) != some[:500]


def test_both_modes_and_every_kind_are_written(some) -> None:
    grounding = sum(prompt.mode == GROUNDING for prompt in some)
    assert 0.35 < grounding / len(some) < 0.5
    assert {prompt.mode for prompt in some} == {GROUNDING, UNDERSTANDING}
    roots = built_in()[1]
    assert {prompt.kind for prompt in some} == {kind for mode in roots for kind in roots[mode]}
    assert all(prompt.kind in roots[prompt.mode] for prompt in some)


def test_thousands_of_templates_and_hardly_a_prompt_twice(some) -> None:
    assert len({prompt.template for prompt in some}) > 10_000
    assert len({prompt.text for prompt in some}) > 0.97 * len(some)


def test_no_template_is_in_two_splits(some) -> None:
    held_out = [{prompt.template for prompt in islice(prompts(split), 5_000)} for split in ("validation", "test")]
    train = {prompt.template for prompt in some}
    assert not held_out[0] & held_out[1]
    assert not train & (held_out[0] | held_out[1])


def test_no_prompt_is_of_both_modes(some) -> None:
    modes = defaultdict(set)
    for prompt in some:
        modes[prompt.text.lower().strip(" .?!\n")].add(prompt.mode)
    assert [text for text, found in modes.items() if len(found) > 1] == []


def test_prompts_are_short_long_shouted_and_mistyped(some) -> None:
    lengths = [len(prompt.text.split()) for prompt in some]
    assert min(lengths) == 1
    assert max(lengths) > 150
    assert any(prompt.text.isupper() for prompt in some)
    assert any("teh" in prompt.text.split() for prompt in some)


def test_no_slot_is_left_unfilled() -> None:
    names = {*built_in()[0].templates, *built_in()[0].phrases, *built_in()[0].words}
    for prompt in islice(prompts("train", seed=3), 5_000):
        assert not [name for name in names if f"{{{name}}}" in prompt.text and name not in ("object", "input")]


def test_the_hard_prompts_were_not_trained_on(some) -> None:
    hard = {json.loads(line)["prompt"].lower().strip(" .?!") for line in HARD.read_text("utf-8").splitlines()}
    met = {prompt.text.lower().strip(" .?!\n") for prompt in some}
    assert len(hard) > 200
    # All that they share are a few short ones that anyone would write: "hi", "what is this", "are you sure".
    assert len(hard & met) <= 0.06 * len(hard)
    assert all(len(text.split()) <= 6 for text in hard & met)


def test_what_everybody_says_is_never_held_out(some) -> None:
    grammar, _ = built_in()
    everyday = {text_of(template) for kind in EVERYDAY for template in grammar.expand(kind)}
    assert len(everyday) > 500
    assert "what is the location of {ref}?" in everyday
    assert any(prompt.kind in EVERYDAY for prompt in some)
    for split in ("validation", "test"):
        held_out = list(islice(prompts(split), 3_000))
        assert not everyday & {prompt.template for prompt in held_out}


def test_what_somebody_does_somewhere_is_told_in_words() -> None:
    """One and the same question never asks for a box here and for words there."""
    told = re.compile(
        r"^where is (the|my|this) (?!.*\b(that|who|which) (is|are)\b).+ (sitting|standing|sleeping|swimming|walking)[?.]?$"
    )
    found = [p for p in islice(prompts("train", seed=5, dressed=False), 40_000) if told.match(p.text.lower())]
    assert len(found) > 10
    assert {p.mode for p in found} == {UNDERSTANDING}
