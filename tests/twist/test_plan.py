"""The plan is the model: what is planned from a config equals what is really built, saved and trained."""

from __future__ import annotations

import dataclasses
import resource
import time
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import get_peft_model
from transformers import CLIPVisionConfig, LlamaConfig, LlavaConfig, PhiConfig

from twist_scout.errors import BadConfig
from twist_scout.twist import TwistConfig, find_decoder_ffns
from twist_scout.twist.memory_estimate import Batch
from twist_scout.twist.meta_model import build_meta_model
from twist_scout.twist.plan import Plan, make_plan


@pytest.fixture
def planned(tmp_path: Path):
    """The plan of a family or of a config, from a folder that holds nothing but the config."""

    def run(source: Any, dtype: str | None = "float32", batch: Batch | None = None, **options: Any) -> Plan:
        config = source if hasattr(source, "save_pretrained") else source.build().config
        config.save_pretrained(tmp_path / "config")
        assert [file.name for file in (tmp_path / "config").iterdir()] == ["config.json"]
        model = build_meta_model(tmp_path / "config", dtype=dtype).model
        return make_plan(model, TwistConfig(**options), batch)

    return run


def stored(model: torch.nn.Module) -> int:
    """Bytes of the storages that a model really holds."""
    tensors = [*model.parameters(), *model.buffers()]
    return sum({t.untyped_storage().data_ptr(): t.untyped_storage().nbytes() for t in tensors}.values())


def test_counts_weights_and_file_are_those_of_the_built_adapter(family, variant, planned, tmp_path: Path) -> None:
    plan = planned(family, **variant)
    base = family.model()
    assert plan.training.base_weights == plan.inference.base_weights == stored(base)
    assert plan.base == sum(p.numel() for p in base.parameters())
    model = get_peft_model(base, TwistConfig(**variant))
    counts = model.base_model.parameter_counts()
    assert {"trainable": plan.trainable, "active": plan.active, "total": plan.total} == counts
    assert plan.training.base_weights + plan.training.twin_weights == stored(model)
    model.save_pretrained(tmp_path / "adapter")
    assert plan.adapter_file == (tmp_path / "adapter" / "adapter_model.safetensors").stat().st_size


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("expert_dtype", [None, "float32"])
def test_gradients_and_optimizer_states_are_those_of_a_training_step(
    llava_family, planned, dtype: str, expert_dtype: str | None
) -> None:
    options: dict[str, Any] = {"num_experts": 3, "top_k": 3, "expert_dtype": expert_dtype}
    plan = planned(llava_family, dtype, **options)
    model = get_peft_model(llava_family.model().to(getattr(torch, dtype)), TwistConfig(**options))
    trained = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(trained)
    inputs = llava_family.inputs()
    inputs["pixel_values"] = inputs["pixel_values"].to(getattr(torch, dtype))
    model(**inputs).logits.float().sum().backward()
    optimizer.step()
    assert all(p.grad is not None for p in trained)
    assert plan.training.gradients == sum(p.grad.nbytes for p in trained if p.grad is not None)
    states = [state for of_one in optimizer.state.values() for state in of_one.values()]
    assert plan.training.optimizer == sum(state.nbytes for state in states)


def test_a_real_model_has_the_plan_of_its_config(family, variant, planned) -> None:
    assert make_plan(family.model(), TwistConfig(**variant)) == planned(family, **variant)


def test_the_model_is_left_as_it_was_and_plans_do_not_add_up(family) -> None:
    model = family.model()
    modules = [(name, type(module)) for name, module in model.named_modules()]
    hooks = len(model._forward_hooks) + len(model._forward_pre_hooks)
    first = make_plan(model, TwistConfig(num_experts=4))
    assert [(name, type(module)) for name, module in model.named_modules()] == modules
    assert len(model._forward_hooks) + len(model._forward_pre_hooks) == hooks
    assert make_plan(model, TwistConfig(num_experts=4)) == first


