from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import LlamaConfig, LlamaForCausalLM

from twist_scout.errors import BadConfig
from twist_scout.twist.losses import (
    REDUCTIONS,
    StepwiseLoss,
    isolated_attention_mask,
    isolated_position_ids,
)

VOCABULARY = 40
#: transformers norms and, in eager attention, divides in float32 whatever the model's precision, and sums of other lengths are
#: rounded otherwise. A step that sees another one moves logits by a tenth and more.
ROUNDING = {"rtol": 0, "atol": 1e-5}

# One letter per token: p prompt, digits the step of an answer, . padding
ROWS = ["pppp1112222", "pp11122p33.", "ppppppp1111"]


def batch(rows, seed=0):
    """labels, step_ids, attention_mask and input_ids ``(rows, tokens)``."""
    generator = torch.Generator().manual_seed(seed)
    step_ids = torch.tensor([[int(c) if c.isdigit() else 0 for c in row] for row in rows])
    attention_mask = torch.tensor([[int(c != ".") for c in row] for row in rows])
    input_ids = torch.randint(1, VOCABULARY, step_ids.shape, generator=generator) * attention_mask
    labels = torch.where(step_ids > 0, input_ids, -100)
    return labels, step_ids, attention_mask, input_ids


def random_logits(shape, dtype=torch.float32):
    return torch.randn(*shape, VOCABULARY, generator=torch.Generator().manual_seed(1), dtype=dtype)


@pytest.fixture(scope="module", params=["sdpa", "eager"])
def model(request):
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=VOCABULARY,
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=3,
        num_attention_heads=2,
        initializer_range=0.3,
        attn_implementation=request.param,
    )
    return LlamaForCausalLM(config).double().eval()


def isolated_logits(model, labels, step_ids, attention_mask, input_ids):
    with torch.no_grad():
        return model(
            input_ids,
            attention_mask=isolated_attention_mask(attention_mask, labels, step_ids, torch.float64),
            position_ids=isolated_position_ids(attention_mask, labels, step_ids),
        ).logits


row = st.text("p12", min_size=11, max_size=11)


@given(st.lists(row, min_size=1, max_size=3), st.integers(0, 99))
@settings(max_examples=60, deadline=None)
def test_full_context_with_plain_sums_is_cross_entropy_to_the_last_bit(rows, seed):
    labels, step_ids, _, _ = batch(rows, seed)
    logits = random_logits(labels.shape).requires_grad_()
    loss = StepwiseLoss("full", "sum")(logits, labels, step_ids).loss
    reference = F.cross_entropy(logits[:, :-1].reshape(-1, VOCABULARY), labels[:, 1:].reshape(-1), reduction="sum")
    assert torch.equal(loss, reference)
    ours, theirs = (torch.autograd.grad(x, logits)[0] for x in (loss, reference))
    assert torch.equal(ours, theirs)


def test_token_mean_is_the_usual_loss_of_transformers(model):
    labels, step_ids, attention_mask, input_ids = batch(ROWS)
    with torch.no_grad():
        output = model(input_ids, attention_mask=attention_mask, labels=labels)
    loss = StepwiseLoss("full", "token_mean")(output.logits, labels, step_ids).loss
    torch.testing.assert_close(loss, output.loss, check_dtype=False)


def plain_steps(logits, labels, step_ids):
    """Mean and sum of every step of every answer, by loops: ``{(row, first place): (mean,
    sum)}``.
    """
    log_probabilities = logits.log_softmax(-1)
    steps: dict[tuple[int, int], list[float]] = {}
    for b in range(labels.shape[0]):
        for t in range(1, labels.shape[1]):
            if labels[b, t] == -100:
                continue
            if labels[b, t - 1] == -100 or step_ids[b, t] != step_ids[b, t - 1]:
                begin = t
            nll = -log_probabilities[b, t - 1, labels[b, t]].item()
            steps.setdefault((b, begin), []).append(nll)
    return list(steps.values())


def test_mean_per_step_weighs_every_step_alike():
    labels, step_ids, _, _ = batch(ROWS)
    logits = random_logits(labels.shape, torch.float64)
    steps = plain_steps(logits, labels, step_ids)
    assert [len(s) for s in steps] == [3, 4, 3, 2, 2, 4]
    expected = sum(sum(s) / len(s) for s in steps) / len(steps)
    loss = StepwiseLoss("full", "mean_per_step")(logits, labels, step_ids).loss
    assert loss.item() == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("context", ["full", "isolated"])
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_a_batch_in_parts_adds_up_to_the_whole(context, reduction):
    labels, step_ids, _, _ = batch(ROWS)
    logits = random_logits(labels.shape, torch.float64)
    loss = StepwiseLoss(context, reduction)
    whole = loss(logits, labels, step_ids).loss
    items = sum(loss.count(labels[i : i + 1], step_ids[i : i + 1]) for i in range(3))
    parts = [slice(0, 1), slice(1, 3)]
    added = sum(loss(logits[p], labels[p], step_ids[p], items).loss for p in parts)
    torch.testing.assert_close(added, whole)


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_isolated_is_full_when_there_is_one_step(model, reduction):
    labels, step_ids, attention_mask, input_ids = batch(["ppp1111.", "pppppp11"])
    with torch.no_grad():
        full = model(input_ids, attention_mask=attention_mask).logits
    isolated = isolated_logits(model, labels, step_ids, attention_mask, input_ids)
    a = StepwiseLoss("full", reduction)(full, labels, step_ids).loss
    b = StepwiseLoss("isolated", reduction)(isolated, labels, step_ids).loss
    torch.testing.assert_close(a, b)


