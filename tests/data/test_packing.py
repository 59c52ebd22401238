"""Packing computes the picture once and changes nothing else."""

from __future__ import annotations

import pytest
import torch

from twist_scout.data.collator import GroundingCollator
from twist_scout.data.dataset import ExampleDataset
from twist_scout.data.packing import GroupedByPicture, PackingCollator
from twist_scout.errors import BadConfig, BadInput
from twist_scout.toyworld.examples import write_dataset
from twist_scout.toyworld.pocket.model import build_model, build_processor
from twist_scout.twist.losses import StepwiseLoss


@pytest.fixture(scope="module")
def examples(tmp_path_factory):
    folder = tmp_path_factory.mktemp("packing")
    return ExampleDataset(write_dataset(folder, range(3), size=60, per_scene=4))


@pytest.fixture(scope="module")
def collator():
    return GroundingCollator(build_processor())


def test_groups_share_a_picture_and_leave_nobody_out(examples) -> None:
    groups = GroupedByPicture(examples, 3)
    listed = [groups[i] for i in range(len(groups))]
    assert all(len({e.image for e in g}) == 1 and len(g) <= 3 for g in listed)
    assert sorted(e.id for g in listed for e in g) == sorted(examples[i].id for i in range(len(examples)))


def test_a_packed_batch_computes_what_its_examples_compute_alone(examples, collator) -> None:
    torch.manual_seed(0)
    model = build_model(experts=False).eval()
    groups = GroupedByPicture(examples, 4)
    listed = [groups[0], groups[1][:2]]
    packed = PackingCollator(collator)(listed)
    single = collator([e for g in listed for e in g])
    criterion = StepwiseLoss(reduction="mean_per_step")
    with torch.no_grad():
        one = model(**{k: v for k, v in single.items() if k not in ("labels", "step_ids")}).logits
        two = model(**{k: v for k, v in packed.items() if k not in ("labels", "step_ids")}).logits
    alone = criterion(one, single["labels"], single["step_ids"])
    together = criterion(two, packed["labels"], packed["step_ids"])
    assert torch.allclose(alone.loss, together.loss, atol=1e-5)
    assert torch.equal(alone.step_tokens, together.step_tokens)
    assert torch.allclose(alone.step_nll, together.step_nll, rtol=1e-4)


def test_the_picture_is_there_once_per_row(examples, collator) -> None:
    packed = PackingCollator(collator)([GroupedByPicture(examples, 4)[0]])
    assert len(packed["pixel_values"]) == 1
    assert (packed["input_ids"] == collator.processor.image_token_id).sum() == 144


def test_what_cannot_be_packed_is_refused(collator) -> None:
    with pytest.raises(BadConfig, match="max_length"):
        PackingCollator(GroundingCollator(collator.processor, max_length=10))
    with pytest.raises(BadConfig, match="at least one"):
        GroupedByPicture([], 0)


def test_examples_that_differ_before_their_picture_are_refused(examples, collator) -> None:
    group = GroupedByPicture(examples, 2)[0]
    system = group[0].messages[0].model_copy(update={"role": "system", "content": "Be brief."})
    other = group[1].model_copy(update={"messages": [system, *group[1].messages]})
    with pytest.raises(BadInput, match="cannot be packed"):
        PackingCollator(collator)([[group[0], other]])
