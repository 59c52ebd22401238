from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import peft
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file
from transformers import TrainerCallback, TrainingArguments

from twist_scout.data.collator import GroundingCollator
from twist_scout.data.dataset import ExampleDataset
from twist_scout.data.records import Example, write_examples
from twist_scout.errors import BadConfig
from twist_scout.twist.config import TwistConfig
from twist_scout.twist.losses import StepwiseLoss
from twist_scout.twist.trainer import COMPLETE, TwistTrainer, last_checkpoint

ANSWERS = [
    "Step 1: a <box:0>. Step 2: b.",
    "<box:0>",
    "Step 1: see. Step 2: <box:0>. Step 3: So the answer is c.",
    "no",
]


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    """Ten examples with answers of very different lengths."""
    folder = tmp_path_factory.mktemp("data")
    examples = []
    for i in range(10):
        Image.new("RGB", (28, 28), (25 * i, 40, 255 - 25 * i)).save(folder / f"{i}.png")
        messages = [
            {"role": "user", "content": "q" * (1 + i % 3)},
            {"role": "assistant", "content": ANSWERS[i % 4]},
        ]
        box = (1.0, 2.0, 5.0 + i, 20.0)
        fields = {"width": 28, "height": 28, "task": "scout", "messages": messages, "boxes": [box]}
        examples.append(Example(id=str(i), image=f"{i}.png", **fields))
    write_examples(folder / "train.jsonl", examples)
    return folder / "train.jsonl"


@pytest.fixture
def make_trainer(make_tiny_model, tiny_processor, data, tmp_path):
    def make(
        name: str = "run",
        *,
        method: str = "twist",
        loss: StepwiseLoss | None = None,
        coefficient: float = 0.01,
        dropout: float = 0.0,
        collator: dict | None = None,
        **arguments,
    ) -> TwistTrainer:
        base = make_tiny_model(experts=0)
        if method == "twist":
            config = TwistConfig(num_experts=2, router_aux_loss_coef=coefficient)
        else:
            config = peft.LoraConfig(r=2, target_modules=["q_proj"], lora_dropout=dropout)
        torch.manual_seed(1)
        model = peft.get_peft_model(base, config)
        defaults = {
            "learning_rate": 1e-2,
            "max_steps": 6,
            "per_device_train_batch_size": 2,
            "logging_steps": 1,
            "save_strategy": "no",
            "report_to": [],
            "disable_tqdm": True,
            "use_cpu": True,
        }
        return TwistTrainer(
            model,
            TrainingArguments(str(tmp_path / name), **{**defaults, **arguments}),
            loss=loss,
            train_dataset=ExampleDataset(data),
            data_collator=GroundingCollator(tiny_processor, **(collator or {})),
        )

    return make


def trained(model) -> dict[str, torch.Tensor]:
    return {n: p.detach().clone() for n, p in model.named_parameters() if p.requires_grad}


def frozen(model) -> dict[str, torch.Tensor]:
    return {n: p.detach().clone() for n, p in model.named_parameters() if not p.requires_grad}


def entries(trainer) -> list[dict]:
    return [entry for entry in trainer.state.log_history if "loss" in entry]


def test_training_lowers_the_loss_and_touches_the_twin_only(make_trainer):
    trainer = make_trainer(max_steps=20)
    before, moved = frozen(trainer.model), trained(trainer.model)
    assert set(moved) == {n for n in moved if "twin_" in n}
    trainer.train()
    losses = [entry["loss"] for entry in entries(trainer)]
    assert sum(losses[-5:]) < 0.8 * sum(losses[:5])
    assert all(torch.equal(before[n], p) for n, p in frozen(trainer.model).items())
    after = trained(trainer.model)
    assert all(not torch.equal(moved[n], after[n]) for n in moved)


def test_the_log_tells_aux_alpha_load_and_steps(make_trainer):
    trainer = make_trainer()
    trainer.train()
    entry = entries(trainer)[-1]
    base = trainer.model.base_model
    assert entry["alpha"] == pytest.approx(sum(base.alphas().values()) / len(base.alphas()))
    assert entry["aux"] == pytest.approx(base.auxiliary_loss().item(), rel=1e-5)
    for layer, shares in base.expert_load().items():
        logged = [entry[f"load/{layer}/{expert}"] for expert in range(len(shares))]
        assert logged == pytest.approx(shares)
    assert {"step/1", "loss", "learning_rate"} <= set(entry)
    assert json.loads(json.dumps(trainer.state.log_history)) == trainer.state.log_history


