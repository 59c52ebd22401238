"""The laws that every adapter on every base obeys."""

from __future__ import annotations

import copy
import json

import pytest
import torch
from peft import PeftModel, get_peft_model
from safetensors import safe_open
from transformers import Trainer, TrainingArguments

from twist_scout.errors import BadConfig, BadInput
from twist_scout.twist import TwistConfig, TwistLayer


def twins(model):
    return [module for module in model.modules() if isinstance(module, TwistLayer)]


def tensors(model):
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}


# --- understanding mode is the base ---


def test_disabled_is_the_base_bit_for_bit(family, variant, wrap, logits, answers):
    base, model, batch = family.model(), wrap(family, **variant), family.inputs()
    assert not torch.equal(logits(model, batch), logits(base, batch))  # the twin does act
    with model.disable_adapter():
        assert torch.equal(logits(model, batch), logits(base, batch))
        assert torch.equal(answers(model, family), answers(base, family))


def test_alpha_one_is_the_base_bit_for_bit(family, variant, wrap, logits, answers):
    base, model, batch = family.model(), wrap(family, **variant), family.inputs()
    with model.override_alpha(1):
        assert torch.equal(logits(model, batch), logits(base, batch))
        assert torch.equal(answers(model, family), answers(base, family))


def test_training_leaves_the_base_untouched(family, variant, logits):
    base, batch = family.model(), family.inputs()
    before = tensors(base)
    model = get_peft_model(family.model(), TwistConfig(**variant)).train()
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=0.01)
    for _ in range(3):
        loss = model(**batch, labels=batch["input_ids"]).loss + model.auxiliary_loss()
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    restored = model.unload().eval()
    after = tensors(restored)
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert torch.equal(logits(restored, batch), logits(base, batch))


# --- step 0 ---


@pytest.mark.parametrize("options", [{"num_experts": 1}, {"expert_rank": 3, "num_experts": 3}])
def test_one_expert_and_new_units_start_exactly_as_a_dense_base(dense, options, wrap, logits):
    model = wrap(dense, shaken=False, **options)
    batch = dense.inputs()
    assert torch.equal(logits(model, batch), logits(dense.model(), batch))


@pytest.mark.parametrize("options", [{}, {"num_experts": 3, "top_k": 2}])
def test_copies_start_as_a_dense_base_up_to_the_products_rounding(dense, options, wrap, logits):
    # Experts multiply fewer rows at a time than the base did, and a matrix product may add up in
    # another order for another number of rows. Nothing else differs.
    model, batch = wrap(dense, shaken=False, **options), dense.inputs()
    expected = logits(dense.model(), batch)
    torch.testing.assert_close(logits(model, batch), expected, rtol=1e-6, atol=2e-6)


def test_new_units_start_exactly_as_a_mixture(mixed, wrap, logits):
    model, batch = wrap(mixed, shaken=False, expert_rank=3), mixed.inputs()
    assert torch.equal(logits(model, batch), logits(mixed.model(), batch))


@pytest.mark.parametrize("init", ["first", "mean"])
def test_some_experts_of_a_mixture_start_within_a_percent(mixed, init, wrap):
    base, model, batch = mixed.model(), wrap(mixed, shaken=False, init=init), mixed.inputs()
    with torch.no_grad():
        expected = base(**batch, labels=batch["input_ids"]).loss
        started = model(**batch, labels=batch["input_ids"]).loss
    assert abs(started / expected - 1) < 0.01
    assert all(0.9 < alpha < 1 for alpha in model.alphas().values())


def test_all_experts_of_a_mixture_start_as_it(mixed, wrap, logits):
    model, batch = wrap(mixed, shaken=False, num_experts=4, top_k=2), mixed.inputs()
    torch.testing.assert_close(logits(model, batch), logits(mixed.model(), batch), rtol=1e-5, atol=2e-6)
    assert set(model.alphas().values()) == {0.5}


# --- training ---


def test_gradients_reach_the_twin_and_nothing_else(family, variant):
    model = get_peft_model(family.model(), TwistConfig(**variant)).train()
    batch = family.inputs()
    (model(**batch, labels=batch["input_ids"]).loss + model.auxiliary_loss()).backward()
    trainable = {name for name, p in model.named_parameters() if p.requires_grad}
    assert {name for name, p in model.named_parameters() if p.grad is not None} == trainable
    assert trainable
    assert all("twin_" in name for name in trainable)
    assert (
        sum(p.numel() for p in model.parameters() if p.requires_grad)
        == (model.base_model.parameter_counts()["trainable"])
    )


