"""What a command line offers."""

from __future__ import annotations

from pathlib import Path

import pytest

from twist_scout.app.choices import Choice, choices_of
from twist_scout.errors import BadConfig


@pytest.mark.parametrize(
    ("models", "adapters", "expected", "reason"),
    [
        ([], [], [("pocket", None, None)], "nothing: the pocket with its adapter"),
        (["b"], [], [("b", "b", None)], "a model alone has no adapter"),
        ([], ["a"], [("a", None, "a")], "an adapter names its base"),
        (["b"], ["a", "c"], [("b + a", "b", "a"), ("b + c", "b", "c")], "several adapters of one model"),
        (["b"], ["a", "-"], [("b + a", "b", "a"), ("b", "b", None)], "with and without"),
        (["b", "d"], ["a", "-"], [("b + a", "b", "a"), ("d", "d", None)], "in the same places"),
        (["b", "d"], [], [("b", "b", None), ("d", "d", None)], "several models alone"),
        (["b", "b"], [], [("b", "b", None), ("b (2)", "b", None)], "no two names are equal"),
    ],
)
def test_choices(models: list[str], adapters: list[str], expected: list[tuple[str, str, str]], reason: str) -> None:
    assert choices_of(models, adapters) == [Choice(*one) for one in expected], reason


def test_a_folder_is_called_by_its_own_name(tmp_path: Path) -> None:
    assert choices_of([str(tmp_path)], [])[0].name == tmp_path.name


@pytest.mark.parametrize(("models", "adapters"), [(["b", "d"], ["a"]), (["b", "d"], ["a", "b", "c"]), ([], ["-"])])
def test_what_does_not_go_together_is_refused(models: list[str], adapters: list[str]) -> None:
    with pytest.raises(BadConfig):
        choices_of(models, adapters)
