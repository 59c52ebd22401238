"""The load by kind of token, against routers run again outside the model."""

from __future__ import annotations

import json

import pytest
import torch
from peft import get_peft_model

from twist_scout.errors import BadInput, BadModel
from twist_scout.twist import TwistConfig, TwistLayer
from twist_scout.twist.load_report import LayerLoad, LoadReport, measure_load
from twist_scout.twist.token_kinds import KINDS, image_token_ids, token_kinds


class Spelling:
    """Spells ids of the tiny models: brackets, a comma, numbers."""

    def decode(self, ids):
        number = ids[0]
        return "[[" if number == 10 else "]]" if number == 11 else "," if number == 12 else f"{number % 100} "


BOX = [10, 20, 12, 21, 12, 22, 12, 23, 11]


def batch_of(family, seed=0):
    batch = family.inputs(rows=3, length=20, padding=(0, 3, 1))
    batch["input_ids"] = (batch["input_ids"] + seed).clamp(40, 95)  # words
    if family.sees:
        batch["input_ids"][:, :6] = 7
        batch["input_ids"][:, 1:5] = 5
    batch["input_ids"][0, 8 : 8 + len(BOX)] = torch.tensor(BOX)
    return batch


@pytest.fixture
def measured(wrap):
    def run(family, batches, **options):
        model = wrap(family, **options)
        return model, measure_load(model, batches, tokenizer=Spelling())

    return run


@pytest.mark.parametrize("top_k", [1, 2])
def test_choices_are_those_of_the_routers_by_kind(family, top_k, measured):
    batches = [batch_of(family), batch_of(family, seed=1)]
    model, report = measured(family, batches, num_experts=3, top_k=top_k)
    expected = {load.layer: torch.zeros(len(KINDS), 3, dtype=torch.long) for load in report.layers}
    tokens = torch.zeros(len(KINDS), dtype=torch.long)
    seen = {}
    for layer in (module for module in model.modules() if isinstance(module, TwistLayer)):
        layer.register_forward_pre_hook(lambda module, args: seen.update({module: args[0]}))
    for batch in batches:
        with torch.no_grad():
            model(**batch)
        kinds = token_kinds(
            batch["input_ids"],
            batch["attention_mask"],
            tokenizer=Spelling(),
            image_ids=image_token_ids(model.config),
        ).reshape(-1)
        for layer, hidden in seen.items():
            logits = hidden.reshape(-1, 32) @ layer.twin_router["default"].weight.T
            for kind, chosen in zip(kinds.tolist(), logits.topk(top_k).indices, strict=True):
                if kind >= 0:
                    expected[layer.index][kind, chosen] += 1
        tokens += torch.bincount(kinds[kinds >= 0], minlength=len(KINDS))
    assert report.tokens == dict(zip(KINDS, tokens.tolist(), strict=True))
    assert report.tokens["box digits"] == 8
    assert (report.tokens["image"] > 0) == family.sees
    for load in report.layers:
        assert load.choices == expected[load.layer].tolist()
        for kind in KINDS:
            share, count = load.share(kind), report.tokens[kind]
            assert share is None if count == 0 else sum(share) == pytest.approx(1)
            assert sum(load.choices[KINDS.index(kind)]) == top_k * count


def test_it_is_of_the_named_adapter_and_leaves_the_model_as_it_was(llama_family, wrap, logits):
    model, batch = wrap(llama_family, name="a"), batch_of(llama_family)
    model.add_adapter("b", TwistConfig(num_experts=4, layers=[3], alpha_init=0.2))
    before = logits(model, batch)
    report = measure_load(model, [batch], tokenizer=Spelling(), adapter="b")
    assert report.adapter == "b"
    assert [(load.layer, len(load.choices[0])) for load in report.layers] == [(3, 4)]
    assert report.layers[0].alpha == pytest.approx(0.2)
    assert model.active_adapters == ["a"]
    assert torch.equal(logits(model, batch), before)
    assert model.expert_load("a") == {}


def report_of(*choices, tokens=(4, 4, 4)):
    layers = [LayerLoad(number, 0.5, [list(kind) for kind in layer]) for number, layer in enumerate(choices)]
    return LoadReport("default", dict(zip(KINDS, tokens, strict=True)), layers)


def test_the_contrast_is_where_kinds_part_most():
    even, image, boxes = (2, 2), (3, 1), (0, 4)
    report = report_of((even, even, even), (image, even, boxes), (even, even, image))
    assert str(report.contrast) == (
        "Most divided: in layer 1, expert 1 takes 100% of the box digits and 25% of the image tokens."
    )
    assert report_of((even, (0, 0), (0, 0)), tokens=(4, 0, 0)).contrast is None
    blind = report_of(((0, 0), even, boxes), tokens=(0, 4, 4)).contrast
    assert (blind.more, blind.less, blind.shares) == ("box digits", "text", (1.0, 0.5))


def test_it_is_json():
    report = report_of(((2, 2), (0, 0), (1, 3)), tokens=(4, 0, 4))
    stored = json.loads(json.dumps(report.to_dict()))
    share = {"image": [0.5, 0.5], "text": None, "box digits": [0.25, 0.75]}
    assert stored["layers"] == [{"layer": 0, "alpha": 0.5, "share": share}]
    assert stored["tokens"] == {"image": 4, "text": 0, "box digits": 4}
    assert "layer 0" in stored["summary"]


def test_with_nothing_to_divide_it_says_so(llama_family, wrap):
    with pytest.raises(BadInput, match="num_experts=2"):
        measure_load(wrap(llama_family, num_experts=1), [batch_of(llama_family)], tokenizer=Spelling())
    with pytest.raises(BadInput, match="at least one"):
        measure_load(wrap(llama_family), [], tokenizer=Spelling())


def test_a_model_that_changes_the_sequence_is_refused(llama_family):
    class Longer(type(llama_family.model())):
        def forward(self, input_ids, attention_mask, **kwargs):
            return super().forward(torch.cat([input_ids, input_ids], dim=1), **kwargs)

    base = llama_family.model()
    base.__class__ = Longer
    with pytest.raises(BadModel, match="40 tokens where the batch has 20"):
        measure_load(
            get_peft_model(base, TwistConfig()),
            [{name: tensor[:1] for name, tensor in batch_of(llama_family).items()}],
            tokenizer=Spelling(),
        )
