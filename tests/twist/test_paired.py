"""Two matrices that lie apart in their layer get a twin as one network."""

from __future__ import annotations

import copy

import pytest
import torch
from peft import PeftModel, get_peft_model
from torch import nn
from transformers import (
    BartConfig,
    BartForCausalLM,
    BartForConditionalGeneration,
    BertConfig,
    BertLMHeadModel,
    BloomConfig,
    BloomForCausalLM,
    MptConfig,
    MptForCausalLM,
    OPTConfig,
    OPTForCausalLM,
    VisionEncoderDecoderConfig,
    VisionEncoderDecoderModel,
    ViTConfig,
)

from twist_scout.errors import BadModel
from twist_scout.twist import TwistConfig, TwistLayer, find_decoder_ffns
from twist_scout.twist.anatomy import DenseFfn, read_ffn
from twist_scout.twist.paired import EntryInput, PairedFfn

HIDDEN = 32
SIZES = {"vocab_size": 60, "hidden_size": HIDDEN, "num_hidden_layers": 3, "num_attention_heads": 4, "pad_token_id": 0}
BART = {
    "vocab_size": 60,
    "d_model": HIDDEN,
    "decoder_layers": 3,
    "encoder_layers": 3,
    "decoder_attention_heads": 4,
    "encoder_attention_heads": 4,
    "decoder_ffn_dim": 48,
    "encoder_ffn_dim": 48,
    "max_position_embeddings": 64,
    "forced_eos_token_id": None,
}


def opt():
    return OPTForCausalLM(OPTConfig(**SIZES, ffn_dim=48, word_embed_proj_dim=HIDDEN, max_position_embeddings=64))


def bart():
    return BartForCausalLM(BartConfig(**BART, is_decoder=True))


def bert():
    return BertLMHeadModel(BertConfig(**SIZES, intermediate_size=48, is_decoder=True))


def bert_in_chunks():  # which runs the two matrices on a few tokens after the other
    return BertLMHeadModel(BertConfig(**SIZES, intermediate_size=48, is_decoder=True, chunk_size_feed_forward=1))


def bloom():  # with the residual inside
    return BloomForCausalLM(BloomConfig(vocab_size=60, hidden_size=HIDDEN, n_layer=3, n_head=4, pad_token_id=0))


def mpt():
    return MptForCausalLM(MptConfig(vocab_size=60, d_model=HIDDEN, n_layers=3, n_heads=4, expansion_ratio=2))


PAIRS = {
    opt: ("model.decoder.layers.{}.fc2", "fc1"),
    bart: ("model.decoder.layers.{}.fc2", "fc1"),
    bert: ("bert.encoder.layer.{}.output.dense", "intermediate.dense"),
    bloom: ("transformer.h.{}.mlp.dense_4h_to_h", "mlp.dense_h_to_4h"),
    mpt: ("transformer.blocks.{}.ffn.down_proj", "ffn.up_proj"),
}


def spread(build):
    torch.manual_seed(0)
    model = build().eval().requires_grad_(False)
    for parameter in model.parameters():
        if parameter.dim() > 1:
            parameter.normal_(std=0.2)
        else:
            parameter.add_(torch.randn_like(parameter) * 0.1)
    return model


def shake(model):
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "twin_" in name:
                parameter.add_(torch.randn_like(parameter) * 0.2)
    return model


def batch(rows=3):
    ids = torch.randint(3, 60, (rows, 9), generator=torch.Generator().manual_seed(1))
    return {"input_ids": ids, "attention_mask": torch.ones_like(ids)}


def logits(model, **options):
    with torch.no_grad():
        return model(**batch(), **options).logits


@pytest.fixture(params=PAIRS, ids=lambda build: build.__name__)
def build(request):
    return request.param


def test_both_matrices_are_found(build):
    model = spread(build)
    exit, entry = PAIRS[build]
    found = find_decoder_ffns(model)
    assert [ffn.path for ffn in found] == [exit.format(number) for number in range(3)]
    for ffn in found:
        assert model.get_submodule(ffn.path) is ffn.pair.exit
        layer = ffn.path[: -len(exit.format(0)) + exit.index("{") + 1]
        assert model.get_submodule(f"{layer}.{entry}") is ffn.pair.entry


