"""Near-duplicates."""

from __future__ import annotations

from twist_scout.data.records import Example, Message
from twist_scout.scout.checks import DuplicateGuard


def asked(question: str, id: str = "1", image: str = "a.png") -> Example:
    return Example(
        id=id,
        image=image,
        width=10,
        height=10,
        task="understanding",
        messages=[Message(role="user", content=question), Message(role="assistant", content="x")],
    )


def test_the_same_question_about_a_picture_is_a_repetition_whatever_its_small_words():
    guard = DuplicateGuard()
    assert guard.repeats(asked("What color is the dog?", "1")) is None
    assert guard.repeats(asked("what is the colour of the dog?", "2")) == "1"
    assert guard.repeats(asked("What color is the dog?", "3", "b.png")) is None


def test_it_is_found_again_after_other_pictures():
    guard = DuplicateGuard()
    guard.repeats(asked("What color is the dog?"))
    guard.repeats(asked("What is this?", image="b.png"))
    assert guard.repeats(asked("What color is the dog?", "9"))


def test_questions_about_different_things_are_no_repetition():
    guard = DuplicateGuard(similar=0.5)
    assert guard.repeats(asked("What is left of the red dog?")) is None
    assert guard.repeats(asked("What is left of the blue dog?")) is None
