from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from twist_scout.labelling.formats.base import stems

names = st.from_regex(r"([ab]/)?[abA]{1,2}(_png)?\.(png|jpg|PNG)", fullmatch=True)


def test_pictures_that_differ_in_their_ending_alone_keep_apart() -> None:
    found = stems(["a.jpg", "a.png", "a_png.jpg", "b/a.png", "A.png"])
    assert found == {"a.jpg": "a", "a.png": "a_png", "a_png.jpg": "a_png_jpg", "b/a.png": "b/a", "A.png": "A_png_2"}


@given(st.lists(names, unique=True, max_size=10))
def test_no_two_are_alike_on_any_file_system(given: list[str]) -> None:
    found = stems(given)
    assert list(found) == given
    assert len({stem.casefold() for stem in found.values()}) == len(given)
    assert all(stem.startswith(name.rpartition(".")[0]) for name, stem in found.items())