def test_the_network_is_read_as_the_layer_computes_it(build):
    model = spread(build)
    pair = find_decoder_ffns(model)[1].pair
    seen = {}
    handles = [
        pair.entry.register_forward_pre_hook(lambda _, args: seen.update(x=args[0])),
        pair.exit.register_forward_hook(lambda _, __, output: seen.update(y=output)),
    ]
    logits(model)
    for handle in handles:
        handle.remove()
    read = read_ffn(pair, HIDDEN)
    assert isinstance(read, DenseFfn)
    with torch.no_grad():
        torch.testing.assert_close(read.form.run(seen["x"], read.weights), seen["y"], rtol=1e-5, atol=1e-5)


def test_reading_leaves_the_layer_as_it_was(build):
    model = spread(build).train()
    pair = find_decoder_ffns(model)[0].pair
    read_ffn(pair, HIDDEN)
    assert all(part.training for part in model.modules())
    assert not any(part._forward_hooks or part._forward_pre_hooks for part in model.modules())


def test_the_twin_starts_as_the_network_and_off_it_is_gone(build):
    base = spread(build)
    expected = logits(base)
    model = get_peft_model(copy.deepcopy(base), TwistConfig()).eval()
    torch.testing.assert_close(logits(model), expected, rtol=1e-5, atol=1e-5)
    shake(model)
    assert not torch.allclose(logits(model), expected, atol=1e-3)
    with model.disable_adapter():
        assert torch.equal(logits(model), expected)


def test_what_is_mixed_is_what_leaves_the_second_matrix(build):
    """Eq. 6 on the outputs of the network, by hand."""
    base = spread(build)
    model = shake(get_peft_model(copy.deepcopy(base), TwistConfig(layers=[1], num_experts=1))).eval()
    layer = next(module for module in model.modules() if isinstance(module, TwistLayer))
    experts, alpha = layer.twin_experts["default"], layer.alpha("default")
    pair = find_decoder_ffns(base)[1].pair
    seen = {}
    pair.entry.register_forward_pre_hook(lambda _, args: seen.update(x=args[0]))

    def mix(_module, _args, frozen):
        twin = experts(seen["x"].reshape(-1, HIDDEN), None).reshape(frozen.shape)
        return alpha * frozen + (1 - alpha) * twin

    pair.exit.register_forward_hook(mix)
    torch.testing.assert_close(logits(model), logits(base), rtol=1e-5, atol=1e-5)


def test_rows_of_a_batch_can_differ(build):
    model = shake(get_peft_model(spread(build), TwistConfig(layers="all"))).eval()
    with model.disable_adapter():
        off = logits(model)
    on = logits(model)
    mixed = logits(model, adapter_names=["default", "__base__", "default"])
    assert torch.equal(mixed[1], off[1])
    torch.testing.assert_close(mixed[[0, 2]], on[[0, 2]], rtol=1e-4, atol=1e-5)


def test_new_units_beside_a_pair(build):
    base = spread(build)
    model = get_peft_model(copy.deepcopy(base), TwistConfig(expert_rank=4)).eval()
    assert torch.equal(logits(model), logits(base))
    assert not torch.allclose(logits(shake(model)), logits(base), atol=1e-3)


def test_checkpointing_gives_the_same_gradients():
    gradients = []
    for checkpointing in (False, True):
        torch.manual_seed(0)
        model = shake(get_peft_model(spread(opt), TwistConfig(layers="all")))
        if checkpointing:
            model.base_model.model.activation_checkpointing_enable({"use_reentrant": False})
        calls = []
        find_decoder_ffns(model.get_base_model())[1].pair.entry.register_forward_hook(lambda *_: calls.append(1))  # noqa: B023
        model.train()
        model(**batch(), labels=batch()["input_ids"], use_cache=False).loss.backward()
        assert len(calls) == 1 + checkpointing
        gradients.append([p.grad for p in model.parameters() if p.requires_grad])
    assert all(grad is not None for grad in gradients[0])
    for plain, again in zip(*gradients, strict=True):
        torch.testing.assert_close(plain, again)


def test_compiled_in_one_graph():
    model = shake(get_peft_model(spread(bert), TwistConfig())).eval()
    expected = logits(model, use_cache=False)
    torch._dynamo.reset()
    compiled = torch.compile(model, backend="aot_eager", fullgraph=True)
    torch.testing.assert_close(logits(compiled, use_cache=False), expected)


