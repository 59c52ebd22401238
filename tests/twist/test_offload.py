"""A base whose weights are kept elsewhere (``device_map``) gets the same twin and gives the same answers.

Two devices are not at hand in a test; offloading to the main memory or to disk puts accelerate's
hooks on a model in the same way and empties its parameters besides.
"""

from __future__ import annotations

import copy

import pytest
import torch
from accelerate import cpu_offload, dispatch_model
from peft import PeftModel, get_peft_model
from torch import nn
from transformers import AutoModelForCausalLM, AutoModelForImageTextToText

from twist_scout.errors import BadModel
from twist_scout.twist import TwistConfig
from twist_scout.twist.offload import home_device, in_memory


def on_disk(family, tmp_path):
    """The model with the layers after the first on disk, as ``from_pretrained`` places it."""
    model = family.model()
    model.save_pretrained(tmp_path / "base")
    layers = "model.language_model.layers." if family.sees else "model.layers."
    names = [name for name, _ in model.named_modules() if name and not layers.startswith(f"{name}.")]
    places = {name: "cpu" for name in names if layers.startswith(name.rpartition(".")[0])}
    places |= {f"{layers}{number}": "disk" for number in (1, 2, 3)}
    auto = AutoModelForImageTextToText if family.sees else AutoModelForCausalLM
    model = auto.from_pretrained(tmp_path / "base", device_map=places, offload_folder=tmp_path / "offloaded").eval()
    assert any(parameter.is_meta for parameter in model.parameters())
    return model


def offloaded(family):
    model = family.model()
    cpu_offload(model, execution_device=torch.device("cpu"))
    assert all(parameter.is_meta for parameter in model.parameters())
    return model


def twin(model):
    return {name: tensor for name, tensor in model.state_dict().items() if "twin_" in name}


@pytest.mark.parametrize("kept", ["on disk", "in memory"])
def test_the_twin_is_the_one_of_a_model_that_was_loaded(family, variant, kept, tmp_path, logits):
    models = []
    for base in (family.model(), on_disk(family, tmp_path) if kept == "on disk" else offloaded(family)):
        torch.manual_seed(3)
        models.append(get_peft_model(base, TwistConfig(**variant)).eval())
    expected, model = models
    assert model.alphas() == expected.alphas()
    ours, theirs = twin(model), twin(expected)
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)
    frozen = [parameter for name, parameter in model.named_parameters() if "base_layer" in name]
    assert any(parameter.is_meta for parameter in frozen)  # what was read is put away again
    batch = family.inputs()
    assert torch.equal(logits(model, batch), logits(expected, batch))
    with model.disable_adapter():
        assert torch.equal(logits(model, batch), logits(family.model(), batch))


def test_it_trains(family, tmp_path):
    model, batch = get_peft_model(on_disk(family, tmp_path), TwistConfig()).train(), family.inputs()
    (model(**batch, labels=batch["input_ids"]).loss + model.auxiliary_loss()).backward()
    assert {name for name, p in model.named_parameters() if p.grad is not None} == {
        name for name, p in model.named_parameters() if p.requires_grad
    }


def test_a_stored_adapter_loads_on_it(family, wrap, tmp_path, logits):
    expected, batch = wrap(family), family.inputs()
    expected.save_pretrained(tmp_path)
    model = PeftModel.from_pretrained(offloaded(family), tmp_path).eval()
    assert torch.equal(logits(model, batch), logits(expected, batch))


def test_on_a_base_on_disk_a_stored_adapter_is_refused_in_one_sentence(family, wrap, tmp_path):
    """peft takes the hooks off before it adds the adapter, and cannot put them back for a twin."""
    wrap(family).save_pretrained(tmp_path)
    with pytest.raises(BadModel, match=r"disk.*device_map"):
        PeftModel.from_pretrained(on_disk(family, tmp_path), tmp_path)


def test_a_wrapped_model_can_be_placed_as_a_whole(family, variant, wrap, tmp_path, logits):
    model, batch = wrap(family, **variant), family.inputs()
    expected = logits(model, batch)
    with model.disable_adapter():
        frozen = logits(model, batch)
    places = {"base_model.twin_alpha": "cpu", "base_model.model.model": "disk", "base_model.model.lm_head": "cpu"}
    model = dispatch_model(model, places, main_device="cpu", offload_dir=tmp_path)
    assert any(parameter.is_meta for name, parameter in model.named_parameters() if "twin_experts" in name)
    assert torch.equal(logits(model, batch), expected)
    with model.disable_adapter():
        assert torch.equal(logits(model, batch), frozen)


def test_a_network_without_hooks_is_left_alone():
    for network in (nn.Linear(3, 3), nn.Linear(3, 3, device="meta")):
        weight = network.weight
        with in_memory(network):
            assert network.weight is weight
        assert home_device(network) == weight.device


def test_within_the_context_it_can_be_read_run_and_copied():
    network = nn.Sequential(nn.Linear(3, 3), nn.ReLU())
    x, weight = torch.randn(2, 3), network[0].weight.detach().clone()
    expected = network(x)
    cpu_offload(network, execution_device=torch.device("cpu"))
    assert home_device(network) == torch.device("cpu")
    assert network[0].weight.is_meta
    with in_memory(network):
        for _ in range(2):  # to run it does not put its weights away
            assert torch.equal(network(x), expected)
            assert torch.equal(network[0].weight, weight)
        copied = copy.deepcopy(network)
    assert network[0].weight.is_meta
    assert torch.equal(network(x), expected)
    assert network[0].weight.is_meta
    assert torch.equal(copied(x), expected)  # it stands alone
    assert not any(hasattr(part, "_hf_hook") for part in copied.modules())
