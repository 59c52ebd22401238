"""Dialects by name."""

from __future__ import annotations

import pytest

from twist_scout.boxes import Dialect, get_dialect, known_dialects, register_dialect
from twist_scout.boxes.dialects import Scout
from twist_scout.errors import BadConfig


def test_every_known_dialect_is_one() -> None:
    assert "scout" in known_dialects()
    for name in known_dialects():
        dialect = get_dialect(name)
        assert isinstance(dialect, Dialect)
        assert dialect.name == name
        assert dialect.render([]) == ""
        assert dialect.find("no boxes here") == []


def test_a_dialect_stands_for_itself() -> None:
    dialect = Scout()
    assert get_dialect(dialect) is dialect


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    with pytest.raises(BadConfig, match=r"no box dialect 'klingon'; choose one of: .*scout"):
        get_dialect("klingon")


def test_a_name_is_taken_once() -> None:
    with pytest.raises(ValueError, match="already registered"):
        register_dialect(Scout())
    known = get_dialect("scout")
    assert register_dialect(known) is known  # the same one again is harmless
