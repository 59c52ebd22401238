"""Many skills, one base: adapters that differ in everything, row by row in one batch."""

from __future__ import annotations

import pytest
import torch
from peft import PeftModel

from twist_scout.twist import TwistConfig, TwistLayer

SKILLS = {
    "grounding": {},
    "medical": {"num_experts": 4, "top_k": 2, "layers": [1, 2], "alpha_scope": "layer", "alpha_init": 0.2},
    "ocr": {"expert_rank": 4, "num_experts": 3, "layers": "all", "alpha_learned": False},
    "charts": {"num_experts": 1, "layers": [3], "alpha_init": 0.6},
}
ROWS = ["__base__", "ocr", "grounding", "__base__", "medical", "charts", "ocr"]
GREEDY = {"max_new_tokens": 8, "min_new_tokens": 8, "do_sample": False}


@pytest.fixture
def skilled(wrap, shake):
    """A model with all the skills; the first one is active."""

    def build(family):
        names = iter(SKILLS)
        first = next(names)
        model = wrap(family, name=first, **SKILLS[first])
        for seed, name in enumerate(names, start=5):
            model.add_adapter(name, TwistConfig(**SKILLS[name]))
            shake(model, name, seed=seed)
        return model.eval()

    return build


def inputs(family, side="right"):
    return family.inputs(rows=len(ROWS), padding=(0, 3, 1, 2, 0, 4, 1), side=side)


def each_alone(model, run):
    """What every skill, and the base, makes of all rows."""
    found = {}
    for name in SKILLS:
        model.set_adapter(name)
        found[name] = run()
    with model.disable_adapter():
        found["__base__"] = run()
    return found


def largest_difference(mixed, alone):
    """Of each row to the row in a batch of its own kind, relative to the logits' size."""
    gaps = dict.fromkeys(alone, 0.0)
    for number, name in enumerate(ROWS):
        gap = (mixed[number] - alone[name][number]).abs().max() / alone[name].abs().max()
        gaps[name] = max(gaps[name], float(gap))
    return gaps


def test_skills_differ_in_layers_experts_and_alpha(dense, skilled):
    model = skilled(dense)
    assert {name: list(model.alphas(name)) for name in SKILLS} == {
        "grounding": [0, 2],
        "medical": [1, 2],
        "ocr": [0, 1, 2, 3],
        "charts": [3],
    }
    assert len(set(model.alphas("grounding").values())) == 1
    assert len(set(model.alphas("medical").values())) == 2
    assert {model.alphas("ocr")[layer] for layer in range(4)} == {0.5}  # fixed where it started
    for layer in (module for module in model.modules() if isinstance(module, TwistLayer)):
        for name, experts in layer.twin_experts.items():
            assert experts.num_experts == SKILLS[name].get("num_experts", 2)


def test_on_a_dense_base_rows_are_those_of_their_own_batch(dense, skilled, logits):
    """Understanding rows to the bit: the whole batch goes through every frozen network, whoever asks.

    An expert multiplies fewer rows at a time when not all are its own, and a product may add up in
    another order for another number of rows; nothing else can differ.
    """
    model, batch = skilled(dense), inputs(dense)
    alone = each_alone(model, lambda: logits(model, batch))
    mixed = logits(model, batch, adapter_names=ROWS)
    gaps = largest_difference(mixed, alone)
    assert gaps["__base__"] == 0
    assert torch.equal(alone["__base__"], logits(dense.model(), batch))
    assert all(gap < 1e-5 for gap in gaps.values()), gaps
    for number, name in enumerate(ROWS):  # and of no other batch
        others = [alone[other][number] for other in alone if other != name]
        assert all((mixed[number] - other).abs().max() > 1e-2 for other in others)


