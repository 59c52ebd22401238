from __future__ import annotations

from dataclasses import replace

import torch

from twist_scout.toyworld.pocket.model import build_model
from twist_scout.toyworld.pocket.recipe import train_base, upcycle
from twist_scout.toyworld.pocket.stages import STAGES, Stage


def test_upcycling_computes_the_same_function() -> None:
    torch.manual_seed(0)
    dense, sparse = build_model(experts=False).eval(), build_model().eval()
    upcycle(dense, sparse)
    ids = torch.randint(10, 900, (2, 12))
    with torch.no_grad():
        assert torch.allclose(dense(ids).logits, sparse(ids).logits, atol=2e-4)


def test_a_stage_stopped_and_started_again_ends_as_if_it_had_not_been(tmp_path, monkeypatch) -> None:
    """Three steps of "bind" in one go, and in two: the same weights."""
    full = Stage("bind", 3, 2, 8e-4, 1, 1.0, 0, real=0.0)
    half = Stage("bind", 3, 2, 8e-4, 1, 1.0, 0, real=0.0)
    monkeypatch.setitem(STAGES, "bind", full)
    train_base(tmp_path / "a", work=tmp_path / "one", stages=("bind",), compiled=False)
    monkeypatch.setitem(STAGES, "bind", replace(half, steps=2))
    train_base(tmp_path / "b", work=tmp_path / "two", stages=("bind",), compiled=False)
    monkeypatch.setitem(STAGES, "bind", half)
    train_base(tmp_path / "b", work=tmp_path / "two", stages=("bind",), compiled=False)
    one, two = (torch.load(tmp_path / n / "bind.pt", weights_only=True)["model"] for n in ("one", "two"))
    assert one.keys() == two.keys()
    assert all(torch.equal(one[k], two[k]) for k in one)
    assert len((tmp_path / "two" / "curves.jsonl").read_text().splitlines()) == 2
