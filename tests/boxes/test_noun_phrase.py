"""A table of noun phrases: what stands before the box, and why it ends where it does."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twist_scout.boxes.noun_phrase import noun_phrase_before

VOCABULARY = """the a dog red of group left to next and black white , . " - watch in background
sitting is on two one wearing building above it"""
WORDS = st.lists(st.sampled_from([*VOCABULARY.split(), "\n"])).map(" ".join)


@pytest.mark.parametrize(
    ("words", "phrase", "why"),
    [
        ("", "", "only a box"),
        ("Find the kite", "the kite", "a verb ends it"),
        ("got the small red hat", "the small red hat", "determiner and adjectives belong to it"),
        ("There is a woman", "a woman", "'is' ends it"),
        ("There are two young men", "two young men", "a number is a determiner"),
        ("I count 3 old bikes", "3 old bikes", "digits too"),
        ("A red car", "A red car", "it may begin the text"),
        (" and a blue dog", "a blue dog", "a conjunction ends it"),
        (" in swimsuits", "swimsuits", "a preposition ends it"),
        (" is holding an olive-green umbrella", "an olive-green umbrella", "hyphens join"),
        ("Over there, the man's left shoe", "the man's left shoe", "a comma ends it"),
        ("So the answer is swimming pool", "swimming pool", "no determiner needed"),
        ("Look! The cat", "The cat", "a sentence ends it"),
        ("- apple", "apple", "a bullet is not a word"),
        ("Objects\nthe lamp", "the lamp", "a line break ends it"),
        ("object 2", "object 2", "a number behind a noun is a name"),
        ("Find all the two dogs", "all the two dogs", "determiners stack"),
        ("Here is this", "this", "a determiner alone stands for its noun"),
        ("Check whether it", "it", "so does a pronoun"),
        ("the red one", "the red one", "and 'one'"),
        # Relations
        ("the dog left of the tree", "the dog left of the tree", "a relation is kept"),
        ("Find the red car right of a bus", "the red car right of a bus", "on the other side"),
        ("the cup to the left of the jug", "the cup to the left of the jug", "its long form"),
        ("the kite above the big house", "the kite above the big house", "above"),
        ("the cat below a chair", "the cat below a chair", "below"),
        ("a bin next to a bench", "a bin next to a bench", "next to"),
        (
            "the bin next to the bench under the tree",
            "the bin next to the bench under the tree",
            "relations chain",
        ),
        ("The dog is left of the tree", "the tree", "nothing is left of it in this phrase"),
        (" stands next to a red van", "a red van", "a verb is no head of a relation"),
        ("A boy running behind a ball", "a ball", "neither is a participle"),
        # Deeds
        ("The man riding the surfboard", "The man riding the surfboard", "a deed tells which man"),
        ("Find the girl playing with a ball", "the girl playing with a ball", "with its preposition"),
        ("got the dog sitting on the chair", "the dog sitting on the chair", "of animals too"),
        ("A man riding the horse", "the horse", "of an indefinite thing it is news"),
        ("The man is riding the horse", "the horse", "so is a whole sentence"),
        ("The man and a boy holding the kite", "the kite", "whoever stands nearest must be definite"),
        ("the building next to a park", "the building next to a park", "though some nouns end so"),
        ("the man on the left", "the man on the left", "a place in the picture is no object"),
        ("the second bus from the left", "the second bus from the left", "from a side"),
        ("dogs in the background", "dogs in the background", "the background of the picture"),
        ("It is on the far left", "the far left", "a place without an object"),
        ("the girl in yellow", "the girl in yellow", "a colour worn"),
        # "of"
        ("A group of people", "A group of people", "a quantity passes 'of'"),
        ("one of the three ducks", "one of the three ducks", "so does a number"),
        ("the right hand of the man", "the man", "a part does not"),
        # Verbs that are nouns, participles that are adjectives
        ("Check the watch", "the watch", "a noun after its article"),
        ("He does watch birds", "birds", "a verb elsewhere"),
        ("the sitting dog", "the sitting dog", "an adjective after its article"),
        ("a man wearing glasses", "glasses", "a verb after a noun"),
        # Joining marks
        ("a black and white dog", "a black and white dog", "'and' between adjectives"),
        ("the small, red hat", "the small, red hat", "a comma between adjectives"),
        ('the "stop" sign', 'the "stop" sign', "quotes inside"),
        # Between the phrase and the box
        ("It is holding the glasses.", "the glasses", "a full stop set before the box"),
        ("dog: ", "dog", "a colon"),
        ("the **dog** (", "the **dog", "marks on the way to the box"),
        ("So the answer is: ", "", "no noun at all"),
        ("It is here. ", "", "an adverb is no object"),
    ],
)
def test_phrase(words: str, phrase: str, why: str) -> None:
    start, end = noun_phrase_before(words, 0, len(words))
    assert words[start:end] == phrase, why


def test_it_does_not_reach_back_over_the_box_before() -> None:
    text = "the dog BOX cat"
    assert noun_phrase_before(text, text.index(" cat"), len(text)) == (12, 15)


@given(st.one_of(st.text(), WORDS), st.data())
def test_any_text_gives_a_stretch_of_it(text: str, data: st.DataObject) -> None:
    begin = data.draw(st.integers(0, len(text)))
    start, end = noun_phrase_before(text, begin, len(text))
    assert begin <= start <= end <= len(text)
    assert text[start:end] == text[start:end].strip()


@pytest.mark.parametrize("unit", ["left of the dog ", "the dog holding ", "a" + " " * 999, "- ", "of ", "1.", "red, "])
def test_it_takes_time_linear_in_the_text(unit: str) -> None:
    text = unit * (200_000 // len(unit))
    begin = time.process_time()
    noun_phrase_before(text, 0, len(text))
    assert time.process_time() - begin < 3  # a quadratic walk takes minutes