def test_a_plain_trainer_trains_the_twin(family, tmp_path):
    """It asks the model for ``num_parameters(exclude_embeddings=True)``: the base's own answers."""
    model = get_peft_model(family.model(), TwistConfig())
    batch = family.inputs()
    rows = [{name: tensor[i] for name, tensor in batch.items()} for i in range(len(batch["input_ids"]))]
    rows = [{**row, "labels": row["input_ids"]} for row in rows]
    before = tensors(model)
    arguments = TrainingArguments(
        str(tmp_path),
        max_steps=1,
        per_device_train_batch_size=len(rows),
        learning_rate=1e-2,
        warmup_steps=0,
        save_strategy="no",
        report_to=[],
        disable_tqdm=True,
        use_cpu=True,
    )
    trainer = Trainer(model, arguments, train_dataset=rows)
    assert trainer.train().global_step == 1
    weights = model.num_parameters(exclude_embeddings=True)
    assert weights == model.get_base_model().num_parameters(exclude_embeddings=True)
    assert trainer.state.total_flos == 6 * batch["input_ids"].numel() * weights
    moved = {name for name, tensor in model.state_dict().items() if not torch.equal(tensor, before[name])}
    assert moved
    assert all("twin_" in name for name in moved)


def test_a_router_of_top_1_gets_a_gradient_from_the_task(dense, wrap):
    model = wrap(dense).train()
    batch = dense.inputs()
    model(**batch, labels=batch["input_ids"]).loss.backward()  # without R(g)
    for layer in twins(model):
        assert layer.twin_router["default"].weight.grad.abs().sum() > 0


def test_twenty_steps_lower_the_loss(family, variant):
    torch.manual_seed(0)
    model = get_peft_model(family.model(), TwistConfig(**variant)).train()
    batch = family.inputs()
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=0.01)
    losses = []
    for _ in range(20):
        loss = model(**batch, labels=batch["input_ids"]).loss
        (loss + 0.01 * model.auxiliary_loss()).backward()
        optimizer.step()
        optimizer.zero_grad()
        losses.append(float(loss.detach()))
    assert losses[-1] < losses[0]
    assert all(0 < alpha < 1 for alpha in model.alphas().values())


@pytest.mark.filterwarnings("ignore:`gradient_checkpointing_enable`")
def test_gradient_checkpointing_gives_the_same_gradients(family, variant):
    def gradients(checkpoint):
        torch.manual_seed(0)
        model = get_peft_model(family.model(), TwistConfig(**variant)).train()
        if checkpoint:
            model.gradient_checkpointing_enable({"use_reentrant": False})
            model.enable_input_require_grads()
        batch = family.inputs()
        (model(**batch, labels=batch["input_ids"]).loss + model.auxiliary_loss()).backward()
        return {name: p.grad for name, p in model.named_parameters() if p.grad is not None}

    plain, checkpointed = gradients(False), gradients(True)
    assert plain.keys() == checkpointed.keys()
    assert any(gradient.abs().sum() > 0 for name, gradient in plain.items() if "router" in name) or (
        variant.get("num_experts") == 1
    )
    for name in plain:
        torch.testing.assert_close(checkpointed[name], plain[name], rtol=1e-5, atol=1e-7)


@pytest.mark.filterwarnings("ignore:`gradient_checkpointing_enable`")
def test_a_reentrant_checkpoint_is_warned_of(llama_family, wrap):
    model = wrap(llama_family).train()
    model.gradient_checkpointing_enable({"use_reentrant": True})
    model.enable_input_require_grads()
    model(**llama_family.inputs())
    with pytest.warns(UserWarning, match="use_reentrant"):
        model.auxiliary_loss()


def test_bfloat16_keeps_the_base_bit_for_bit(family, variant, wrap, logits):
    base, batch = family.model().to(torch.bfloat16), family.inputs()
    if "pixel_values" in batch:
        batch["pixel_values"] = batch["pixel_values"].to(torch.bfloat16)
    model = get_peft_model(family.model().to(torch.bfloat16), TwistConfig(**variant)).eval()
    for layer in twins(model):
        assert {p.dtype for p in layer.twin_experts.parameters()} == {torch.bfloat16}
        assert {p.dtype for p in layer.twin_router.parameters()} <= {torch.float32}
        assert layer.stored_alpha("default").logit.dtype == torch.float32
    assert logits(model, batch).dtype == torch.bfloat16
    with model.disable_adapter():
        assert torch.equal(logits(model, batch), logits(base, batch))
    model.train()(**batch, labels=batch["input_ids"]).loss.backward()
    assert all(p.grad.isfinite().all() for p in model.parameters() if p.requires_grad)


