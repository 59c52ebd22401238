from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twist_scout.errors import BadConfig, BadInput
from twist_scout.predicting.questions import NothingToAsk, Question, QuestionSet, Wording, batches, checked


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 40)), max_size=80), st.integers(1, 9), st.integers(1, 30))
def test_batches_hold_every_question_once(rows: list[tuple[bool, int]], size: int, window: int) -> None:
    questions = [Question(str(n), "a.png" if shown else None, "x" * length) for n, (shown, length) in enumerate(rows)]
    found = batches(questions, size, window)
    assert sorted(number for batch in found for number in batch) == list(range(len(rows)))
    assert all(1 <= len(batch) <= size for batch in found)
    for batch in found:
        assert len({questions[number].image is None for number in batch}) == 1
        assert len({number // window for number in batch}) == 1
    assert found == batches(questions, size, window)


def test_questions_of_like_length_share_a_batch() -> None:
    questions = [Question(str(n), None, "x" * length) for n, length in enumerate([1, 50, 2, 49])]
    assert batches(questions, 2) == [[1, 3], [2, 0]]


def test_wording_is_the_same_every_time_and_uses_every_template() -> None:
    wording = Wording(("Find {name}.", "Where is {name}?"), seed=3)
    said = [wording(str(n), name="the dog") for n in range(40)]
    assert set(said) == {"Find the dog.", "Where is the dog?"}
    assert said == [wording(str(n), name="the dog") for n in range(40)]
    assert said != [Wording(wording.templates, 4)(str(n), name="the dog") for n in range(40)]


@pytest.mark.parametrize("template", ["{other}", "{0}", "{name", "}", "{name.x}", "{name!z}"])
def test_a_placeholder_that_is_not_filled_is_named(template: str) -> None:
    with pytest.raises(BadConfig, match=r"may be \{name\}; a brace itself is written twice"):
        Wording((template,))("1", name="dog")
    assert Wording(("{{{name}}}",))("1", name="dog") == "{dog}"


def test_ids_are_unique_and_there_is_something_to_ask() -> None:
    once, again = Question("1", None, "a"), Question("1", None, "b")
    with pytest.raises(BadInput, match="two questions with the id '1'"):
        checked([once, again], "data")
    with pytest.raises(NothingToAsk, match="nothing to ask in data"):
        checked([], "data")
    assert checked([once, again], "data", limit=1) == (once,)


def test_the_digest_tells_all_questions() -> None:
    def digest(*questions: Question) -> str:
        return QuestionSet("referring", questions, Wording(("",))).digest

    base = digest(Question("1", "a", "b"))
    assert base == digest(Question("1", "a", "b"))
    others = [Question("2", "a", "b"), Question("1", None, "b"), Question("1", "a", "c"), Question("1", "a", "\ud800")]
    assert len({base, *(digest(other) for other in others), digest(Question("1", "a", "b"), others[0])}) == 6
