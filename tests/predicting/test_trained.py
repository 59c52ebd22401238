from __future__ import annotations

from pathlib import Path

import pytest

from twist_scout.errors import BadModel
from twist_scout.predicting.trained import trained_to_write
from twist_scout.toyworld import pocket_adapter


def test_an_adapter_writes_as_it_was_trained_to(tmp_path: Path) -> None:
    assert trained_to_write(pocket_adapter()) == ("scout", None)
    assert trained_to_write(None) == trained_to_write(tmp_path) == trained_to_write("owner/name") == ("scout", None)
    (tmp_path / "training_config.yaml").write_text("dialect: shikra\nframe: padded\n")
    assert trained_to_write(tmp_path) == ("shikra", "padded")


@pytest.mark.parametrize("text", ["dialect: klingon", "[1, 2]", ": :", "dialect: 4"])
def test_a_damaged_record_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "training_config.yaml").write_text(text)
    with pytest.raises(BadModel, match="--dialect"):
        trained_to_write(tmp_path)
