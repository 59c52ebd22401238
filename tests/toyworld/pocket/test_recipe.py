from __future__ import annotations

from dataclasses import replace

import torch
from transformers import LlavaForConditionalGeneration

from twist_scout.toyworld.pocket.model import build_model, build_processor
from twist_scout.toyworld.pocket.number_sense import give_number_sense
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


def test_the_last_stage_leaves_the_words_and_their_number_sense_as_they_were(tmp_path, monkeypatch) -> None:
    torch.manual_seed(0)
    sparse, tokenizer = build_model(), build_processor().tokenizer
    for name in ("experts", "eyes"):
        torch.save({"model": sparse.state_dict()}, tmp_path / f"{name}.pt")
    monkeypatch.setitem(STAGES, "finish", replace(STAGES["finish"], steps=1, batch=2))
    train_base(tmp_path / "out", work=tmp_path, stages=("finish",), compiled=False)
    made = LlavaForConditionalGeneration.from_pretrained(tmp_path / "out", dtype=torch.float32).state_dict()
    give_number_sense(sparse, tokenizer)
    before = sparse.to(torch.bfloat16).float().state_dict()
    same = {name for name in made if torch.equal(made[name], before[name])}
    assert {"model.language_model.embed_tokens.weight", "lm_head.weight"} <= same
    assert not any(".self_attn.q_proj." in name and "language_model" in name for name in same)
    assert all(name in same for name in made if "vision_tower" in name)
