"""What the laws take for granted about a miniature."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from twist_scout.families.catalogue import find_family
from twist_scout.families.laws import LawBroken, Subject, _close, is_blind, mixes_tokens, wraps
from twist_scout.twist.finding import DecoderFfn


@pytest.fixture(scope="module")
def llava() -> Subject:
    return Subject(find_family("llava"))


def test_a_base_is_frozen_as_a_wrapped_one_is(llava: Subject) -> None:
    assert not any(parameter.requires_grad for parameter in llava.base().parameters())
    assert llava.base() is not llava.base()


def test_a_trainable_weight_can_change_the_kernel_where_nothing_is_recorded() -> None:
    """Why the bases that are compared bit for bit have to be frozen both."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(3, 2, 2, 128, generator=generator).transpose(1, 2)
    frozen = torch.randn(64, 128, generator=generator)
    kernels = []
    with torch.no_grad():
        for weight in (frozen, torch.nn.Parameter(frozen)):
            with torch.profiler.profile() as profile:
                F.linear(x, weight, torch.zeros(64))
            kernels.append({event.name for event in profile.events()} & {"aten::bmm", "aten::mm"})
    assert kernels == [{"aten::bmm"}, {"aten::mm"}]


def test_experts_beside_the_twinned_network_mix_tokens_of_rows(llava: Subject) -> None:
    assert mixes_tokens(Subject(find_family("gemma4")).base())
    assert mixes_tokens(Subject(find_family("llama4")).base())
    assert not mixes_tokens(llava.base())


def test_a_plain_language_model_is_blind(llava: Subject) -> None:
    assert is_blind(Subject(find_family("mistral4")).base())
    assert not is_blind(llava.base())


def test_forbidden_tokens_do_not_widen_the_tolerance() -> None:
    least = torch.finfo(torch.float32).min
    expected = torch.tensor([least, 1.0])
    _close(torch.tensor([least, 1.00001]), expected, "logits")
    with pytest.raises(LawBroken, match="logits"):
        _close(torch.tensor([least, 1.1]), expected, "logits")


def test_twins_in_the_encoder_break_the_law(monkeypatch: pytest.MonkeyPatch) -> None:
    def in_the_encoder(model: torch.nn.Module) -> list[DecoderFfn]:
        path = "model.encoder.text_model.layers.0.mlp"
        return [DecoderFfn(0, path, model.get_submodule(path))]

    subject = Subject(find_family("t5gemma2"))
    wraps(subject)
    monkeypatch.setattr("twist_scout.twist.model.find_decoder_ffns", in_the_encoder)
    with pytest.raises(LawBroken, match="not the decoder's"):
        wraps(subject)
