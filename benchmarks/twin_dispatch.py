"""Twin dispatch against transformers' own mixture-of-experts implementations, at equal sizes.

Both get the same tokens, the same choices and the same weights of a gated expert bank. Theirs are the
loop over experts of Qwen3-MoE (``eager``) and the functions behind ``experts_implementation``:
``batched_mm``, which copies the weights of each token's expert, and ``grouped_mm``. Reported is how
long ours takes, divided by how long *the best of theirs* takes on that line: the bar is 1. Ours runs
twice in every round; the one divided by the other says how much of a ratio is noise.

Forward+backward gives gradients to the experts, to the tokens and to the router's probabilities.

    python benchmarks/twin_dispatch.py --json benchmarks/results/twin-dispatch-cpu.json
    python benchmarks/twin_dispatch.py --device cuda --json benchmarks/results/twin-dispatch-cuda.json
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from timing import Runs, arguments, interleaved, milliseconds, prepare, ratio, store
from torch import Tensor
from transformers import Qwen3MoeConfig
from transformers.models.qwen3_moe.modeling_qwen3_moe import Qwen3MoeExperts

from twist_scout.twist.anatomy import ExpertWeights, Form, GatedActivation
from twist_scout.twist.dispatch import mixture
from twist_scout.twist.experts import ExpertBank
from twist_scout.twist.router import Routing

OURS = ("ours", "again")
THEIRS = ("eager", "batched_mm", "grouped_mm")
#: batched_mm copies the weights of an expert for each token and choice; beyond this it is left out.
MOST_COPIED = 2**30
#: Times the fastest of theirs: what takes longer at a first glance is left out of the rounds.
HOPELESS = 2


class Size(NamedTuple):
    """One line of the table."""

    experts: int
    top_k: int
    hidden: int
    tokens: int

    @property
    def inner(self) -> int:
        """Width inside an expert."""
        return 2 * self.hidden

    @property
    def copied(self) -> int:
        """Bytes, in fp32, that batched_mm gathers for its larger product."""
        return 4 * self.tokens * self.top_k * 2 * self.inner * self.hidden


def sizes(quick: bool) -> list[Size]:
    pairs = [(2, 1), (4, 2)]
    if quick:
        return [Size(*pair, 64, 32) for pair in pairs]
    widths = ((256, (64, 512, 2048)), (512, (512,)), (1024, (64, 512, 2048)))
    return [Size(*pair, hidden, count) for hidden, counts in widths for pair in pairs for count in counts]


def setup(size: Size, device: torch.device, dtype: torch.dtype) -> tuple[dict[str, Callable[[], Tensor]], list[Tensor]]:
    """The competitors, each a function without arguments, and what gets a gradient."""
    config = Qwen3MoeConfig(
        hidden_size=size.hidden,
        moe_intermediate_size=size.inner,
        num_experts=size.experts,
        num_experts_per_tok=size.top_k,
    )
    theirs: Any = Qwen3MoeExperts(config).to(device, dtype)
    for parameter in theirs.parameters():
        torch.nn.init.normal_(parameter, std=0.02)
    form = Form(True, GatedActivation(theirs.act_fn))
    stacks = zip(theirs.gate_up_proj, theirs.down_proj, strict=True)
    bank = ExpertBank([ExpertWeights(up.detach(), down.detach()) for up, down in stacks], form=form)
    bank.gate_up_proj, bank.down_proj = theirs.gate_up_proj, theirs.down_proj  # the very same weights
    tokens = torch.randn(size.tokens, size.hidden, device=device, dtype=dtype, requires_grad=True)
    logits = torch.randn(size.tokens, size.experts, device=device, requires_grad=True)

    def routing() -> Routing:
        probabilities = logits.softmax(dim=-1)
        weights, choices = probabilities.topk(size.top_k, dim=-1)
        return Routing(probabilities, choices, weights)

    def ours() -> Tensor:
        return mixture(tokens, bank, routing())

    def run_theirs(name: str) -> Callable[[], Tensor]:
        def run() -> Tensor:
            config._experts_implementation = name
            _, choices, weights = routing()
            weights = weights / weights.sum(dim=-1, keepdim=True)
            return theirs(tokens, choices, weights.to(dtype))

        return run

    names = [name for name in THEIRS if name != "batched_mm" or size.copied <= MOST_COPIED]
    runs = {"ours": ours} | {name: run_theirs(name) for name in names} | {"again": ours}
    return runs, [*theirs.parameters(), tokens, logits]


def check(runs: dict[str, Callable[[], Tensor]]) -> None:
    """All of them compute the same thing."""
    expected = runs["eager"]()
    close = {"rtol": 1e-4, "atol": 1e-5} if expected.dtype == torch.float32 else {"rtol": 5e-2, "atol": 5e-3}
    for run in runs.values():
        torch.testing.assert_close(run(), expected, **close)


def timed(run: Callable[[], Tensor], leaves: list[Tensor], backward: bool) -> Callable[[], None]:
    def forward_only() -> None:
        with torch.no_grad():
            run()

    def both() -> None:
        for leaf in leaves:
            leaf.grad = None
        run().sum().backward()

    return both if backward else forward_only


def main() -> None:
    parser = arguments(__doc__)
    options = parser.parse_args()
    dtype = prepare(options)
    seconds = options.seconds or (0.2 if options.quick else 2.0)
    lines = []
    print(
        f"{'E':>2} {'k':>2} {'hidden':>6} {'tokens':>6}  {'pass':<8} {'ours ms':>9}  best of theirs       ours / best   noise"
    )
    for size in sizes(options.quick):
        runs, leaves = setup(size, options.device, dtype)
        check(runs)
        for backward in (False, True):
            callables: Runs = {name: timed(run, leaves, backward) for name, run in runs.items()}
            glance = interleaved(callables, options.device, seconds=0, least=3)
            slow = {name: milliseconds(own) for name, own in glance.items() if name in THEIRS}
            slow = {name: own for name, own in slow.items() if own > HOPELESS * min(slow.values())}
            runs_left = {name: run for name, run in callables.items() if name not in slow}
            times = interleaved(runs_left, options.device, seconds=seconds)
            best = min((name for name in times if name in THEIRS), key=lambda name: statistics.median(times[name]))
            line = {
                **size._asdict(),
                "inner": size.inner,
                "pass": "both" if backward else "forward",
                "milliseconds": {name: round(milliseconds(times[name]), 4) for name in times},
                "ratios": {name: round(ratio(times, OURS, name), 4) for name in times if name in THEIRS},
                "left_out_ms": {name: round(own, 4) for name, own in slow.items()},
                "best": best,
                "ratio": round(ratio(times, OURS, best), 4),
                "noise": round(ratio(times, "again", "ours"), 4),
                "rounds": len(times["ours"]),
            }
            lines.append(line)
            print(
                f"{size.experts:>2} {size.top_k:>2} {size.hidden:>6} {size.tokens:>6}  {line['pass']:<8} "
                f"{line['milliseconds']['ours']:>9.3f}  {best:<10} {line['milliseconds'][best]:>9.3f} "
                f"{line['ratio']:>12.3f} {line['noise']:>7.3f}",
                flush=True,
            )
    summary = {}
    for name in ("forward", "both"):
        ratios = [line["ratio"] for line in lines if line["pass"] == name]
        summary[name] = {"median": statistics.median(ratios), "worst": max(ratios)}
        print(f"{name}: ours / best of theirs, median {statistics.median(ratios):.3f}, worst {max(ratios):.3f}")
    store(options, {"dtype": str(dtype).removeprefix("torch."), "summary": summary, "lines": lines})


if __name__ == "__main__":
    main()
