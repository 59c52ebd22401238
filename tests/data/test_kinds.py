"""What may be meant by which word."""

import pytest

from twist_scout.data.kinds import kinds_of, may_be


@pytest.mark.parametrize(
    ("thing", "called"),
    [
        ("dog", "dog"),
        ("puppy", "dog"),
        ("dog", "puppy"),
        ("bulldog", "animal"),
        ("man", "person"),
        ("boy", "person"),
        ("sofa", "couch"),
    ],
)
def test_a_thing_may_be_called_by_its_name_a_synonym_or_its_kind(thing, called):
    assert may_be(thing, called)


@pytest.mark.parametrize(("thing", "called"), [("person", "man"), ("man", "woman"), ("dog", "cat"), ("car", "bus")])
def test_nor_by_a_narrower_or_another_name(thing, called):
    assert not may_be(thing, called)


def test_a_word_that_is_not_in_the_table_is_only_itself():
    assert kinds_of("zyzzyva") == {"zyzzyva"}
    assert may_be("zyzzyva", "zyzzyva")
    assert not may_be("zyzzyva", "animal")
