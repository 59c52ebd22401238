from __future__ import annotations

import json
import shutil

import peft
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

from twist_scout.errors import BadInput, BadModel
from twist_scout.loading import load_base
from twist_scout.twist.certificate import Certificate, certify, verify_certificate
from twist_scout.twist.config import TwistConfig
from twist_scout.twist.hashing import base_tensors, hash_tensor

PROMPTS = ["What is it?", "Is there a dog?"]
PICTURE = Image.new("RGB", (30, 20), "red")
IMAGES = [PICTURE, None]


@pytest.fixture
def base(make_tiny_model, tiny_processor, tmp_path):
    folder = tmp_path / "base"
    make_tiny_model(experts=0).save_pretrained(folder)
    tiny_processor.save_pretrained(folder)
    return folder


def wrap(model, method: str = "twist", move: bool = True):
    """A peft model whose adapter does something."""
    if method == "twist":
        config: peft.PeftConfig = TwistConfig(num_experts=2)
    else:
        config = peft.LoraConfig(target_modules=["q_proj"], modules_to_save=["lm_head"], init_lora_weights=False)
    wrapped = peft.get_peft_model(model, config)
    if move:
        with torch.no_grad():
            for parameter in wrapped.parameters():
                if parameter.requires_grad:
                    parameter.add_(torch.randn_like(parameter))
    return wrapped.eval()


@pytest.fixture(params=["twist", "lora"])
def adapter(request, base, tmp_path):
    folder = tmp_path / "adapter"
    wrap(load_base(base)[0], request.param).save_pretrained(folder)
    return folder


def flip_one_bit(folder, name: str, new_folder):
    """The same model with one bit of one number of one tensor flipped on disk."""
    shutil.copytree(folder, new_folder)
    file = new_folder / "model.safetensors"
    tensors = load_file(file)
    tensors[name].view(torch.uint8).view(-1)[0] ^= 1
    save_file(tensors, file, metadata={"format": "pt"})
    return new_folder


def test_a_base_and_an_adapter_from_folders(base, adapter):
    certificate = certify(base, adapter, PROMPTS, images=IMAGES)
    assert certificate.passed
    assert "forgotten: nothing" in certificate.summary
    model, _ = load_base(base)
    assert set(certificate.tensors) == set(model.state_dict())
    assert len(certificate.prompts) == 2
    assert certificate.dtype == "float32"
    certificate.save(adapter)
    assert Certificate.load(adapter) == certificate
    assert json.loads((adapter / "certificate.json").read_text())["passed"] is True
    verification = verify_certificate(base, adapter)
    assert verification
    assert verification.checked == len(certificate.tensors)


def test_a_single_flipped_bit_of_the_base_fails_it(base, adapter, tmp_path):
    certify(base, adapter, PROMPTS[:1]).save(adapter)
    stored = load_file(base / "model.safetensors")
    name = next(key for key in stored if key.endswith("layers.1.mlp.down_proj.weight"))
    flipped = flip_one_bit(base, name, tmp_path / "flipped")
    verification = verify_certificate(flipped, adapter)
    assert not verification
    assert [n.rpartition("layers")[2] for n in verification.changed_tensors] == [name.rpartition("layers")[2]]


def test_a_changed_adapter_fails_it(base, adapter):
    certify(base, adapter, []).save(adapter)
    file = adapter / "adapter_model.safetensors"
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)
    assert verify_certificate(base, adapter).changed_files == ["adapter_model.safetensors"]


def test_a_doctored_certificate_fails(base, adapter):
    path = certify(base, adapter, []).save(adapter)
    stored = json.loads(path.read_text())
    name = next(iter(stored["tensors"]))
    stored["tensors"][name] = "0" * 64
    path.write_text(json.dumps(stored))
    verification = verify_certificate(base, adapter)
    assert not verification.consistent
    assert not verification.passed
    path.write_text("{")
    with pytest.raises(BadInput, match="not a certificate"):
        verify_certificate(base, adapter)
    path.unlink()
    with pytest.raises(BadInput, match="certify the adapter first"):
        verify_certificate(base, adapter)


