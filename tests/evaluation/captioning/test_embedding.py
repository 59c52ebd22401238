from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from twist_scout.errors import BadModel
from twist_scout.evaluation.captioning import SentenceEncoder
from twist_scout.evaluation.captioning import embedding as module
from twist_scout.evaluation.captioning.disk_cache import DiskCache
from twist_scout.evaluation.captioning.embedding import fingerprint


def test_the_default_comes_from_the_installed_package(encoder: SentenceEncoder) -> None:
    rows = encoder.encode(["dog", "puppy", "car", "dog"])
    assert rows.shape == (4, 384)
    assert np.linalg.norm(rows, axis=1) == pytest.approx(1.0, abs=1e-5)
    assert np.array_equal(rows[0], rows[3])
    assert rows[0] @ rows[1] > rows[0] @ rows[2]
    assert encoder.encode([]).shape[0] == 0


def test_what_is_cached_needs_no_model(encoder: SentenceEncoder, monkeypatch: pytest.MonkeyPatch) -> None:
    words = ["zebra", "tiny umbrella"]
    rows = encoder.encode(words)
    again = SentenceEncoder(cache=DiskCache(encoder.cache.path))

    def loaded(self: Any, texts: list[str]) -> Any:
        raise AssertionError("the model was loaded")

    monkeypatch.setattr(SentenceEncoder, "_encoded", loaded)
    assert np.array_equal(again.encode(words[::-1]), rows[::-1])
    with pytest.raises(AssertionError, match="was loaded"):
        again.encode(["never seen"])


def test_another_model_under_the_same_name_has_vectors_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"1")
    first = fingerprint(tmp_path)
    assert fingerprint(tmp_path) == first
    (tmp_path / "notes.md").write_text("not part of the model")
    assert fingerprint(tmp_path) == first
    (tmp_path / "model.safetensors").write_bytes(b"2")
    assert fingerprint(tmp_path) != first


def test_a_folder_is_a_model(encoder: SentenceEncoder, tmp_path: Path) -> None:
    folder = module._in_wheel()
    assert folder is not None
    own = SentenceEncoder(str(folder), cache=DiskCache(tmp_path / "c.sqlite"))
    assert np.allclose(own.encode(["dog"]), encoder.encode(["dog"]), atol=1e-6)


def test_a_model_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(BadModel, match=r"There is no folder \./nowhere"):
        SentenceEncoder("./nowhere")
    with pytest.raises(BadModel, match="nobody/no-such-model cannot be loaded"):
        SentenceEncoder("nobody/no-such-model", cache=DiskCache(tmp_path / "c")).encode(["dog"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadModel, match="cannot be loaded"):
        SentenceEncoder(str(tmp_path / "empty"), cache=DiskCache(tmp_path / "c")).encode(["dog"])
