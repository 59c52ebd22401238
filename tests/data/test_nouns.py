"""English nouns."""

import pytest

from twist_scout.data.nouns import in_words, plural, singular, with_article


@pytest.mark.parametrize(
    ("one", "many"),
    [
        ("dog", "dogs"),
        ("bus", "buses"),
        ("child", "children"),
        ("knife", "knives"),
        ("person", "people"),
        ("lens", "lenses"),
        ("ski", "skis"),
    ],
)
def test_singular_and_plural_are_each_others_inverse(one, many):
    assert plural(one) == many
    assert singular(many) == one
    assert singular(one) == one


def test_a_phrase_is_made_plural_by_its_last_word():
    assert plural("red bus") == "red buses"


@pytest.mark.parametrize(
    ("phrase", "written"),
    [("dog", "a dog"), ("orange cat", "an orange cat"), ("hour", "an hour"), ("unicycle", "a unicycle")],
)
def test_the_article_goes_by_sound(phrase, written):
    assert with_article(phrase) == written


def test_numbers_are_written_in_words():
    assert [in_words(number) for number in (1, 2, 12)] == ["one", "two", "twelve"]


@pytest.mark.parametrize("nothing", ["", " ", "\t"])
@pytest.mark.parametrize("function", [singular, plural, with_article])
def test_nothing_stays_nothing(function, nothing):
    assert function(nothing) == nothing