def test_isolated_steps_are_what_each_step_would_be_alone(model):
    """Eq. 8 to the letter: prompt and step j in one sequence, nothing else, for every j."""
    prompt, steps = 4, [3, 1, 4]
    labels, step_ids, attention_mask, input_ids = batch(["pppp11123333"])
    isolated = isolated_logits(model, labels, step_ids, attention_mask, input_ids)
    losses = []
    begin = prompt
    for length in steps:
        own = slice(begin, begin + length)
        alone_ids = torch.cat([input_ids[:, :prompt], input_ids[:, own]], 1)
        with torch.no_grad():
            alone = model(alone_ids).logits
        torch.testing.assert_close(isolated[:, own], alone[:, prompt:], **ROUNDING)
        losses.append(F.cross_entropy(alone[0, prompt - 1 : -1], alone_ids[0, prompt:], reduction="sum"))
        begin += length
    result = StepwiseLoss("isolated", "sum")(isolated, labels, step_ids)
    torch.testing.assert_close(result.loss, torch.stack(losses).sum(), **ROUNDING)
    assert result.per_step == pytest.approx(
        {j: x.item() / n for j, (x, n) in enumerate(zip(losses, steps, strict=True), 1)}
    )


def test_isolated_steps_do_not_depend_on_each_other(model):
    labels, step_ids, attention_mask, input_ids = batch(["ppp111222333"])
    changed = input_ids.clone()
    changed[:, 6:9] = (changed[:, 6:9] + 7) % VOCABULARY  # step 2
    one = isolated_logits(model, labels, step_ids, attention_mask, input_ids)
    other = isolated_logits(model, labels, step_ids, attention_mask, changed)
    torch.testing.assert_close(one[:, 9:], other[:, 9:])
    assert not torch.allclose(one[:, 6:9], other[:, 6:9])


def test_padding_changes_nothing_and_later_turns_see_earlier_answers(model):
    labels, step_ids, attention_mask, input_ids = batch(["pp11122p33"])
    alone = isolated_logits(model, labels, step_ids, attention_mask, input_ids)
    fill = {-100: labels, 0: step_ids}
    padded = [F.pad(x, (0, 3), value=v) for v, x in fill.items()]
    padded += [F.pad(x, (0, 3)) for x in (attention_mask, input_ids)]
    torch.testing.assert_close(isolated_logits(model, *padded)[:, :10], alone, **ROUNDING)
    visible = isolated_attention_mask(attention_mask, labels, step_ids)[0, 0] == 0
    assert visible[8].tolist() == [True] * 9 + [False]  # step of turn 2: all before, and itself
    assert visible[5].tolist() == [True] * 2 + [False] * 3 + [True] + [False] * 4  # step 2 of turn 1
    padding = isolated_attention_mask(*[padded[i] for i in (2, 0, 1)])[0, 0, 10:]
    assert (padding < 0).all()  # not even itself: this is how the router tells padding


def test_rows_with_a_mask_and_positions_of_their_own(model):
    """Conversations packed into one row are what each is alone, in the isolated reading too."""
    labels, step_ids, _, input_ids = batch(["pp111222pp11122"])
    cut = 8
    owner = (torch.arange(15) >= cut).long()
    packed = ((owner[:, None] == owner) & torch.ones(15, 15, dtype=torch.bool).tril())[None, None]
    positions = torch.cat([torch.arange(cut), torch.arange(15 - cut)])[None]
    with torch.no_grad():
        found = model(
            input_ids,
            attention_mask=isolated_attention_mask(packed, labels, step_ids, torch.float64),
            position_ids=isolated_position_ids(packed, labels, step_ids, positions),
        ).logits
    for part in (slice(0, cut), slice(cut, 15)):
        own = [x[:, part] for x in (labels, step_ids, torch.ones_like(labels), input_ids)]
        torch.testing.assert_close(found[:, part], isolated_logits(model, *own), **ROUNDING)


def test_without_labels_the_loss_is_zero():
    labels, step_ids, _, _ = batch(["ppp", "ppp"])
    for reduction in REDUCTIONS:
        logits = random_logits(labels.shape).requires_grad_()
        result = StepwiseLoss("full", reduction)(logits, labels, step_ids)
        assert result.loss.item() == 0
        assert result.per_step == {}
        result.loss.backward()
        assert (logits.grad == 0).all()


def test_unknown_readings_are_refused():
    with pytest.raises(BadConfig, match="full, isolated"):
        StepwiseLoss("half")  # type: ignore[arg-type]
    with pytest.raises(BadConfig, match="token_mean, sum, mean_per_step"):
        StepwiseLoss("full", "mean")  # type: ignore[arg-type]
