"""Dispatch against the sum of Eq. 1, computed one token at a time."""

from __future__ import annotations

import pytest
import torch
from transformers.integrations.moe import ALL_EXPERTS_FUNCTIONS

from twist_scout.twist import dispatch
from twist_scout.twist import experts as modules
from twist_scout.twist.anatomy import ExpertWeights, Form, GatedActivation
from twist_scout.twist.dispatch import by_expert, grouped_linear, has_kernel, mixture
from twist_scout.twist.experts import ExpertBank, WholeExperts
from twist_scout.twist.router import TwinRouter

HIDDEN, INNER, TOKENS = 16, 24, 11
FORMS = {
    "gated": Form(True, GatedActivation(torch.nn.functional.silu)),
    "gated-apart": Form(True, GatedActivation(torch.nn.functional.silu), apart=True),
    "un-gated": Form(False, torch.nn.functional.gelu),
}


def bank(form, experts=3, bias=False, seed=0, same=False):
    generator = torch.Generator().manual_seed(seed)

    def weights():
        rows = INNER * (1 + form.gated)
        shapes = [(rows, HIDDEN), (HIDDEN, INNER)] + [(rows,), (HIDDEN,)] * bias
        return ExpertWeights(*(torch.randn(s, generator=generator) * 0.3 for s in shapes))

    own = [weights() for _ in range(experts)]
    return ExpertBank([own[0]] * experts if same else own, form=form)


def router(experts=3, top_k=1):
    rows = torch.randn(experts, HIDDEN, generator=torch.Generator().manual_seed(1))
    return TwinRouter(rows, top_k=top_k)


def tokens():
    return torch.randn(TOKENS, HIDDEN, generator=torch.Generator().manual_seed(2))


def plain(x, experts, routing):
    """Eq. 1, token by token."""
    rows = []
    for n, token in enumerate(x):
        weights = routing.weights[n] / routing.weights[n].sum()
        outputs = [experts.form.run(token[None], experts.expert(int(e))) for e in routing.choices[n]]
        rows.append(sum(w * out[0] for w, out in zip(weights, outputs, strict=True)))
    return torch.stack(rows)


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("top_k", [1, 2, 3])
@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())
def test_it_is_equation_1(form, top_k, bias):
    x, experts = tokens(), bank(form, bias=bias)
    routing = router(top_k=top_k)(x)
    torch.testing.assert_close(mixture(x, experts, routing), plain(x, experts, routing))


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("top_k", [1, 2])
@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())
def test_every_way_to_multiply_computes_and_differentiates_the_same(form, top_k, bias, monkeypatch):
    """The loop over experts, torch's grouped product, and transformers' function around it."""
    results = []
    for way in ("loop", "torch", "transformers"):
        monkeypatch.setattr(dispatch, "has_kernel", lambda stack, way=way: way == "torch")
        monkeypatch.setattr(modules, "has_kernel", lambda stack, way=way: way == "torch")
        monkeypatch.setattr(ExpertBank, "_wants_kernel", lambda self, tokens, way=way: way == "transformers")
        x, experts, gate = tokens().requires_grad_(), bank(form, bias=bias), router(top_k=top_k)
        out = mixture(x, experts, gate(x))
        out.square().sum().backward()
        gradients = [p.grad for p in (*experts.parameters(), *gate.parameters())]
        results.append([out, x.grad, *gradients])
    for loop, *others in zip(*results, strict=True):
        for other in others:
            torch.testing.assert_close(other, loop, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())
def test_a_bank_is_what_transformers_batched_kernel_expects_too(form):
    x, experts = tokens(), bank(form, bias=True)
    routing = router(top_k=2)(x)
    weights = routing.weights / routing.weights.sum(-1, keepdim=True)
    theirs = ALL_EXPERTS_FUNCTIONS["batched_mm"](experts, x, routing.choices, weights)
    torch.testing.assert_close(mixture(x, experts, routing), theirs)


@pytest.mark.parametrize("top_k", [1, 2, 3])
def test_experts_that_agree_give_exactly_what_they_agree_on(top_k):
    class Constant(torch.nn.Module):
        def forward(self, tokens, choices):
            return (tokens * 0.1).repeat_interleave(choices.shape[1], dim=0)

    x = tokens().requires_grad_()
    assert torch.equal(mixture(x, Constant(), router(top_k=top_k)(x)), x * 0.1)