@pytest.mark.parametrize("method", ["twist", "lora"])
def test_a_base_that_training_touched_does_not_pass(base, method):
    """The wrapped model against the folder it came from: equal before, different after a nudge."""
    wrapped = wrap(load_base(base)[0], method)
    assert certify(base, wrapped, PROMPTS, images=IMAGES).passed
    state = dict(base_tensors(wrapped))
    name = next(n for n in state if "language_model" in n and n.endswith("q_proj.weight"))
    with torch.no_grad():
        state[name].mul_(1.5)
    certificate = certify(base, wrapped, PROMPTS, images=IMAGES)
    assert not certificate.passed
    assert certificate.changed_tensors == [name]
    assert certificate.changed_logits == [0, 1]
    assert "NOT identical" in certificate.summary


def test_an_adapter_that_cannot_be_switched_off_does_not_pass(base):
    wrapped = wrap(load_base(base)[0])
    wrapped.get_base_model().lm_head.register_forward_hook(lambda *args: args[-1] + 1e-3)
    certificate = certify(base, wrapped, PROMPTS, images=IMAGES)
    assert certificate.changed_tensors == []  # nothing of the weights gives it away
    assert certificate.changed_logits == [0, 1]
    assert not certificate.passed


def test_a_base_that_is_a_model_comes_back_untouched(base, adapter):
    model, processor = load_base(base)
    before = {name: hash_tensor(t) for name, t in model.state_dict().items()}
    assert certify(model, adapter, PROMPTS, processor=processor, images=IMAGES).passed
    assert {name: hash_tensor(t) for name, t in model.state_dict().items()} == before
    assert all(parameter.requires_grad for parameter in model.parameters())
    assert not any(isinstance(m, peft.tuners.tuners_utils.BaseTunerLayer) for m in model.modules())


def test_bfloat16(base, adapter):
    model, processor = load_base(base, dtype=torch.bfloat16)
    certificate = certify(model, adapter, PROMPTS, processor=processor, images=IMAGES)
    assert certificate.passed
    assert certificate.dtype == "bfloat16"
    certificate.save(adapter)
    assert verify_certificate(base, adapter)
    assert verify_certificate(model, adapter)
    with pytest.raises(BadInput, match="bfloat16 and this model holds float32"):
        verify_certificate(load_base(base)[0], adapter)


def test_the_modes_of_the_wrapped_model_are_put_back(base):
    wrapped = wrap(load_base(base)[0])
    wrapped.train()
    wrapped.get_base_model().lm_head.eval()
    modes = [module.training for module in wrapped.modules()]
    certify(base, wrapped, PROMPTS[:1])
    assert [module.training for module in wrapped.modules()] == modes
    active = {n for n, p in wrapped.named_parameters() if p.requires_grad}
    assert active
    assert all("twin_" in n for n in active)


@pytest.mark.parametrize(
    "dtype", [torch.float32, torch.bfloat16, torch.float16, torch.float64, torch.int64, torch.bool]
)
def test_hashes_see_every_bit_the_type_and_the_shape(dtype):
    tensor = torch.tensor([0, 1, 1, 0, 0, 0, 1, 0, 0, 1, 1, 1]).to(dtype).reshape(3, 4)
    hashes = {hash_tensor(tensor), hash_tensor(tensor.reshape(4, 3)), hash_tensor(tensor.T)}
    assert len(hashes) == 3
    assert hash_tensor(tensor.T.contiguous().T) == hash_tensor(tensor)  # memory layout is no content
    if dtype.is_floating_point:
        changed = tensor.clone()
        changed.view(torch.uint8)[0, 0] ^= 1
        assert hash_tensor(changed) not in hashes
        assert hash_tensor(torch.tensor(-0.0)) != hash_tensor(torch.tensor(0.0))
    assert len(hash_tensor(torch.empty(0, dtype=dtype))) == 64
    with pytest.raises(BadModel, match="not in memory"):
        hash_tensor(torch.empty(2, device="meta"))


def test_bad_calls(base, adapter):
    model, processor = load_base(base)
    with pytest.raises(BadInput, match="1 images for 2 prompts"):
        certify(base, adapter, PROMPTS, images=[PICTURE])
    with pytest.raises(BadInput, match="pass processor"):
        certify(model, adapter, PROMPTS)
    with pytest.raises(BadInput, match="give its folder"):
        certify(model, wrap(model), PROMPTS, processor=processor)
    with pytest.raises(BadModel):
        certify(base / "nothing", adapter, [])
