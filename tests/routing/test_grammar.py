from __future__ import annotations

from random import Random

import pytest

from twist_scout.errors import BadConfig
from twist_scout.routing.grammar import Grammar, built_in, split_of, text_of
from twist_scout.routing.made_up import letter_model, made_up

SMALL = {
    "templates": {
        "find": ["{please}find {ref}(| in {pic})"],
        "please": ["", "please "],
        "at": ["at {box}"],
        "find_at": ["{find~ref>at}"],
    },
    "phrases": {"ref": ["the {animal}", "two {animal:s}"], "box": ["[{n}, {n}]"]},
    "words": {"animal": "dog, box, mouse", "pic": "the picture", "n": {"numbers": [1, 4]}},
}


def grammar(**changes: object) -> Grammar:
    return Grammar([{**SMALL, **changes}])


def test_a_template_keeps_its_slots_and_filling_leaves_none() -> None:
    rng, small = Random(0), grammar()
    templates = {text_of(small.derive("find", rng)) for _ in range(200)}
    assert templates == {f"{please}find {{ref}}{pic}" for please in ("", "please ") for pic in ("", " in {pic}")}
    assert small.count("find") == len(templates)
    for _ in range(100):
        text = small.fill(small.derive("find", rng), rng)
        assert "{" not in text
        assert "find" in text


def test_a_slot_can_be_given_to_another_rule() -> None:
    rng, small = Random(0), grammar()
    for _ in range(20):
        assert "find at [" in small.fill(small.derive("find_at", rng), rng)


def test_plurals_and_articles_are_english() -> None:
    small = grammar(templates={"x": ["two {animal:s} and a {thing}"]}, words={**SMALL["words"], "thing": "apple, hat"})
    rng = Random(0)
    made = {small.fill(small.derive("x", rng), rng) for _ in range(300)}
    assert "two mice and an apple" in made
    assert "two boxes and a hat" in made


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"templates": {"find": ["{nothing}"]}}, "'nothing'"),
        ({"templates": {"find": ["{find~ref>nothing}"]}}, "'nothing'"),
        ({"phrases": {"ref": ["{find}"], "box": [""]}, "templates": {"find": ["a"]}}, "make it a phrase"),
    ],
)
def test_a_rule_that_does_not_exist_is_named(changes: dict, words: str) -> None:
    with pytest.raises(BadConfig, match=words):
        grammar(**changes)


def test_no_two_files_may_have_a_rule_of_one_name() -> None:
    with pytest.raises(BadConfig, match="two rules named 'animal'"):
        Grammar([SMALL, {"words": {"animal": "cat"}}])


def test_made_up_words_are_words() -> None:
    rng, letters = Random(0), letter_model(built_in()[0].vocabulary)
    made = {made_up(letters, rng) for _ in range(200)}
    assert len(made) > 150
    assert all(word.isalpha() and 3 <= len(word) <= 14 for word in made)


def test_templates_keep_their_split_for_ever() -> None:
    """Weights that ship were trained on this split: to change it is to test on what was trained on."""
    assert [split_of((text,)) for text in ("where is ", "find ", "what is ", "draw a box around ")] == [
        split_of((text, "")) for text in ("where is", "find", "what is", "draw a box around")
    ]
    rng, (built, roots) = Random(0), built_in()
    splits = [split_of(built.derive(root, rng)) for mode in roots for root in roots[mode] for _ in range(150)]
    assert 0.8 < splits.count("train") / len(splits) < 0.88
    assert 0.04 < splits.count("validation") / len(splits) < 0.08
    assert 0.07 < splits.count("test") / len(splits) < 0.13


def test_the_grammar_has_many_thousand_templates() -> None:
    built, roots = built_in()
    assert all(sum(built.count(root) for root in roots[mode]) > 10_000 for mode in roots)
