from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from twist_scout import toyworld
from twist_scout.machine.pocket import check_pocket


def test_the_shipped_model_answers_and_is_as_certified() -> None:
    model, certificate = check_pocket()
    assert (model.status, certificate.status) == ("ok", "ok")
    assert "forgotten: nothing" in certificate.detail


def test_weights_that_changed_are_a_problem(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    copy = tmp_path / "pocket-adapter"
    shutil.copytree(toyworld.pocket_adapter(), copy)
    data = bytearray((copy / "adapter_model.safetensors").read_bytes())
    data[-1] ^= 1
    (copy / "adapter_model.safetensors").write_bytes(data)
    monkeypatch.setattr(toyworld, "pocket_adapter", lambda: copy)
    _, certificate = check_pocket()
    assert certificate.status == "problem"
    assert "--force-reinstall" in certificate.remedy
