from __future__ import annotations

import pytest

from twist_scout.routing import GROUNDING, UNDERSTANDING, Router, explain


@pytest.fixture(scope="module")
def router() -> Router:
    return Router()


def test_the_words_that_ask_for_a_box_carry_the_decision(router: Router) -> None:
    found = explain(router, "What is the cat doing? Draw a bounding box around it.")
    assert found.decision.mode == GROUNDING
    assert {"bounding", "box", "Draw"} & {word.text for word in found.moving}
    assert all(word.weight > 0 for word in found.moving)
    assert any(repr(word.text)[1:-1] in found.decision.reason for word in found.moving)


def test_a_weight_is_what_the_log_odds_lose_without_the_word(router: Router) -> None:
    prompt = "Find the dog."
    found = explain(router, prompt)
    with_it, without = router.logits([prompt, " the dog."])
    skill, base = router.modes.index(GROUNDING), router.modes.index(UNDERSTANDING)
    lost = (with_it[skill] - with_it[base]) - (without[skill] - without[base])
    assert found.words[0].text == "Find"
    # The int8 scales of one batch are not quite those of another.
    assert found.words[0].weight == pytest.approx(lost / router.settings.temperature, abs=0.5)


def test_words_stand_where_they_say(router: Router) -> None:
    prompt = "  What's in [[1,2,30,40]], O'Brien's hat?"
    found = explain(router, prompt)
    assert [word.text for word in found.words] == ["What's", "in", "[[1,2,30,40]]", "O'Brien's", "hat"]
    assert all(prompt[word.start :].startswith(word.text) for word in found.words)


def test_the_caller_wins_and_the_words_are_weighed_all_the_same(router: Router) -> None:
    found = explain(router, "Where is the dog?", UNDERSTANDING)
    assert (found.decision.mode, found.decision.reason) == (UNDERSTANDING, "asked for")
    assert found.probabilities[GROUNDING] > 0.9
    assert max(found.words, key=lambda word: word.weight).text == "Where"


@pytest.mark.parametrize("prompt", ["", "?!", "word " * 3_000])
def test_any_prompt_is_explained(router: Router, prompt: str) -> None:
    assert explain(router, prompt).decision.mode == UNDERSTANDING
