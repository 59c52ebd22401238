from __future__ import annotations

import io
import json

import peft
import pytest
import torch
from PIL import Image
from rich.console import Console
from safetensors.torch import load_file

from twist_scout.data.records import Example, write_examples
from twist_scout.errors import BadConfig, BadInput, BadModel, BadRecord
from twist_scout.loading import load_adapter, load_base
from twist_scout.twist.certificate import verify_certificate
from twist_scout.twist.trainer import TwistTrainer
from twist_scout.twist.training import train
from twist_scout.twist.training_config import TrainingConfig


@pytest.fixture
def run(make_tiny_model, tiny_processor, tmp_path):
    """``run(**changes)``: the settings of 4 steps on 6 examples, on disk with their base."""
    base, data = tmp_path / "base", tmp_path / "data"
    make_tiny_model(experts=0).save_pretrained(base)
    tiny_processor.save_pretrained(base)
    data.mkdir()
    examples = []
    for i in range(6):
        Image.new("RGB", (40, 30), (40 * i, 90, 0)).save(data / f"{i}.png")
        messages = [
            {"role": "user", "content": "Where?"},
            {"role": "assistant", "content": "Step 1: look. Step 2: <box:0>"},
        ]
        fields = {"width": 40, "height": 30, "task": "scout", "messages": messages}
        examples.append(Example(id=str(i), image=f"{i}.png", boxes=[(1, 2, 9 + i, 20)], **fields))
    write_examples(data / "train.jsonl", examples)

    def config(**changes) -> TrainingConfig:
        values = {
            "base": str(base),
            "data": [str(data / "train.jsonl")],
            "output_dir": str(tmp_path / "out"),
            "max_steps": 4,
            "batch_size": 2,
            "learning_rate": 1e-2,
            "save_steps": 2,
            "logging_steps": 1,
            "device": "cpu",
            "certificate_prompts": 2,
        }
        return TrainingConfig.from_values({**values, **changes})

    return config


def quiet() -> Console:
    return Console(file=io.StringIO(), width=120)


def weights(folder) -> dict[str, torch.Tensor]:
    return load_file(folder / "adapter_model.safetensors")


def test_a_run_leaves_adapter_settings_log_and_certificate(run):
    config, console = run(), quiet()
    folder = train(config, console=console)
    printed = console.file.getvalue()
    assert "learning_rate: 0.01" in printed
    for word in ("trainable", "active", "total", "6 examples", "forgotten: nothing"):
        assert word in printed
    assert TrainingConfig.load(folder / "training_config.yaml") == config
    log = json.loads((folder / "training_log.json").read_text())
    losses = [entry["loss"] for entry in log if "loss" in entry]
    assert len(losses) == 4
    assert losses[-1] < losses[0]
    assert verify_certificate(config.base, folder)
    card = (folder / "README.md").read_text()
    assert "forgotten: nothing" in card
    assert "More Information Needed" not in card
    model = load_adapter(load_base(config.base)[0], folder)
    assert model.active_adapter == "default"


def test_a_run_started_again_goes_on_and_ends_with_the_same_weights(run, tmp_path, monkeypatch):
    whole = train(run(output_dir=str(tmp_path / "whole")), console=quiet())
    config = run(output_dir=str(tmp_path / "cut"))

    class Killed(BaseException):
        pass

    step = TwistTrainer.training_step

    def killed_in_step_4(self, *args, **kwargs):
        if self.state.global_step == 3:
            raise Killed
        return step(self, *args, **kwargs)

    monkeypatch.setattr(TwistTrainer, "training_step", killed_in_step_4)
    with pytest.raises(Killed):
        train(config, console=quiet())
    monkeypatch.undo()
    console = quiet()
    cut = train(config, console=console)
    assert "checkpoint-2" in console.file.getvalue().replace("\n", "")
    expected, found = weights(whole), weights(cut)
    assert set(expected) == set(found)
    assert all(torch.equal(expected[name], found[name]) for name in expected)