@pytest.mark.parametrize("top_k", [1, 2])
def test_the_routers_gradient_is_that_of_weights_over_a_constant_sum(top_k):
    x, experts, gate = tokens(), bank(FORMS["gated"]), router(top_k=top_k)
    probe = torch.randn(TOKENS, HIDDEN, generator=torch.Generator().manual_seed(3))
    (mixture(x, experts, gate(x)) * probe).sum().backward()
    own = gate.weight.grad.clone()
    gate.weight.grad = None
    routing = gate(x)
    weights = routing.weights / routing.weights.sum(-1, keepdim=True).detach()
    each = torch.stack([experts.form.run(x, experts.expert(e)) for e in range(3)], dim=1)
    chosen = each.gather(1, routing.choices[..., None].expand(-1, -1, HIDDEN)).detach()
    ((weights[..., None] * chosen).sum(1) * probe).sum().backward()
    torch.testing.assert_close(own, gate.weight.grad, rtol=1e-4, atol=1e-5)
    assert own.abs().sum() > 0


def test_experts_without_tokens_get_no_gradient():
    experts, choices = bank(FORMS["gated"], bias=True), torch.full((TOKENS, 1), 2)
    experts(tokens(), choices).sum().backward()
    for parameter in experts.parameters():
        assert parameter.grad[:2].abs().sum() == 0
        assert parameter.grad[2].abs().sum() > 0


def test_what_an_expert_does_not_get_cannot_harm_it():
    experts, choices = bank(FORMS["gated"]), torch.arange(TOKENS)[:, None] % 2
    with torch.no_grad():
        experts.gate_up_proj[2].fill_(torch.nan)
    assert experts(tokens(), choices).isfinite().all()


@pytest.mark.parametrize("counts", [[3, 0, 7, 1], [0, 0, 0, 11], [11, 0, 0, 0], [0, 0, 0, 0]])
@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("width", [8, 6])  # of 6 numbers there is no kernel
def test_a_grouped_product_is_the_product_with_each_experts_matrix(width, bias, counts):
    def gradients(product):
        generator = torch.Generator().manual_seed(4)
        shapes = [(sum(counts), width), (4, 12, width)] + [(4, 12)] * bias
        leaves = [torch.randn(shape, generator=generator, requires_grad=True) for shape in shapes]
        out = product(*leaves, *([] if bias else [None]))
        (out * torch.randn(out.shape, generator=generator)).sum().backward()
        return [out, *(leaf.grad for leaf in leaves)]

    def plain(rows, stack, biases):
        groups = zip(rows.split(counts), stack, biases if bias else [None] * 4, strict=True)
        return torch.cat([torch.nn.functional.linear(*group) for group in groups])

    assert has_kernel(torch.empty(4, 12, width)) == (width == 8)
    found = gradients(lambda *given: grouped_linear(*given, torch.tensor(counts)))
    for ours, theirs in zip(found, gradients(plain), strict=True):
        torch.testing.assert_close(ours, theirs)


@pytest.mark.parametrize("bias", [False, True])
def test_the_loop_has_the_derivatives_of_its_product(bias):
    generator = torch.Generator().manual_seed(4)
    shapes = [(6, 3), (4, 5, 3)] + [(4, 5)] * bias
    leaves = [torch.randn(shape, generator=generator, dtype=torch.float64, requires_grad=True) for shape in shapes]
    counts = torch.tensor([2, 0, 3, 1])
    assert torch.autograd.gradcheck(lambda *own: grouped_linear(*own[:2], own[2] if bias else None, counts), leaves)


def test_a_grouped_product_adds_up_as_a_single_one_does():
    generator = torch.Generator().manual_seed(5)
    rows, stack, biases = (torch.randn(*shape, generator=generator) for shape in ((40, 16), (2, 24, 16), (2, 24)))
    found = grouped_linear(rows, stack, biases, torch.tensor([15, 25]))
    for expert, own in enumerate((slice(0, 15), slice(15, 40))):
        assert torch.equal(found[own], torch.nn.functional.linear(rows[own], stack[expert], biases[expert]))