def test_the_layers_named_are_those_that_are_wrapped(family) -> None:
    model = family.model()
    plan = make_plan(model, TwistConfig())
    found = {ffn.index: (ffn.path, type(ffn.module).__name__) for ffn in find_decoder_ffns(model)}
    assert {layer.index: (layer.path, layer.module) for layer in plan.layers}.items() <= found.items()
    wrapped = get_peft_model(model, TwistConfig())
    assert [layer.index for layer in plan.layers] == list(wrapped.base_model.alphas())
    kinds = {layer.kind.split(",")[0] for layer in plan.layers}
    assert kinds == ({"mixture of 4 experts"} if family.is_mixture else {"dense"})


def test_totals_are_sums_and_the_record_is_the_plan(llama_family, planned) -> None:
    plan = planned(llama_family)
    record = plan.to_dict()
    for memory in ("training", "training_with_checkpointing", "inference"):
        parts = dataclasses.asdict(getattr(plan, memory))
        assert record[memory].pop("total") == sum(parts.values())
        assert record[memory] == parts
    assert plan.total == plan.base + plan.trainable
    assert plan.training.activations > plan.training_with_checkpointing.activations > 0


def test_what_does_not_fit_the_model_is_said(llama_family, planned) -> None:
    with pytest.raises(BadConfig, match=r"layers names \[9\]"):
        planned(llama_family, layers=[0, 9])
    with pytest.raises(BadConfig, match="mixture-of-experts base"):
        planned(llama_family, layers="moe")


@pytest.mark.parametrize(("experts", "paper"), [(1, 0.839), (2, 1.678), (4, 3.356)])
def test_phi2_costs_what_the_paper_says(planned, experts: int, paper: float) -> None:
    """Tables 7 and A.5: billions of trainable parameters, and 0.839 active with one expert per token."""
    phi2 = PhiConfig(hidden_size=2560, intermediate_size=10240, num_hidden_layers=32, num_attention_heads=32)
    plan = planned(phi2, "bfloat16", num_experts=experts)
    network = 2 * 2560 * 10240 + 10240 + 2560  # two matrices and their biases
    router = 2560 * experts if experts > 1 else 0
    assert len(plan.layers) == 16
    assert plan.trainable == 16 * (experts * network + router) + 1  # and alpha
    assert plan.active == 16 * (network + router) + 1
    assert round(plan.trainable / 1e9, 3) == paper
    assert round(plan.active / 1e9, 3) == 0.839
    assert plan.training.twin_weights == 2 * 16 * experts * network + 4 * (16 * router + 1)  # bf16; router, alpha fp32
    assert plan.inference.kv_cache == 2 * 32 * 2560 * 2048 * 2


def test_low_rank_experts_of_phi2_by_hand(planned) -> None:
    phi2 = PhiConfig(hidden_size=2560, intermediate_size=10240, num_hidden_layers=32, num_attention_heads=32)
    plan = planned(phi2, "bfloat16", expert_rank=16, layers="all", alpha_scope="layer")
    assert plan.trainable == 32 * (2 * (16 * 2560 * 2) + 2 * 2560 + 1)


def test_a_full_size_model_is_planned_without_its_memory(planned) -> None:
    text = LlamaConfig(hidden_size=4096, intermediate_size=11008, num_hidden_layers=32, num_attention_heads=32)
    vision = CLIPVisionConfig(
        hidden_size=1024, intermediate_size=4096, num_hidden_layers=24, num_attention_heads=16, image_size=336
    )
    before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    plan = planned(LlavaConfig(text_config=text, vision_config=vision), "bfloat16")
    growth = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024  # Linux counts in KiB
    assert plan.training.total > 50e9
    assert growth < 0.3e9
    assert time.process_time() - began < 20
    assert plan.trainable == 16 * (2 * 3 * 4096 * 11008 + 2 * 4096) + 1