@pytest.mark.parametrize("context", ["full", "isolated"])
@pytest.mark.parametrize("reduction", ["token_mean", "sum", "mean_per_step"])
def test_accumulated_parts_are_the_large_batch(make_trainer, context, reduction):
    """Also for a last batch of the epoch that has fewer parts; R(g) is left out as it is not
    additive.
    """
    loss = StepwiseLoss(context, reduction)
    common = {"loss": loss, "coefficient": 0.0, "max_steps": 3}
    common |= {"optim": "sgd", "max_grad_norm": 0.0, "learning_rate": 1e-3}
    whole = make_trainer("whole", per_device_train_batch_size=4, **common)
    parts = make_trainer("parts", per_device_train_batch_size=1, gradient_accumulation_steps=4, **common)
    start = trained(whole.model)
    for trainer in (whole, parts):
        trainer.train()
    for name, weight in trained(whole.model).items():
        step = weight - start[name]
        torch.testing.assert_close(trained(parts.model)[name] - start[name], step, rtol=1e-3, atol=1e-6)
    for a, b in zip(entries(whole), entries(parts), strict=True):
        assert a["loss"] == pytest.approx(b["loss"], rel=1e-4)


def test_the_loss_is_eq_8_plus_lambda_times_r(make_trainer):
    plain, balanced = make_trainer("plain", coefficient=0.0), make_trainer("aux", coefficient=0.5)
    for trainer in (plain, balanced):
        trainer.args.max_steps = 1
        trainer.train()
    a, b = entries(plain)[0], entries(balanced)[0]
    assert b["aux"] >= 1.0 - 1e-5  # one twinned layer, at least uniform
    assert b["loss"] == pytest.approx(a["loss"] + 0.5 * b["aux"], rel=1e-5)


@pytest.mark.parametrize("method", ["twist", "lora"])
def test_a_resumed_run_is_the_uninterrupted_run(make_trainer, method):
    """Bit for bit over 6 steps that cross an epoch: weights, optimizer, schedule, data order,
    random numbers.
    """
    options = {
        "method": method,
        "lr_scheduler_type": "cosine",
        "warmup_steps": 2,
        "dropout": 0.3,
        "seed": 3,
    }
    whole = make_trainer("whole", **options)
    whole.train()
    interrupted = make_trainer("cut", **options, save_strategy="steps", save_steps=3)
    interrupted.args.max_steps = 6
    interrupted.add_callback(_StopAt(3))
    interrupted.train()
    assert interrupted.state.global_step == 3
    resumed = make_trainer("cut", **options, save_strategy="steps", save_steps=3)
    torch.manual_seed(99)  # whatever state the new process is in
    resumed.train(resume_from_checkpoint=str(last_checkpoint(resumed.args.output_dir)))
    assert resumed.state.global_step == 6
    expected, found = trained(whole.model), trained(resumed.model)
    assert set(expected) == set(found)
    assert all(torch.equal(expected[name], found[name]) for name in expected)
    strip = ("train_runtime", "train_samples_per_second", "train_steps_per_second", "total_flos")
    logs = [[{k: v for k, v in e.items() if k not in strip} for e in entries(t)] for t in (whole, resumed)]
    assert logs[0] == logs[1]
    states = [t.optimizer.state_dict()["state"] for t in (whole, resumed)]
    assert all(torch.equal(states[0][i]["exp_avg_sq"], states[1][i]["exp_avg_sq"]) for i in states[0])


@pytest.mark.parametrize("length", [{"max_steps": 4}, {"max_steps": -1, "num_train_epochs": 1.5}])
def test_a_finished_run_that_is_started_again_stays_as_it_is(make_trainer, length):
    options = {
        "save_strategy": "steps",
        "save_steps": 1,
        "gradient_accumulation_steps": 2,
        **length,
    }
    finished = make_trainer(**options)
    finished.train()
    assert finished.state.global_step == {4: 4, -1: 5}[length["max_steps"]]
    again = make_trainer(**options)
    output = again.train(resume_from_checkpoint=last_checkpoint(again.args.output_dir))
    assert output.global_step == finished.state.global_step
    assert again.state.log_history == finished.state.log_history[:-1]  # without the summary
    expected, found = trained(finished.model), trained(again.model)
    assert all(torch.equal(expected[name], found[name]) for name in expected)