def test_on_a_mixture_rows_are_those_of_their_own_batch_up_to_rounding(mixed, skilled, logits):
    """A frozen expert's group holds the tokens of other rows too, and those differ with their skill.

    Which rows a product holds may change how it adds up: understanding rows are promised up to
    that rounding. The first mixture sees what it sees in a batch of understanding rows, so up to
    there they are equal to the bit. ``pytest -rP`` shows how far they are apart at the end.
    """
    model, batch = skilled(mixed), inputs(mixed)
    first = next(module for module in model.modules() if isinstance(module, TwistLayer))
    frozen = []
    first.base_layer.register_forward_hook(lambda _m, _i, output: frozen.append(output))
    alone = each_alone(model, lambda: logits(model, batch))
    rows = logits(model, batch, adapter_names=ROWS)
    of_understanding, of_rows = ((out[0] if isinstance(out, tuple) else out) for out in frozen[-2:])
    assert torch.equal(of_rows, of_understanding)
    gaps = largest_difference(rows, alone)
    print("largest difference, relative to the logits:", gaps)
    assert all(gap < 1e-5 for gap in gaps.values()), gaps


def test_rows_generate_each_with_its_skill(family, skilled):
    model, batch = skilled(family), inputs(family, side="left")
    alone = each_alone(model, lambda: model.generate(**batch, **GREEDY))
    rows = model.generate(**batch, **GREEDY, adapter_names=ROWS)
    for number, name in enumerate(ROWS):
        assert torch.equal(rows[number], alone[name][number]), name
    assert len({tuple(answers[0].tolist()) for answers in alone.values()}) > 2


def test_the_active_skill_does_not_matter_to_rows(dense, skilled, logits):
    model, batch = skilled(dense), inputs(dense)
    expected = logits(model, batch, adapter_names=ROWS)
    model.set_adapter("charts")
    assert torch.equal(logits(model, batch, adapter_names=ROWS), expected)


def test_each_is_stored_and_loaded_alone_and_together(family, skilled, logits, tmp_path):
    model, batch = skilled(family), inputs(family)
    alone = each_alone(model, lambda: logits(model, batch))
    rows = logits(model, batch, adapter_names=ROWS)
    model.save_pretrained(tmp_path)
    for name in SKILLS:
        loaded = PeftModel.from_pretrained(family.model(), tmp_path / name).eval()
        assert torch.equal(logits(loaded, batch), alone[name])
    together = PeftModel.from_pretrained(family.model(), tmp_path / "ocr", adapter_name="ocr")
    for name in ("charts", "medical", "grounding"):  # in another order
        together.load_adapter(tmp_path / name, name)
    assert torch.equal(logits(together.eval(), batch, adapter_names=ROWS), rows)


def test_one_is_stored_by_name(dense, skilled, tmp_path):
    skilled(dense).save_pretrained(tmp_path, selected_adapters=["medical"])
    assert [folder.name for folder in tmp_path.iterdir() if folder.is_dir()] == ["medical"]


@pytest.mark.parametrize("deleted", SKILLS)
@pytest.mark.filterwarnings("ignore:Adapter .* was active")
def test_deleting_one_leaves_the_others(family, skilled, logits, deleted):
    model, batch = skilled(family), inputs(family)
    rows = [name if name != deleted else "__base__" for name in ROWS]
    expected = logits(model, batch, adapter_names=rows)
    model.delete_adapter(deleted)
    assert set(model.peft_config) == set(SKILLS) - {deleted}
    assert not any(f".{deleted}." in name for name in model.state_dict())
    assert torch.equal(logits(model, batch, adapter_names=rows), expected)
    with model.disable_adapter():
        assert torch.equal(logits(model, batch), logits(family.model(), batch))


def test_alpha_is_overridden_for_one_skill_alone(dense, skilled, logits):
    model, batch = skilled(dense), inputs(dense)
    before = logits(model, batch, adapter_names=ROWS)
    with model.override_alpha({"ocr": 1}):
        after = logits(model, batch, adapter_names=ROWS)
    same = torch.tensor([name != "ocr" for name in ROWS])
    assert torch.equal(after[same], before[same])
    assert torch.equal(after[~same], logits(dense.model(), batch)[~same])
