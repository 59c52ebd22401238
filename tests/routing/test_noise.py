from __future__ import annotations

import re
from random import Random

from twist_scout.routing.noise import cased, slips, typed


def test_the_same_seed_types_the_same() -> None:
    text = "where is the red car in the picture? give its box."
    assert [typed(text, Random(n)) for n in range(50)] == [typed(text, Random(n)) for n in range(50)]
    assert len({typed(text, Random(n)) for n in range(200)}) > 20


def test_boxes_survive_every_slip() -> None:
    text = "what is in [[12, 30, 45, 88]] and <loc0102>?"
    for seed in range(300):
        made = slips(text, Random(seed))
        assert "[[12, 30, 45, 88]]" in re.sub(r"\s+", " ", made)
        assert "<loc0102>" in made


def test_slips_change_few_letters() -> None:
    text = "could you please find the umbrella next to the window"
    made = [slips(text, Random(seed)) for seed in range(100)]
    assert sum(one != text for one in made) > 90
    assert all(abs(len(one) - len(text)) <= 20 for one in made)


def test_most_prompts_start_with_a_capital_and_some_shout() -> None:
    made = [cased("find it. now", Random(seed)) for seed in range(500)]
    assert made.count("Find it. Now") > 200
    assert made.count("find it. now") > 100
    assert made.count("FIND IT. NOW") > 5
