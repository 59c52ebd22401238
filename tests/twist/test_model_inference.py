"""The laws of inference: what is computed does not depend on how it is computed."""

from __future__ import annotations

import pytest
import torch

GREEDY = {"max_new_tokens": 8, "min_new_tokens": 8, "do_sample": False}


def on_the_left(batch):
    """The same rows with their padding in front."""
    moved = dict(batch)
    counts = (batch["attention_mask"] == 0).sum(dim=1).tolist()
    for name in ("input_ids", "attention_mask"):
        rows = zip(batch[name], counts, strict=True)
        moved[name] = torch.stack([row.roll(count) for row, count in rows])
    return moved


def test_real_tokens_do_not_see_on_which_side_the_padding_is(family, variant, wrap, logits):
    model, right = wrap(family, **variant), family.inputs()
    left = on_the_left(right)
    assert not torch.equal(left["attention_mask"], right["attention_mask"])
    ours, theirs = (logits(model, batch)[batch["attention_mask"].bool()] for batch in (left, right))
    torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-4)


def test_a_row_answers_as_it_does_alone(family, wrap, answers):
    model, batch = wrap(family), family.inputs(side="left")
    together = answers(model, family)
    for row, mask in enumerate(batch["attention_mask"].bool()):
        alone = {name: tensor[row : row + 1] for name, tensor in batch.items()}
        alone |= {name: alone[name][:, mask] for name in ("input_ids", "attention_mask")}
        assert torch.equal(model.generate(**alone, **GREEDY)[0, -8:], together[row, -8:])


def test_every_attention_gives_the_same(family, variant, wrap, logits):
    model, batch = wrap(family, **variant), family.inputs()
    found = {}
    for kind in ("eager", "sdpa"):
        model.get_base_model().set_attn_implementation(kind)
        assert model.config.get_text_config()._attn_implementation == kind
        found[kind] = logits(model, batch)[batch["attention_mask"].bool()]
    torch.testing.assert_close(found["sdpa"], found["eager"], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("options", [{"use_cache": False}, {"cache_implementation": "static"}], ids=["none", "static"])
def test_every_cache_gives_the_same_answer(family, options, wrap, answers):
    model = wrap(family)
    with_cache = answers(model, family)
    assert torch.equal(answers(model, family, **options), with_cache)
    assert not torch.equal(answers(family.model(), family), with_cache)  # and it is the twin's own


def test_the_twin_sees_one_token_at_a_time_as_it_sees_them_together(family, variant, wrap, logits):
    model, batch = wrap(family, **variant), family.inputs(padding=(0, 0, 0))
    whole = logits(model, batch)
    prompt = {**batch, "input_ids": batch["input_ids"][:, :8], "attention_mask": batch["attention_mask"][:, :8]}
    with torch.no_grad():
        step = model(**prompt, use_cache=True)
        pieces = [step.logits]
        for place in range(8, 12):
            token = batch["input_ids"][:, place : place + 1]
            mask = batch["attention_mask"][:, : place + 1]
            step = model(input_ids=token, attention_mask=mask, past_key_values=step.past_key_values, use_cache=True)
            pieces.append(step.logits)
    torch.testing.assert_close(torch.cat(pieces, dim=1), whole, rtol=1e-4, atol=1e-4)
