"""The laws of training: the twin alone learns, in every precision, and the base stays as it was."""

from __future__ import annotations

import pytest
import torch
from peft import get_peft_model
from transformers import Trainer, TrainingArguments

from twist_scout.twist import TwistConfig, TwistLayer


def twins(model):
    return [module for module in model.modules() if isinstance(module, TwistLayer)]


def tensors(model):
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}


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
def test_a_reentrant_checkpoint_gives_the_same_gradients_of_the_task(family, variant):
    gradients = []
    for checkpoint in (False, True):
        torch.manual_seed(0)
        model = get_peft_model(family.model(), TwistConfig(**variant)).train()
        if checkpoint:
            model.gradient_checkpointing_enable({"use_reentrant": True})
            model.enable_input_require_grads()
        batch = family.inputs()
        model(**batch, labels=batch["input_ids"]).loss.backward()
        gradients.append({name: p.grad for name, p in model.named_parameters() if p.grad is not None})
    plain, checkpointed = gradients
    assert plain.keys() == checkpointed.keys()
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