def test_fp32_experts_beside_a_bfloat16_base(llama_family, wrap, logits):
    model = get_peft_model(llama_family.model().to(torch.bfloat16), TwistConfig(expert_dtype="float32"))
    assert {p.dtype for p in twins(model)[0].twin_experts.parameters()} == {torch.float32}
    assert logits(model.eval(), llama_family.inputs()).dtype == torch.bfloat16


def test_autocast_runs(family, variant, wrap):
    model, batch = wrap(family, **variant).train(), family.inputs()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        loss = model(**batch, labels=batch["input_ids"]).loss
    (loss + model.auxiliary_loss()).backward()
    assert all(p.grad.isfinite().all() for p in model.parameters() if p.requires_grad)


def test_the_frozen_network_stays_in_evaluation_mode(mixed, wrap, logits):
    # Mixtral's router is noisy in training; the frozen expert of TWIST is not.
    model, batch = wrap(mixed).train(), mixed.inputs()
    with model.disable_adapter():
        assert torch.equal(logits(model, batch), logits(mixed.model(), batch))


# --- storing ---


def test_reloaded_is_identical(family, variant, wrap, logits, answers, tmp_path):
    model, batch = wrap(family, **variant), family.inputs()
    model.save_pretrained(tmp_path)
    again = PeftModel.from_pretrained(family.model(), tmp_path, adapter_name="renamed").eval()
    assert torch.equal(logits(again, batch), logits(model, batch))
    assert torch.equal(answers(again, family), answers(model, family))
    assert again.alphas() == model.alphas()
    assert not any(p.requires_grad for p in again.parameters())


def test_reloaded_from_empty_weights_is_identical(family, variant, wrap, logits, tmp_path):
    model, batch = wrap(family, **variant), family.inputs()
    model.save_pretrained(tmp_path)
    again = PeftModel.from_pretrained(family.model(), tmp_path, low_cpu_mem_usage=True).eval()
    assert torch.equal(logits(again, batch), logits(model, batch))


def test_a_folder_holds_the_twin_and_nothing_else(llava_family, wrap, tmp_path):
    wrap(llava_family).save_pretrained(tmp_path)
    with safe_open(tmp_path / "adapter_model.safetensors", "pt") as stored:
        names = set(stored.keys())
    layer = "base_model.model.model.language_model.layers.{}.mlp."
    parts = ("twin_experts.gate_up_proj", "twin_experts.down_proj", "twin_router.weight")
    expected = {layer.format(number) + part for number in (1, 3) for part in parts}
    assert names == expected | {"base_model.twin_alpha.logit"}  # one alpha, stored once
    config = json.loads((tmp_path / "adapter_config.json").read_text())
    assert config["peft_type"] == "TWIST"
    assert config["num_experts"] == 2


def test_a_reloaded_adapter_can_train_on(llama_family, wrap, tmp_path):
    wrap(llama_family).save_pretrained(tmp_path)
    model = PeftModel.from_pretrained(llama_family.model(), tmp_path, is_trainable=True).train()
    batch = llama_family.inputs()
    model(**batch, labels=batch["input_ids"]).loss.backward()
    assert {n for n, p in model.named_parameters() if p.grad is not None} == {
        n for n, p in model.named_parameters() if "twin_" in n
    }


def test_copies_stand_alone(llava_family, wrap, logits, shake):
    model, batch = wrap(llava_family).train(), llava_family.inputs()
    model(**batch).logits.sum().backward()  # what a forward pass leaves behind is not copied
    copied = copy.deepcopy(model)
    expected = logits(model.eval(), batch)
    assert torch.equal(logits(copied.eval(), batch), expected)
    shake(copied, seed=9)
    assert torch.equal(logits(model, batch), expected)
    assert copied.alphas() != model.alphas()  # a shared alpha moved with its copy


# --- several adapters ---


@pytest.mark.filterwarnings("ignore:Adapter ocr was active")
def test_adapters_are_independent(family, wrap, logits, shake, tmp_path):
    batch = family.inputs()
    model = wrap(family, name="grounding")
    first = logits(model, batch)
    model.add_adapter("ocr", TwistConfig(num_experts=3, top_k=2, layers="all", alpha_scope="layer"))
    shake(model, "ocr", seed=5)
    assert torch.equal(logits(model, batch), first)  # adding is not activating
    model.set_adapter("ocr")
    second = logits(model, batch)
    assert not torch.equal(first, second)
    model.save_pretrained(tmp_path)
    alone = PeftModel.from_pretrained(family.model(), tmp_path / "ocr").eval()
    assert torch.equal(logits(alone, batch), second)
    model.delete_adapter("ocr")
    assert model.active_adapters == ["grounding"]
    assert torch.equal(logits(model, batch), first)
    model.delete_adapter("grounding")
    for layer in twins(model):
        assert not list(layer.twin_experts.parameters())
    assert not any("twin_" in name for name in model.state_dict())
    assert torch.equal(logits(model.base_model.model, batch), logits(family.model(), batch))


