from __future__ import annotations

from pathlib import Path

import pytest

from twist_scout.errors import BadModel
from twist_scout.toyworld import pocket_adapter
from twist_scout.trained import Trained, how_trained


def test_an_adapter_is_asked_and_answers_as_it_was_trained_to(tmp_path: Path) -> None:
    assert how_trained(pocket_adapter()) == Trained("scout", None, {})
    assert how_trained(None) == how_trained(tmp_path) == how_trained("owner/name") == Trained()
    (tmp_path / "training_config.yaml").write_text(
        "dialect: shikra\nframe: padded\ntemplate_options:\n  enable_thinking: false\n"
    )
    assert how_trained(tmp_path) == Trained("shikra", "padded", {"enable_thinking": False})


def test_a_dialect_that_the_caller_names_comes_with_the_processors_frame() -> None:
    trained = Trained("shikra", "padded", {"enable_thinking": False})
    assert trained.but(None) is trained
    assert trained.but("scout") == Trained("scout", None, {"enable_thinking": False})


@pytest.mark.parametrize(
    "text", ["dialect: klingon", "[1, 2]", ": :", "dialect: 4", "template_options: yes", "template_options: [1]"]
)
def test_a_damaged_record_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "training_config.yaml").write_text(text)
    with pytest.raises(BadModel, match="--dialect"):
        how_trained(tmp_path)
