"""The laws of stored adapters, of several on one model, and of rows that differ in mode."""

from __future__ import annotations

import copy
import json

import pytest
import torch
from peft import PeftModel
from safetensors import safe_open

from twist_scout.errors import BadInput
from twist_scout.twist import TwistConfig, TwistLayer


def twins(model):
    return [module for module in model.modules() if isinstance(module, TwistLayer)]


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