def test_only_the_active_adapter_trains(llama_family, wrap):
    model = wrap(llama_family, name="a")
    model.add_adapter("b", TwistConfig(alpha_scope="layer"))

    def training():
        parameters = model.named_parameters()
        return {n.split(".twin_")[1].split(".")[1] for n, p in parameters if p.requires_grad}

    assert training() == {"a"}
    model.set_adapter("b")
    assert training() == {"b"}
    model.set_adapter("a", inference_mode=True)
    assert training() == set()
    model.set_requires_grad("a")
    assert training() == {"a"}
    with model.disable_adapter():
        pass
    assert training() == {"a"}


def test_an_added_adapter_does_not_wake_a_frozen_one(llama_family, wrap, tmp_path):
    wrap(llama_family).save_pretrained(tmp_path)
    model = PeftModel.from_pretrained(llama_family.model(), tmp_path)
    model.add_adapter("more", TwistConfig())
    assert not any(p.requires_grad for n, p in model.named_parameters() if ".default" in n)


def test_two_active_adapters_are_refused(llama_family, wrap):
    model = wrap(llama_family, name="a")
    model.add_adapter("b", TwistConfig())
    with pytest.raises(BadInput, match="adapter_names"):
        model.base_model.set_adapter(["a", "b"])


# --- one row, one mode ---


def test_each_row_with_its_own_adapter(dense, wrap, logits, shake):
    batch = dense.inputs(rows=4, padding=(0, 3, 1, 2))
    model = wrap(dense, name="grounding")
    model.add_adapter("ocr", TwistConfig(layers="all", num_experts=3))
    shake(model, "ocr", seed=5)
    names = ["__base__", "grounding", "ocr", "__base__"]
    rows = logits(model, batch, adapter_names=names)
    base = logits(dense.model(), batch)
    assert torch.equal(rows[0], base[0])  # bit for bit: the whole batch passed the frozen networks
    assert torch.equal(rows[3], base[3])
    for number, name in ((1, "grounding"), (2, "ocr")):
        model.set_adapter(name)
        torch.testing.assert_close(rows[number], logits(model, batch)[number], rtol=1e-5, atol=1e-5)
    assert torch.equal(logits(model, batch, adapter_names=["__base__"] * 4), base)


def test_each_row_with_its_own_adapter_on_a_mixture(mixed, wrap, logits):
    # A frozen expert's group holds other rows' tokens, so equality is up to the product's rounding.
    model, batch = wrap(mixed), mixed.inputs()
    rows = logits(model, batch, adapter_names=["__base__", "default", "__base__"])
    base = logits(mixed.model(), batch)
    torch.testing.assert_close(rows[[0, 2]], base[[0, 2]], rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(rows[1], logits(model, batch)[1], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("options", [{}, {"num_beams": 2}, {"num_beams": 2, "num_return_sequences": 2}])
def test_rows_generate_in_their_own_mode(dense, options, wrap, answers):
    model = wrap(dense, layers="all")
    each = options.get("num_return_sequences", 1)
    rows = answers(model, dense, adapter_names=["__base__", "default", "__base__"], **options)
    base, grounded = answers(dense.model(), dense, **options), answers(model, dense, **options)
    assert torch.equal(rows[:each], base[:each])
    assert torch.equal(rows[2 * each :], base[2 * each :])
    assert torch.equal(rows[each : 2 * each], grounded[each : 2 * each])
    assert not torch.equal(base[each : 2 * each], grounded[each : 2 * each])


def test_rows_of_unknown_adapters_are_refused(llama_family, wrap, logits):
    model, batch = wrap(llama_family), llama_family.inputs()
    with pytest.raises(BadInput, match=r"\['nobody'\]"):
        logits(model, batch, adapter_names=["nobody", "default", "default"])
    with pytest.raises(BadInput, match="one name per row"):
        logits(model, batch, adapter_names=["default", "default"])
    with pytest.raises(BadInput, match="eval"):
        model.train()(**batch, adapter_names=["default"] * 3)
    logits(model.eval(), batch)  # an error leaves nothing behind


# --- taking it away ---


def test_unloading_restores_the_base(family, variant, wrap, logits):
    reference, batch = family.model(), family.inputs()
    model = wrap(family, **variant)
    restored = model.unload()
    assert {name: type(m) for name, m in restored.named_modules()} == {
        name: type(m) for name, m in reference.named_modules()
    }
    assert not restored._forward_pre_hooks
    assert not restored._forward_hooks
    assert all(not module.training for module in restored.modules())
    assert torch.equal(logits(restored, batch), logits(reference, batch))


def test_merging_is_refused(llama_family, wrap):
    with pytest.raises(NotImplementedError, match="unload"):
        wrap(llama_family).merge_and_unload()


# --- options ---


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        ("auto", [1, 3]),
        ("moe", [1, 3]),
        ("alternate", [0, 2]),
        ("all", [0, 1, 2, 3]),
        ([3, 0], [0, 3]),
    ],
)
def test_layers_of_a_mixture(llava_family, layers, expected, wrap):
    assert list(wrap(llava_family, layers=layers).alphas()) == expected


