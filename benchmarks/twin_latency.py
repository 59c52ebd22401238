"""What a twin costs at inference: latency with it, divided by latency without.

*Understanding mode* must cost nothing: the bare model and the wrapped one, whose adapter is switched
off or whose rows all say ``__base__``, share their weights to the byte and run in turns. The bar is
1.02 on the median over rounds. A second bare model runs too; what it takes more or less than the
first is noise.

*Grounding mode* on a dense base must cost what its arithmetic costs: the bar is 1.25 times the ratio of
floating-point operations, those of the bare model as torch counts them, those of the twin as its
matrices have them: 2 * tokens * numbers, of the experts that a token uses and of the router.

    python benchmarks/twin_latency.py --json benchmarks/results/twin-latency-cpu.json
    python benchmarks/twin_latency.py --device cuda --json benchmarks/results/twin-latency-cuda.json
"""

from __future__ import annotations

import argparse
import copy
import math
import statistics
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from peft import get_peft_model
from timing import arguments as common_arguments
from timing import interleaved, milliseconds, prepare, ratio, store
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode
from transformers import LlamaConfig, LlamaForCausalLM, MixtralConfig, MixtralForCausalLM, PhiConfig, PhiForCausalLM

from twist_scout import toyworld
from twist_scout.loading import load_base
from twist_scout.twist import TwistConfig, TwistLayer

UNDERSTANDING_BAR, GROUNDING_BAR = 1.02, 1.25
VOCAB = 1024


class Base(NamedTuple):
    """A model without a twin, and what it is asked."""

    name: str
    model: Any
    inputs: dict[str, Tensor]


def decoders(hidden: int, tokens: int, names: tuple[str, ...]) -> list[tuple[str, Callable[[], nn.Module]]]:
    """Random decoders of one width: gated and un-gated dense ones, and a mixture."""
    shared = {
        "vocab_size": VOCAB,
        "hidden_size": hidden,
        "num_hidden_layers": 4,
        "num_attention_heads": hidden // 64,
        "num_key_value_heads": hidden // 64,
        "max_position_embeddings": 2 * tokens,
        "pad_token_id": 0,
    }
    builders: dict[str, Callable[[], nn.Module]] = {
        "llama": lambda: LlamaForCausalLM(LlamaConfig(**shared, intermediate_size=3 * hidden)),
        "phi": lambda: PhiForCausalLM(PhiConfig(**shared, intermediate_size=4 * hidden)),
        "mixtral": lambda: MixtralForCausalLM(
            MixtralConfig(**shared, intermediate_size=2 * hidden, num_local_experts=4, num_experts_per_tok=2)
        ),
    }
    return [(name, builders[name]) for name in names]


def random_base(
    name: str, build: Callable[[], nn.Module], tokens: int, options: argparse.Namespace, dtype: Any
) -> Base:
    torch.manual_seed(0)
    model = build().to(options.device, dtype).eval()
    ids = torch.randint(3, VOCAB, (1, tokens), device=options.device)
    return Base(name, model, {"input_ids": ids, "attention_mask": torch.ones_like(ids)})


def pocket(options: argparse.Namespace, dtype: torch.dtype) -> Base:
    """The shipped vision-language model, with one picture."""
    model, processor = load_base(toyworld.pocket_base(), dtype=dtype, device=options.device)
    picture = toyworld.render(toyworld.sample_scene(0, split="test")).image
    messages = [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "What is in the picture?"}]}]
    text = processor.apply_chat_template(messages, add_generation_prompt=True)
    inputs = processor(text=[text], images=[[picture]], return_tensors="pt", add_special_tokens=False)
    inputs = inputs.to(options.device, dtype)
    return Base("pocket (LLaVA)", model, {**inputs})


def same_weights(model: Any) -> Any:
    """The model once more, with the very same tensors."""
    return copy.deepcopy(model, {id(tensor): tensor for tensor in [*model.parameters(), *model.buffers()]})


def wrapped(model: Any, **config: Any) -> Any:
    """The same weights once more, with a twin beside them; the model itself stays as it is."""
    return get_peft_model(same_weights(model), TwistConfig(**config)).eval()


def without_grad(run: Callable[[], Any]) -> Callable[[], Any]:
    return torch.inference_mode()(run)


def understanding(base: Base, options: argparse.Namespace, seconds: float) -> list[dict[str, Any]]:
    """Latency of understanding mode / latency of the bare model, of one pass and of an answer."""
    off, rows = wrapped(base.model, layers="all"), wrapped(base.model, layers="all")
    off.base_model.disable_adapter_layers()
    again = same_weights(base.model)
    names = ["__base__"] * len(base.inputs["input_ids"])
    answer = {"max_new_tokens": 8, "min_new_tokens": 8, "do_sample": False, "pad_token_id": 0}
    passes = {
        "bare": lambda: base.model(**base.inputs),
        "off": lambda: off(**base.inputs),
        "rows": lambda: rows(**base.inputs, adapter_names=names),
        "bare again": lambda: again(**base.inputs),
    }
    answers = {
        "bare": lambda: base.model.generate(**base.inputs, **answer),
        "off": lambda: off.generate(**base.inputs, **answer),
        "rows": lambda: rows.generate(**base.inputs, **answer, adapter_names=names),
        "bare again": lambda: again.generate(**base.inputs, **answer),
    }
    with torch.inference_mode():
        for mode in ("off", "rows"):
            assert torch.equal(passes[mode]().logits, passes["bare"]().logits)
    lines = []
    for what, runs in (("one pass", passes), ("8 tokens", answers)):
        times = interleaved({name: without_grad(run) for name, run in runs.items()}, options.device, seconds=seconds)
        lines.append(
            {
                "model": base.name,
                "what": what,
                "tokens": base.inputs["input_ids"].numel(),
                "bare_ms": round(milliseconds(times["bare"]), 4),
                "off": round(ratio(times, "off", "bare"), 4),
                "rows": round(ratio(times, "rows", "bare"), 4),
                "noise": round(ratio(times, "bare again", "bare"), 4),
                "rounds": len(times["bare"]),
            }
        )
    return lines


