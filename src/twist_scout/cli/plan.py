"""``twist-scout plan``: what a twin costs on a model, before any weight is loaded."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Any

import typer

from twist_scout.cli import console, options

if TYPE_CHECKING:
    from rich.table import Table

    from twist_scout.twist.config import TwistConfig
    from twist_scout.twist.plan import Plan
    from twist_scout.twist.plan_forms import Form


def plan(
    model: Annotated[
        str,
        typer.Argument(
            metavar="MODEL_OR_CONFIG",
            help="Model folder, config.json, or hub id (owner/name; its config alone is downloaded).",
            show_default=False,
        ),
    ],
    experts: Annotated[int, typer.Option(min=1, help="Learnable experts per twinned layer (E of Eq. 1).")] = 2,
    top_k: Annotated[int, typer.Option(min=1, help="Experts that each token uses.")] = 1,
    layers: Annotated[
        str,
        typer.Option(
            metavar="RULE|NUMBERS",
            help="Layers that get a twin: auto (the mixture-of-experts layers if there are any, else alternate), "
            "alternate, all, moe, or numbers such as 0,4,8.",
        ),
    ] = "auto",
    expert_rank: Annotated[
        int | None,
        typer.Option(
            min=1, help="Experts of low rank: the frozen network plus this many hidden units. Without it, full size."
        ),
    ] = None,
    alpha_scope: Annotated[str, typer.Option(help="shared: one alpha; layer: one alpha per layer.")] = "shared",
    expert_dtype: Annotated[
        str | None,
        typer.Option(help="Precision of the experts (float32, bfloat16, float16). Without it, that of the base."),
    ] = None,
    dtype: Annotated[
        str | None,
        typer.Option(help="Precision of the base (float32, bfloat16, float16). Without it, as its config says."),
    ] = None,
    seq_length: Annotated[
        int,
        typer.Option(min=1, help="Tokens per row, the picture's included; with packing, of the whole packed row."),
    ] = 2048,
    batch_size: Annotated[int, typer.Option(min=1, help="Rows per device and step.")] = 1,
    answer_length: Annotated[
        int, typer.Option(min=1, help="Tokens per row that are learned: the answers'. The loss is computed on them.")
    ] = 256,
    json: options.Json = False,
) -> None:
    """Say what twin experts would cost on MODEL_OR_CONFIG: layers, parameters, memory, file size.

    Only the config is read. A second table compares forms of the twin, so that
    you can choose: fewer experts, fewer layers, experts of low rank.
    Parameters, weights, optimizer states, KV cache and the adapter file are
    exact; activations are an estimate, and its formula is printed.

    Examples:
      twist-scout plan my-model/
      twist-scout plan config.json --expert-rank 16 --layers all
      twist-scout plan owner/name --seq-length 4096 --batch-size 4 --json
    """
    from twist_scout.twist.config import TwistConfig
    from twist_scout.twist.memory_estimate import Batch
    from twist_scout.twist.meta_model import build_meta_model
    from twist_scout.twist.plan import make_plan
    from twist_scout.twist.plan_forms import cheaper_forms

    console.quiet_libraries()
    config = TwistConfig(
        num_experts=experts,
        top_k=top_k,
        layers=_layers(layers),
        expert_rank=expert_rank,
        alpha_scope=alpha_scope,
        expert_dtype=expert_dtype,
    )
    batch = Batch(rows=batch_size, length=seq_length, learned=answer_length)
    base = build_meta_model(model, dtype=dtype)
    result = make_plan(base.model, config, batch)
    forms = cheaper_forms(base.model, config, batch)
    if json:
        console.print_json(
            {
                "source": model,
                **result.to_dict(),
                "forms": [form.to_dict() for form in forms],
                "notes": list(base.notes),
            }
        )
        return
    _show(result, forms, config, base.notes)


def _layers(text: str) -> str | list[int]:
    """The rule, or the numbers of layers."""
    if not re.fullmatch(r"\s*\d+\s*(,\s*\d+\s*)*", text):
        return text
    return [int(number) for number in text.split(",")]


def _show(result: Plan, forms: list[Form], config: TwistConfig, notes: tuple[str, ...]) -> None:
    from twist_scout.twist.memory_estimate import ACTIVATION_FORMULA

    screen = console.out()
    screen.print(f"{result.model} in {result.dtype}, {result.base:,} parameters", style="bold")
    screen.print(_layer_table(result))
    screen.print(_parameter_table(result))
    screen.print(_memory_table(result))
    screen.print(f"Adapter file: {_size(result.adapter_file)}\n")
    screen.print(_form_table(forms, config))
    problems = dict.fromkeys(f"-: {form.problem}" for form in forms if form.problem)
    for note in (*problems, *notes, ACTIVATION_FORMULA):
        screen.print(note, style="dim", markup=False)


def _layer_table(result: Plan) -> Table:
    """One line for each kind of network."""
    table = _table(f"Layers with a twin: {len(result.layers)} of {result.decoder_layers}")
    for name in ("layers", "module", "class", "kind"):
        table.add_column(name, overflow="fold")
    groups: dict[tuple[str, str, str], list[int]] = {}
    for layer in result.layers:
        path = re.sub(rf"\.{layer.index}\.", ".*.", layer.path, count=1)
        groups.setdefault((path, layer.module, layer.kind), []).append(layer.index)
    for (path, module, kind), indices in groups.items():
        table.add_row(_ranges(indices), path, module, kind)
    return table


def _parameter_table(result: Plan) -> Table:
    table = _table("Parameters")
    table.add_column("")
    table.add_column("number", justify="right")
    table.add_column("of all", justify="right")
    for name, count in (
        ("trainable (the twin)", result.trainable),
        ("of those active per token", result.active),
        ("total", result.total),
    ):
        table.add_row(name, f"{count:,}", f"{count / result.total:.2%}")
    return table


def _memory_table(result: Plan) -> Table:
    batch = result.batch
    table = _table(
        f"Memory: batch size {batch.rows}, {batch.length} tokens per row, {min(batch.learned, batch.length)} of them learned"
    )
    for name in ("", "training", "with gradient checkpointing", "inference"):
        table.add_column(name, justify="right" if name else "left")
    columns = [result.training, result.training_with_checkpointing, result.inference]
    rows = {
        "weights of the base": "base_weights",
        "weights of the twin": "twin_weights",
        "gradients": "gradients",
        "AdamW states": "optimizer",
        "activations (estimate)": "activations",
        "KV cache": "kv_cache",
        "total": "total",
    }
    unit = _unit(result.training.total)  # one for all, so that they can be compared at a glance
    for name, key in rows.items():
        if key == "total":
            table.add_section()
        values = [getattr(column, key, None) for column in columns]
        table.add_row(name, *("" if value is None else _size(value, unit) for value in values))
    return table


def _form_table(forms: list[Form], config: TwistConfig) -> Table:
    plans = [form.plan for form in forms if form.plan is not None]
    unit = _unit(max((plan.training.total for plan in plans), default=0))
    table = _table(f"Forms to choose from: E experts, top-{config.top_k}; > is the one that was asked for")
    for name in ("", "experts", "layers"):
        table.add_column(name, min_width=9 if name == "layers" else None)
    for name in (
        "E",
        "train-\nable",
        "active",
        f"training\n{unit[0]}",
        "check-\npointed",
        "infer-\nence",
        "adapter\nfile",
    ):
        table.add_column(name, justify="right", no_wrap=True)
    before: Any = ()
    for form in forms:
        kind = (form.expert_rank, form.layers)
        if before and kind[0] != before[0]:
            table.add_section()
        size, rule = ("" if kind == before else text for text in (_expert_size(form), _rule(form)))
        before = kind
        cells = ["-"] * 6
        if form.plan is not None:
            cells = [_parameters(form.plan.trainable), _parameters(form.plan.active)]
            memory = (form.plan.training, form.plan.training_with_checkpointing, form.plan.inference)
            cells += [_digits(part.total / unit[1]) for part in memory] + [_size(form.plan.adapter_file)]
        style = "bold" if form.asked else None
        table.add_row(">" if form.asked else "", size, rule, str(form.num_experts), *cells, style=style)
    return table


def _expert_size(form: Form) -> str:
    return "full" if form.expert_rank is None else f"rank {form.expert_rank}"


def _rule(form: Form) -> str:
    return form.layers if isinstance(form.layers, str) else _ranges(form.layers)


def _table(title: str) -> Table:
    from rich import box
    from rich.table import Table

    return Table(
        title=title,
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        collapse_padding=True,
    )


def _ranges(numbers: list[int]) -> str:
    """``0, 2, ..., 30`` for what is evenly spaced, else all numbers."""
    steps = {after - before for before, after in pairwise(numbers)}
    if len(numbers) > 3 and len(steps) == 1:
        return f"{numbers[0]}, {numbers[1]}, ..., {numbers[-1]}"
    return ", ".join(map(str, numbers))


def _unit(count: int) -> tuple[str, int]:
    """The largest unit that a number of bytes fills."""
    units = (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10))
    return next((unit for unit in units if count >= unit[1]), ("B", 1))


def _size(count: int, unit: tuple[str, int] | None = None) -> str:
    """Bytes, as a person reads them; in the given unit unless next to nothing is left of them there."""
    name, size = unit if unit and count >= unit[1] / 100 else _unit(count)
    return f"{_digits(count / size)} {name}"


def _parameters(count: int) -> str:
    """A number of parameters, as papers write it."""
    units = (("B", 10**9), ("M", 10**6), ("K", 10**3))
    name, size = next((unit for unit in units if count >= unit[1]), ("", 1))
    return f"{_digits(count / size)} {name}".rstrip()


def _digits(value: float) -> str:
    """Three digits, and all of those before the point."""
    return f"{value:.{2 if value < 10 else 1 if value < 100 else 0}f}"