def test_layers_of_a_dense_base(llama_family, wrap):
    assert list(wrap(llama_family).alphas()) == [0, 2]
    with pytest.raises(BadConfig, match="dense"):
        wrap(llama_family, layers="moe")
    with pytest.raises(BadConfig, match=r"\[4\].*\[0, 1, 2, 3\]"):
        wrap(llama_family, layers=[0, 4])


@pytest.mark.parametrize(
    "options", [{"layers": [9]}, {"layers": "all", "init": "most_used", "expert_use": {3: [1] * 4}}]
)
def test_an_adapter_that_cannot_be_added_leaves_the_model_as_it_was(mixed, options, logits):
    if mixed.sees and "init" in options:
        options = {
            **options,
            "expert_use": {1: [1] * 4},
        }  # dense, mixture, dense, and then it fails
    model, batch = mixed.model(), mixed.inputs()
    with pytest.raises(BadConfig):
        get_peft_model(model, TwistConfig(**options))
    assert not twins(model)
    assert not model._forward_pre_hooks
    assert torch.equal(logits(model, batch), logits(mixed.model(), batch))


def test_a_further_adapter_that_cannot_be_added_leaves_the_others(llava_family, wrap, logits):
    model, batch = wrap(llava_family), llava_family.inputs()
    before = logits(model, batch)
    with pytest.raises(BadConfig):
        model.add_adapter("more", TwistConfig(layers="all", init="most_used"))
    assert len(twins(model)) == 2
    assert list(model.peft_config) == ["default"]
    assert torch.equal(logits(model, batch), before)
    assert any(parameter.requires_grad for parameter in model.parameters())


def test_the_vision_tower_is_never_twinned(llava_family, wrap):
    names = [name for name, module in wrap(llava_family).named_modules() if "twin_experts" in name]
    assert names
    assert all("language_model" in name for name in names)


@pytest.mark.parametrize("task_type", [None, "CAUSAL_LM"])
def test_peft_task_types(llama_family, task_type, wrap, answers):
    model = wrap(llama_family, task_type=task_type)
    assert answers(model, llama_family).shape == (3, 20)


def test_tied_embeddings_stay_tied(llava_family, wrap):
    model = wrap(llava_family)
    assert model.get_output_embeddings().weight is model.get_input_embeddings().weight


def test_router_logits_of_the_base_are_its_own(mixed, wrap, logits):
    base, model, batch = mixed.model(), wrap(mixed, num_experts=3), mixed.inputs()
    if mixed.sees:  # the composite model does not return them
        base, model = base.model.language_model, model.base_model.model.model.language_model
        batch = {k: v for k, v in batch.items() if k != "pixel_values"}
        batch["input_ids"] = batch["input_ids"].clamp(max=4)
    with torch.no_grad():
        expected = base(**batch, output_router_logits=True).router_logits
        recorded = model(**batch, output_router_logits=True).router_logits
    assert [r.shape for r in recorded] == [r.shape for r in expected]
    assert torch.equal(recorded[0], expected[0])


@pytest.mark.parametrize("options", [{"num_experts": 1}, {}, {"num_experts": 4, "top_k": 2}])
def test_compiles_without_a_graph_break(dense, options, wrap):
    model = wrap(dense, **options)
    layer = twins(model)[0]
    x = torch.randn(2, 5, 32)
    with torch.no_grad():
        expected = layer(x)
        compiled = torch.compile(layer, fullgraph=True, backend="eager")
        torch.testing.assert_close(compiled(x), expected, rtol=1e-5, atol=1e-5)
