"""What every page promises: it is whole, and it lets nothing in."""

from __future__ import annotations

import pytest
from jinja2 import TemplateNotFound, UndefinedError

from twist_scout.pages.rendering import render, render_piece, template

ROOM = "twist_scout.scout.pages"


def test_a_room_sees_its_own_templates_and_those_that_all_share() -> None:
    assert "verdicts" in template(ROOM, "style.css")
    assert "stage" in template(ROOM, "base.css")
    with pytest.raises((TemplateNotFound, FileNotFoundError)):
        template(ROOM, "nothing.css")


def test_a_piece_is_escaped_and_legible() -> None:
    piece = render_piece(ROOM, "stage", "stage", 4, 3, [], "", "<b>\0\ud800")
    assert "&lt;b&gt;␀\ufffd" in piece
    assert "0 0 4 3" in piece


def test_a_forgotten_value_is_an_error_and_no_hole() -> None:
    with pytest.raises(UndefinedError):
        render(ROOM, "view", scripts=["lighting.js"])