def test_no_pass_leaves_its_input_behind(build):
    model = get_peft_model(spread(build), TwistConfig()).eval()
    entries = [module.entry for module in model.modules() if isinstance(module, TwistLayer)]
    logits(model)
    with model.disable_adapter():
        logits(model)
    assert entries
    assert all(entry.take() is None for entry in entries)


def test_unloading_leaves_no_hook(build):
    base = spread(build)
    expected = logits(base)
    model = get_peft_model(base, TwistConfig()).unload()
    assert torch.equal(logits(model), expected)
    assert not any(part._forward_hooks or part._forward_pre_hooks for part in model.modules())


def test_a_failure_to_wrap_leaves_no_hook():
    model = spread(opt)
    model.model.decoder.layers[2].fc2.weight = nn.Parameter(torch.zeros(HIDDEN, 48), requires_grad=False)
    model.model.decoder.layers[2].fc2.forward = lambda x: x.sum()  # cannot be read any longer
    with pytest.raises(BadModel, match=r"layers\.2\.fc2.*expert_rank"):
        get_peft_model(model, TwistConfig(layers="all"))
    assert not any(part._forward_hooks or part._forward_pre_hooks for part in model.modules())
    assert not any(isinstance(part, TwistLayer) for part in model.modules())


def test_copies_are_independent():
    model = shake(get_peft_model(spread(opt), TwistConfig())).eval()
    copied = copy.deepcopy(model)
    expected = logits(model)
    assert torch.equal(logits(copied), expected)
    shake(copied)
    logits(copied)
    assert torch.equal(logits(model), expected)


def test_saved_and_loaded_again(build, tmp_path):
    model = shake(get_peft_model(spread(build), TwistConfig())).eval()
    model.save_pretrained(tmp_path)
    loaded = PeftModel.from_pretrained(spread(build), tmp_path).eval()
    assert torch.equal(logits(loaded), logits(model))


def test_a_second_adapter_finds_the_same_places():
    model = get_peft_model(spread(opt), TwistConfig()).eval()
    model.add_adapter("other", TwistConfig(num_experts=1))
    places = [module for module in model.modules() if isinstance(module, TwistLayer)]
    assert [sorted(place.twin_experts) for place in places] == [["default", "other"]] * 2
    hooks = [len(place.entry.network.entry._forward_pre_hooks) for place in places]
    assert hooks == [1, 1]


def test_chunks_are_mixed_chunk_by_chunk():
    base = spread(bert)
    whole = shake_equally(get_peft_model(copy.deepcopy(base), TwistConfig())).eval()
    chunked = shake_equally(get_peft_model(load_into(bert_in_chunks, base), TwistConfig())).eval()
    with chunked.disable_adapter(), whole.disable_adapter():
        torch.testing.assert_close(logits(chunked), logits(whole))
    torch.testing.assert_close(logits(chunked), logits(whole), rtol=1e-4, atol=1e-5)


def shake_equally(model):
    torch.manual_seed(5)
    return shake(model)


def load_into(build, base):
    model = spread(build)
    model.load_state_dict(base.state_dict())
    return model


@pytest.mark.parametrize(
    ("model", "path"),
    [
        (lambda: BartForConditionalGeneration(BartConfig(**BART)), "model.decoder.layers.{}.fc2"),
        (
            lambda: VisionEncoderDecoderModel(
                VisionEncoderDecoderConfig.from_encoder_decoder_configs(
                    ViTConfig(hidden_size=HIDDEN, intermediate_size=48, num_hidden_layers=3, num_attention_heads=4),
                    BertConfig(**SIZES, intermediate_size=48),
                )
            ),
            "decoder.bert.encoder.layer.{}.output.dense",
        ),
    ],
    ids=["bart", "vision-encoder-decoder"],
)
def test_of_encoder_and_decoder_it_is_the_decoders(model, path):
    assert [ffn.path for ffn in find_decoder_ffns(model())] == [path.format(number) for number in range(3)]


def test_what_was_kept_is_taken_once():
    class Layer(nn.Module):
        def __init__(self):
            super().__init__()
            self.one, self.two = nn.Linear(4, 6), nn.Linear(6, 4)

        def forward(self, x):
            return self.two(self.one(x).relu())

    layer, x = Layer(), torch.randn(1, 3, 4)
    entry = EntryInput(PairedFfn(layer, layer.one, layer.two))
    layer(x)
    assert entry.take() is x
    assert entry.take() is None
    entry.remove()
    layer(x)
    assert entry.take() is None