def test_a_grouped_product_makes_no_gradient_that_nobody_asked_for():
    rows, stack = torch.randn(5, 6, requires_grad=True), torch.randn(2, 8, 6)
    grouped_linear(rows, stack, None, torch.tensor([2, 3])).sum().backward()
    assert stack.grad is None
    assert rows.grad is not None
    stack.requires_grad_()
    grouped_linear(rows.detach(), stack, None, torch.tensor([2, 3])).sum().backward()
    assert stack.grad is not None


def test_a_grouped_product_takes_part_in_autocast():
    rows, stack, bias = torch.randn(5, 6), torch.randn(2, 8, 6, requires_grad=True), torch.randn(2, 8)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        product = grouped_linear(rows, stack, bias, torch.tensor([2, 3]))
        first = torch.nn.functional.linear(rows[:2], stack[0], bias[0])
    assert product.dtype == torch.bfloat16
    assert torch.equal(product[:2], first)
    product.float().sum().backward()
    assert stack.grad.dtype == torch.float32


def test_sorting_keeps_the_order_within_an_expert():
    order, inverse, counts = by_expert(torch.tensor([2, 0, 2, 0, 0]), 4)
    assert order.tolist() == [1, 3, 4, 0, 2]
    assert order[inverse].tolist() == [0, 1, 2, 3, 4]
    assert counts.tolist() == [3, 0, 2, 0]


def test_copies_of_a_whole_module_dispatch_alike():
    class Odd(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = torch.nn.Linear(HIDDEN, HIDDEN)

        def forward(self, x):
            return self.inner(x).tanh(), "and something else"

    torch.manual_seed(0)
    module = Odd().requires_grad_(False)
    seen = []
    module.register_forward_hook(lambda *_: seen.append(1))
    experts = WholeExperts(module, num_experts=3)
    x = tokens()
    routing = router()(x)
    torch.testing.assert_close(mixture(x, experts, routing), module.inner(x).tanh())
    assert not seen  # hooks of others stay with the original
    assert all(p.requires_grad for p in experts.parameters())


@pytest.mark.parametrize("top_k", [1, 2])
def test_compiled_every_expert_sees_all_tokens_where_no_kernel_fits(top_k):
    """Of copies of whole modules, and of experts with a bias on one side alone, there is no kernel."""
    x, gate = tokens(), router(top_k=top_k)
    for experts in (bank(FORMS["un-gated"], bias=True), WholeExperts(torch.nn.Linear(HIDDEN, HIDDEN), num_experts=3)):
        if isinstance(experts, ExpertBank):
            experts.up_proj_bias = None
        else:
            for number, copied in enumerate(experts.copies):
                torch.nn.init.normal_(copied.weight, generator=torch.Generator().manual_seed(number))
        torch._dynamo.reset()
        compiled = torch.compile(mixture, fullgraph=True, backend="eager")
        with torch.no_grad():
            torch.testing.assert_close(compiled(x, experts, gate(x)), mixture(x, experts, gate(x)))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("rank", [3, 4, 8])
def test_no_width_is_too_odd_for_a_kernel(rank, dtype):
    """Kernels want rows of whole 16 bytes; experts of few hidden units have shorter ones."""
    generator = torch.Generator().manual_seed(6)
    shapes = ((2 * rank, HIDDEN), (HIDDEN, rank))
    own = [ExpertWeights(*(torch.randn(s, generator=generator).to(dtype) * 0.3 for s in shapes)) for _ in range(3)]
    experts = ExpertBank(own, form=FORMS["gated"])
    x, gate = tokens().to(dtype), router(top_k=2)
    torch._dynamo.reset()
    compiled = torch.compile(mixture, fullgraph=True, backend="aot_eager")
    close = {} if dtype == torch.float32 else {"rtol": 2e-2, "atol": 2e-2}
    with torch.no_grad():
        expected = plain(x, experts, gate(x)).to(dtype)
        torch.testing.assert_close(mixture(x, experts, gate(x)), expected, **close)
        torch.testing.assert_close(compiled(x, experts, gate(x)), expected, **close)
