from __future__ import annotations

import pytest
from transformers import LlavaConfig, Qwen3MoeConfig

from twist_scout.twist import TwistConfig
from twist_scout.twist.memory_estimate import Batch
from twist_scout.twist.plan import make_plan
from twist_scout.twist.plan_forms import cheaper_forms


def test_every_form_of_a_dense_base_is_there_and_is_its_own_plan(llama_family) -> None:
    model = llama_family.model()
    batch = Batch(2, 64, 8)
    forms = cheaper_forms(model, TwistConfig(expert_dtype="bfloat16"), batch)
    keys = [(form.expert_rank, form.layers, form.num_experts) for form in forms]
    assert keys == [(r, rule, e) for r in (None, 64, 16) for rule in ("alternate", "all") for e in (1, 2, 4)]
    assert [key for key, form in zip(keys, forms, strict=True) if form.asked] == [(None, "alternate", 2)]
    for rank, rule, experts in keys[::5]:
        config = TwistConfig(num_experts=experts, layers=rule, expert_rank=rank, expert_dtype="bfloat16")
        form = forms[keys.index((rank, rule, experts))]
        assert form.plan == make_plan(model, config, batch)


def test_forms_get_cheaper_in_the_order_that_the_table_promises(mixed) -> None:
    plans = {(f.expert_rank, f.layers, f.num_experts): f.plan for f in cheaper_forms(mixed.model())}
    for (rank, rule, experts), plan in plans.items():
        assert plan is not None
        if experts < 4:
            dearer = plans[rank, rule, 2 * experts]
            assert dearer is not None
            assert plan.trainable < dearer.trainable
            assert plan.training.total < dearer.training.total
            assert plan.adapter_file < dearer.adapter_file
    assert {rule for _, rule, _ in plans} == ({"moe"} if mixed.name == "mixtral" else {"moe", "all"})


@pytest.mark.parametrize(
    ("options", "count"),
    [({"num_experts": 3}, 19), ({"expert_rank": 5}, 19), ({"layers": [1, 3]}, 19), ({"layers": [0, 2]}, 18)],
)
def test_the_form_that_was_asked_for_is_always_there_once(llama_family, options, count: int) -> None:
    model = llama_family.model()
    forms = cheaper_forms(model, TwistConfig(**options))
    assert len(forms) == count
    (asked,) = [form for form in forms if form.asked]
    assert asked.plan is not None
    assert asked.plan.trainable == make_plan(model, TwistConfig(**options)).trainable


def test_top_k_is_kept_as_far_as_there_are_experts(llama_family) -> None:
    forms = cheaper_forms(llama_family.model(), TwistConfig(num_experts=4, top_k=2))
    for form in forms:
        assert form.plan is not None
        assert form.plan.options["top_k"] == min(2, form.num_experts)


def test_a_form_that_does_not_fit_says_why_and_the_others_are_planned() -> None:
    """Experts that cannot be read have no full-size copies, but they have low-rank ones."""
    import torch
    from transformers import LlavaForConditionalGeneration

    with torch.device("meta"):
        text = Qwen3MoeConfig(
            vocab_size=64,
            hidden_size=32,
            num_hidden_layers=2,
            num_attention_heads=2,
            num_key_value_heads=2,
            moe_intermediate_size=16,
            num_experts=4,
        )
        model = LlavaForConditionalGeneration(LlavaConfig(text_config=text))
    for layer in model.model.language_model.layers:
        layer.mlp.experts.has_post_expert_norm = True  # the mark of experts that compute something more
    forms = cheaper_forms(model)
    assert {form.plan is None for form in forms if form.expert_rank is None} == {True}
    assert all("expert_rank" in str(form.problem) for form in forms if form.expert_rank is None)
    assert all(form.plan is not None for form in forms if form.expert_rank is not None)
    assert forms[0].to_dict()["problem"] == forms[0].problem