def test_checkpoints_hold_the_adapter_and_nothing_of_the_base(make_trainer):
    trainer = make_trainer(max_steps=2, save_strategy="steps", save_steps=1)
    trainer.train()
    folder = last_checkpoint(trainer.args.output_dir)
    assert folder is not None
    assert folder.name == "checkpoint-2"
    assert [f.name for f in folder.glob("*.safetensors")] == ["adapter_model.safetensors"]
    assert not list(folder.glob("pytorch_model*"))
    stored = load_file(folder / "adapter_model.safetensors")
    assert sum(t.numel() for t in stored.values()) == sum(p.numel() for p in trained(trainer.model).values())


def test_a_checkpoint_cut_short_is_not_resumed_from(make_trainer, tmp_path):
    assert last_checkpoint(tmp_path / "nothing") is None
    for step, complete in ((9, True), (10, True), (11, False)):
        folder = tmp_path / f"checkpoint-{step}"
        folder.mkdir()
        if complete:
            (folder / COMPLETE).touch()
    assert last_checkpoint(tmp_path) == tmp_path / "checkpoint-10"


def test_another_method_trains_with_the_same_loss(make_trainer):
    trainer = make_trainer(method="lora", max_steps=2)
    trainer.train()
    assert {"loss", "step/1"} <= set(entries(trainer)[0])
    assert not {"aux", "alpha"} & set(entries(trainer)[0])


def test_evaluation_uses_the_same_loss(make_trainer, data):
    for reduction in ("token_mean", "mean_per_step"):
        trainer = make_trainer(loss=StepwiseLoss("full", reduction), coefficient=0.0)
        batch = trainer.data_collator([ExampleDataset(data)[i] for i in range(4)])
        trainer.model.eval()
        with torch.no_grad():
            logits = trainer.model(**{k: v for k, v in batch.items() if k not in ("labels", "step_ids")}).logits
        expected = trainer.stepwise(logits, batch["labels"], batch["step_ids"]).loss
        subset = torch.utils.data.Subset(ExampleDataset(data), range(4))
        trainer.args.per_device_eval_batch_size = 4
        assert trainer.evaluate(subset)["eval_loss"] == pytest.approx(expected.item(), rel=1e-5)


def test_examples_left_out_are_counted(make_trainer):
    trainer = make_trainer(collator={"max_length": 50, "too_long": "drop"}, max_steps=5, per_device_train_batch_size=10)
    trainer.train()
    dropped = {entry["dropped"] for entry in entries(trainer)}
    assert dropped == {2.0}  # the longest answer, twice in ten


def test_gradient_checkpointing_changes_nothing(make_trainer):
    plain = make_trainer("a", max_steps=2, coefficient=0.5)
    known = {field.name for field in dataclasses.fields(TrainingArguments)}
    new, old = "activation_checkpointing", "gradient_checkpointing"  # renamed in transformers 5
    name = new if new in known else old
    options = {name: True, f"{name}_kwargs": {"use_reentrant": False}}
    saving = make_trainer("b", max_steps=2, coefficient=0.5, **options)
    for trainer in (plain, saving):
        trainer.train()
    expected, found = trained(plain.model), trained(saving.model)
    assert all(torch.allclose(expected[n], found[n], atol=1e-6) for n in expected)


def test_isolated_needs_attention_that_takes_a_mask(make_trainer, make_tiny_model):
    model = make_tiny_model(experts=0)
    model.config.get_text_config()._attn_implementation = "flash_attention_2"
    with pytest.raises(BadConfig, match="attn_implementation='sdpa'"):
        TwistTrainer(model, TrainingArguments("unused", use_cpu=True), loss=StepwiseLoss("isolated"))


class _StopAt(TrainerCallback):
    def __init__(self, step: int) -> None:
        self.step = step

    def on_step_end(self, args, state, control, **kwargs):
        control.should_training_stop = state.global_step >= self.step