def grounding(base: Base, config: dict[str, Any], options: argparse.Namespace, seconds: float) -> dict[str, Any]:
    """Latency of grounding mode / latency of the bare model, and the ratio of the operations."""
    torch.manual_seed(1)
    model = wrapped(base.model, **config)
    spread_routers(model)
    times = interleaved(
        {
            "bare": without_grad(lambda: base.model(**base.inputs)),
            "twin": without_grad(lambda: model(**base.inputs)),
        },
        options.device,
        seconds=seconds,
    )
    found, arithmetic = ratio(times, "twin", "bare"), flop_ratio(base, model)
    return {
        "model": base.name,
        "config": config,
        "tokens": base.inputs["input_ids"].numel(),
        "bare_ms": round(milliseconds(times["bare"]), 4),
        "ratio": round(found, 4),
        "arithmetic": round(arithmetic, 4),
        "over_arithmetic": round(found / arithmetic, 4),
        "rounds": len(times["bare"]),
    }


def spread_routers(model: nn.Module) -> None:
    """Rows of the routers long enough for every expert to get tokens, as they do in training."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "twin_router" in name:
                parameter.normal_()


def flop_ratio(base: Base, model: nn.Module) -> float:
    """(bare + twin) / bare, in floating-point operations of one pass."""
    plain = same_weights(base.model)
    plain.set_attn_implementation("eager")  # torch does not count those of every fused attention
    with FlopCounterMode(display=False) as counter, torch.inference_mode():
        plain(**base.inputs)
    bare = counter.get_total_flops()
    tokens = base.inputs["input_ids"].numel()
    numbers = 0
    for layer in (module for module in model.modules() if isinstance(module, TwistLayer)):
        router: Any = dict(layer.twin_router.items()).get("default")  # there is none for one expert
        top_k = 1 if router is None else router.top_k
        matrices = [part for part in layer.twin_experts["default"].parameters() if part.dim() == 3]
        numbers += top_k * sum(math.prod(matrix.shape[1:]) for matrix in matrices)
        numbers += 0 if router is None else router.weight.numel()
    return (bare + 2 * tokens * numbers) / bare


TWINS: list[dict[str, Any]] = [
    {"num_experts": 1},
    {"num_experts": 2},
    {"num_experts": 4, "top_k": 2},
    {"num_experts": 2, "layers": "all"},
    {"num_experts": 2, "expert_rank": 16, "layers": "all"},
]


def main() -> None:
    options = common_arguments(__doc__).parse_args()
    dtype = prepare(options)
    seconds = options.seconds or (0.2 if options.quick else 10.0)
    on_gpu = options.device.type == "cuda"
    hidden, tokens = (64, 16) if options.quick else (2048, 1024) if on_gpu else (512, 128)
    built = decoders(hidden, tokens, ("llama", "phi", "mixtral"))
    bases = [random_base(f"{name} {hidden}", build, tokens, options, dtype) for name, build in built]
    dense = [base for base in bases if not base.name.startswith("mixtral")]

    print("Understanding mode / the bare model")
    print(
        f"{'model':<16} {'what':<9} {'tokens':>6} {'bare ms':>9} {'adapter off':>12} {'__base__ rows':>14} {'noise':>7}"
    )
    understood = []
    for base in [pocket(options, dtype), *bases]:
        for line in understanding(base, options, seconds):
            understood.append(line)
            print(
                f"{line['model']:<16} {line['what']:<9} {line['tokens']:>6} {line['bare_ms']:>9.2f} "
                f"{line['off']:>12.4f} {line['rows']:>14.4f} {line['noise']:>7.4f}",
                flush=True,
            )
    print("\nGrounding mode on dense bases / the bare model, one pass")
    print(f"{'model':<12} {'twin':<46} {'bare ms':>9} {'measured':>9} {'operations':>10} {'quotient':>9}")
    grounded = []
    for base in dense:
        for config in TWINS[:2] if options.quick else TWINS:
            line = grounding(base, config, options, seconds / 4)
            grounded.append(line)
            text = ", ".join(f"{key}={value}" for key, value in config.items())
            print(
                f"{line['model']:<12} {text:<46} {line['bare_ms']:>9.2f} {line['ratio']:>9.3f} "
                f"{line['arithmetic']:>10.3f} {line['over_arithmetic']:>9.3f}",
                flush=True,
            )
    off = [line["off"] for line in understood]
    over = [line["over_arithmetic"] for line in grounded]
    summary = {
        "understanding": {"median": statistics.median(off), "worst": max(off), "bar": UNDERSTANDING_BAR},
        "grounding": {"median": statistics.median(over), "worst": max(over), "bar": GROUNDING_BAR},
    }
    print()
    for name, own in summary.items():
        print(f"{name}: median {own['median']:.4f}, worst {own['worst']:.4f}, bar {own['bar']}")
    record = {"dtype": str(dtype).removeprefix("torch."), "summary": summary}
    store(options, {**record, "understanding": understood, "grounding": grounded})


if __name__ == "__main__":
    main()
