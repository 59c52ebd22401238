from __future__ import annotations

from pathlib import Path

import pytest

from twist_scout.errors import BadConfig
from twist_scout.predicting.identity import check_same, fingerprint


def folder(path: Path, weights: bytes = b"w" * 3_000_000) -> Path:
    path.mkdir(parents=True)
    (path / "config.json").write_text("{}")
    (path / "model.safetensors").write_bytes(weights)
    return path


def test_weights_are_told_by_what_they_are_and_not_by_their_place(tmp_path: Path) -> None:
    one, two = folder(tmp_path / "a"), folder(tmp_path / "b" / "c")
    assert fingerprint(one) == fingerprint(str(two))
    (two / "certificate.json").write_text("{}")
    assert fingerprint(one) == fingerprint(two)


def test_trained_again_is_another(tmp_path: Path) -> None:
    one = fingerprint(folder(tmp_path / "a"))
    assert one != fingerprint(folder(tmp_path / "b", b"v" * 3_000_000))
    assert one != fingerprint(folder(tmp_path / "c", b"w" * 3_000_001))
    changed = folder(tmp_path / "d")
    (changed / "config.json").write_text("{ }")
    assert one != fingerprint(changed)


def test_a_hub_id_stands_for_itself() -> None:
    assert fingerprint("owner/name") == "owner/name"
    assert fingerprint(None) is None


def test_runs_are_not_mixed() -> None:
    before = {"seed": 0, "prompts": ["a"], "mode": "grounding"}
    check_same(before, {"seed": 0, "prompts": ("a",), "mode": "grounding"}, Path("p.jsonl"))
    with pytest.raises(BadConfig, match="seed 0, now 1; max new tokens unset, now 5"):
        check_same(before, {**before, "seed": 1, "max_new_tokens": 5}, Path("p.jsonl"))
    with pytest.raises(BadConfig, match="no file beside it says how it was made"):
        check_same(None, before, Path("p.jsonl"))
