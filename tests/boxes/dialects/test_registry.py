"""Dialects by name."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from twist_scout.boxes import (
    Box,
    BoxSpan,
    Dialect,
    Frame,
    PaddedSquare,
    SmartResized,
    Stretched,
    get_dialect,
    known_dialects,
    register_dialect,
)
from twist_scout.boxes.dialects import Pixels, Scout, dialect_frame
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


def test_a_frame_binds_a_dialect_of_pixels_to_its_size() -> None:
    text = "[32, 24, 64, 48]"
    dialect = get_dialect("pixels", Stretched((64, 48)))
    assert [span.boxes for span in dialect.find(text)] == [(Box(0.5, 0.5, 1, 1),)]
    assert dialect.render([Box(0.5, 0.5, 1, 1)]) == text
    padded = get_dialect("pixels", PaddedSquare(64, 48))
    assert padded.render([Box(0.5, 0.5, 1, 1)]) == "[32, 32, 64, 64]"
    assert get_dialect("pixels").find(text)[0].boxes == ()  # the registered one stays unbound


def test_pixels_of_an_unknown_size_cannot_be_written() -> None:
    for dialect in (get_dialect("pixels"), get_dialect("qwen2.5-vl", Stretched())):
        with pytest.raises(BadConfig, match="needs the size of the picture"):
            dialect.render([Box(0, 0, 1, 1)])
    with pytest.raises(ValueError, match="must be positive"):
        Pixels((0, 4))


def test_a_size_does_not_matter_where_numbers_are_no_pixels() -> None:
    assert get_dialect("scout", Stretched((64, 48))) is get_dialect("scout")


def test_a_dialect_from_elsewhere_sees_the_whole_picture() -> None:
    class Elsewhere:
        name = "elsewhere"
        resolution = 1.0

        def render(self, boxes: Sequence[Box]) -> str:
            return "*" * len(boxes)

        def find(self, text: str) -> list[BoxSpan]:
            return []

    dialect = Elsewhere()
    assert get_dialect(dialect, Stretched((64, 48))) is dialect
    assert dialect_frame(dialect, width=64, height=48) == Stretched((64, 48))


@pytest.mark.parametrize(
    ("name", "frame"),
    [
        ("scout", Stretched()),
        ("cogvlm", Stretched((490, 490))),
        ("shikra", PaddedSquare(300, 200)),
        ("llava", PaddedSquare(300, 200)),
        ("kosmos-2", Stretched((224, 224))),
        ("pixels", Stretched((300, 200))),
        ("qwen2.5-vl", SmartResized(300, 200, 28, 4 * 28 * 28, 16384 * 28 * 28)),
        ("qwen3-vl", SmartResized(300, 200, 32, 64 * 32 * 32, 16384 * 32 * 32)),
    ],
)
def test_frames_of_the_model_families(name: str, frame: Frame) -> None:
    assert dialect_frame(name, width=300, height=200) == frame