def test_other_settings_do_not_go_on_from_a_run(run):
    train(run(max_steps=2), console=quiet())
    with pytest.raises(BadConfig, match=r"another learning_rate .0\.01 there, 0.02 here"):
        train(run(learning_rate=0.02), console=quiet())
    console = quiet()
    folder = train(run(learning_rate=0.02, resume=False), console=console)
    assert "Going on" not in console.file.getvalue()
    fresh = weights(train(run(learning_rate=0.02, output_dir=str(folder / "new")), console=quiet()))
    assert all(torch.equal(fresh[name], weight) for name, weight in weights(folder).items())


def test_experts_can_be_saved_in_half_the_size(run, tmp_path):
    whole = weights(train(run(), console=quiet()))
    config = run(output_dir=str(tmp_path / "half"), save_dtype="bfloat16")
    folder = train(config, console=quiet())
    half = weights(folder)
    assert all(
        weight.dtype == (torch.bfloat16 if ".twin_experts." in name else torch.float32) for name, weight in half.items()
    )
    assert all(torch.equal(half[name].float(), whole[name].to(half[name].dtype).float()) for name in whole)
    assert verify_certificate(config.base, folder)


def test_bfloat16_that_would_be_imitated_is_float32_and_said(run, tmp_path, monkeypatch):
    monkeypatch.setattr("twist_scout.twist.training.computes_bfloat16", lambda device: False)
    console = quiet()
    train(run(bf16=True, output_dir=str(tmp_path / "imitated")), console=console)
    train(run(output_dir=str(tmp_path / "float32")), console=quiet())
    assert "computing in float32" in console.file.getvalue()
    one, other = weights(tmp_path / "imitated"), weights(tmp_path / "float32")
    assert all(torch.equal(one[name], other[name]) for name in other)


def test_a_run_goes_on_from_a_trained_adapter(run, tmp_path):
    first = train(run(twist={"num_experts": 3, "alpha_init": 0.4}), console=quiet())
    config = run(adapter=str(first), output_dir=str(tmp_path / "second"), learning_rate=1e-9, max_steps=1)
    console = quiet()
    second = train(config, console=console)
    assert "num_experts: 3" in console.file.getvalue()
    assert all(torch.allclose(weight, weights(second)[name], atol=1e-6) for name, weight in weights(first).items())
    assert verify_certificate(config.base, second)
    train(config, console=(again := quiet()))  # the same settings are the same run
    assert "Going on" in again.file.getvalue()


def test_an_adapter_of_another_form_is_not_gone_on_from(run, tmp_path):
    first = train(run(), console=quiet())
    with pytest.raises(BadConfig, match=r"twist.num_experts is 4, but .* was made with 2: leave it out"):
        train(run(adapter=str(first), twist={"num_experts": 4}, output_dir=str(tmp_path / "other")), console=quiet())
    with pytest.raises(BadModel, match="does not exist"):
        train(run(adapter=str(tmp_path / "none"), output_dir=str(tmp_path / "other")), console=quiet())
    peft.get_peft_model(load_base(run().base)[0], peft.LoraConfig(target_modules=["q_proj"])).save_pretrained(
        tmp_path / "lora"
    )
    with pytest.raises(BadConfig, match="is a LORA adapter"):
        train(run(adapter=str(tmp_path / "lora"), output_dir=str(tmp_path / "other")), console=quiet())


def test_examples_left_out_are_reported(run):
    console = quiet()
    with pytest.raises(BadInput, match="max_length is 30"):
        train(run(max_length=30), console=console)
    config = run(max_length=42, too_long="drop", batch_size=6, resume=False)
    train(config, console=console)
    assert "examples longer than max_length=42 were left out" in console.file.getvalue()


def test_a_bad_line_stops_the_run_before_anything_is_written(run, tmp_path):
    config = run()
    with (tmp_path / "data" / "train.jsonl").open("a") as file:
        file.write("{}\n")
    with pytest.raises(BadRecord, match="line 7"):
        train(config, console=quiet())
    assert not (tmp_path / "out").exists()
