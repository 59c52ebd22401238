"""The pocket base's training recipe: resumable stages, image understanding only, not one box or coordinate.

=======  ============================================================================================================
bind     the decoder (dense) says the colour, the size or the clothes of the *named* one of several things, about *exact*
         image tokens: sums of the word vectors of what each patch shows. With so few kinds of question words bind to
         things within some hundred steps; among many kinds, which can be guessed at, they did not in thousands.
eyes     the vision tower and the projector learn to produce those tokens from pixels. The longest stage.
talk     all kinds of questions, mostly about the tower's own, imperfect tokens.
compare  where one thing is from another, in exact tokens: two look-ups whose places are compared.
list     captions and orders, in exact tokens: what has been said, and what comes next.
join     all kinds again, mostly about the tower's own tokens; the learning rate falls.
tell     mostly captions and orders, in exact tokens, for longer.
polish   all kinds, mostly about the tower's own tokens, for the last time.
experts  every other FFN is upcycled into four experts (as MoE-LLaVA does) and training goes on with their router.
finish   all kinds, those that lagged more often; the vectors of words no longer change, and integers keep their number sense.
=======  ============================================================================================================

"eyes" may run beside the stages that use exact tokens. Every stage writes a checkpoint and a line of ``curves.jsonl``
as it goes; started again, it continues where it was.
"""

from __future__ import annotations

import json
import math
import os
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from torch import nn
from torch.utils.data import DataLoader, Dataset
from transformers import LlavaForConditionalGeneration

from twist_scout.errors import BadInput
from twist_scout.memory import keep_freed_memory
from twist_scout.toyworld.pocket.lessons import Lesson, Teacher
from twist_scout.toyworld.pocket.model import build_config, build_model, build_processor
from twist_scout.toyworld.pocket.number_sense import give_number_sense
from twist_scout.toyworld.pocket.objectives import Answers, Eyes
from twist_scout.toyworld.pocket.stages import STAGES, Stage
from twist_scout.toyworld.pocket.words_of_patches import place_codes


def train_base(
    out: Path,
    *,
    work: Path,
    stages: tuple[str, ...] = tuple(STAGES),
    compiled: bool = True,
    device: str | None = None,
    batch_scale: int = 1,
    workers: int | None = None,
    console: Console | None = None,
) -> Path:
    """Train the pocket base, or go on with it, and save model and processor to ``out``.

    Args:
        out: folder of the finished model (bf16 safetensors).
        work: folder of checkpoints and ``curves.jsonl``.
        stages: which stages to run; earlier ones must have left their checkpoints in ``work``.
        compiled: let ``torch.compile`` fuse the small operations (about twice as fast on CPU; needs a C++ compiler).
        device: ``cpu`` or ``cuda``; a GPU if there is one.
        batch_scale: every batch is this many times as large as the recipe says; a GPU has room for 8 and more.
        workers: processes that draw the lessons; one less than there are cores.
        console: where progress is shown; stderr if not given.

    Raises:
        BadInput: an earlier stage's checkpoint is missing.
    """
    console = console or Console(stderr=True)
    work.mkdir(parents=True, exist_ok=True)
    keep_freed_memory()
    processor = build_processor()
    place = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
    model = _dense().to(place)
    eyes = Eyes(model, processor.tokenizer)
    for name in stages:
        stage = STAGES[name]
        stage = replace(stage, batch=stage.batch * batch_scale)
        if stage.after == "experts":
            model = LlavaForConditionalGeneration(build_config()).to(place)
        if stage.after:
            _load(model, work / f"{stage.after}.pt", ("model.language_model.", "lm_head."))
        if stage.after in ("bind", "experts"):
            give_number_sense(model, processor.tokenizer)  # the second time, because training wore it away
        if name == "experts":
            dense, model = model, LlavaForConditionalGeneration(build_config()).to(place)
            upcycle(dense, model)
        if name != "eyes" and stage.real:
            _load(model, work / "eyes.pt", ("model.vision_tower.", "model.multi_modal_projector."))
        eyes = Eyes(model, processor.tokenizer, eyes.words)
        objective: Answers | Eyes = eyes
        if name != "eyes":
            objective = Answers(
                model,
                eyes,
                processor.tokenizer,
                real=stage.real,
                length=stage.length,
                words_fixed=stage.words_fixed,
            )
        _run(stage, model, objective, stage.teacher(processor.tokenizer), work, console, compiled, workers)
    if "finish" in stages:
        model.to(torch.bfloat16).save_pretrained(out)
        processor.save_pretrained(out)
    return out


def upcycle(dense: LlavaForConditionalGeneration, sparse: LlavaForConditionalGeneration) -> None:
    """Copy a dense pocket into its mixture-of-experts form: every expert starts as the FFN that it replaces.

    The function computed is the same at first, because equal experts under weights that sum to one are one expert; a little
    noise on the router's rows breaks the tie.
    """
    target = sparse.state_dict()
    for name, value in dense.state_dict().items():
        if name in target:
            target[name].copy_(value)
    for source, block in zip(dense.model.language_model.layers, sparse.model.language_model.layers, strict=True):
        if hasattr(block.mlp, "experts"):
            gate_up = torch.cat([source.mlp.gate_proj.weight, source.mlp.up_proj.weight])
            block.mlp.experts.gate_up_proj.data.copy_(gate_up.expand_as(block.mlp.experts.gate_up_proj))
            down = source.mlp.down_proj.weight
            block.mlp.experts.down_proj.data.copy_(down.expand_as(block.mlp.experts.down_proj))
            nn.init.normal_(block.mlp.gate.weight, std=0.02)


def _dense() -> LlavaForConditionalGeneration:
    """The dense form with a seeded start: what FFNs add to the residual stream starts small, what attention adds does not."""
    torch.manual_seed(0)
    model = build_model(experts=False)
    layers = model.config.text_config.num_hidden_layers
    for name, p in model.model.language_model.named_parameters():
        if name.endswith("down_proj.weight"):
            nn.init.normal_(p, std=0.02 / math.sqrt(2 * layers))
        if name.endswith("o_proj.weight"):
            nn.init.normal_(p, std=0.5 * model.config.text_config.hidden_size**-0.5)
    for p in model.model.multi_modal_projector.parameters():
        nn.init.normal_(p, std=0.05) if p.ndim > 1 else nn.init.zeros_(p)
    start_by_likeness(model.model.vision_tower)
    return model


@torch.no_grad()
def start_by_likeness(tower: Any) -> None:
    """Start the tower's attention as likeness: queries and keys equal, positions that say where a patch is.

    Patches then look at near patches of similar content from the first step, which is what telling objects apart needs. With
    the usual start the tower named 12 % of object patches after 12,800 pictures, with this one 30 % after as many.

    Args:
        tower: a SigLIP vision tower, bare or inside the model that pools it; changed in place.
    """
    width = tower.config.hidden_size
    encoder = getattr(tower, "vision_model", tower)
    encoder.embeddings.position_embedding.weight.copy_(place_codes())
    for layer in encoder.encoder.layers:
        attention = layer.self_attn
        nn.init.normal_(attention.q_proj.weight, std=width**-0.5)
        attention.k_proj.weight.copy_(attention.q_proj.weight)
        nn.init.normal_(attention.v_proj.weight, std=width**-0.5)
        nn.init.normal_(attention.out_proj.weight, std=0.5 * width**-0.5)


def _run(
    stage: Stage,
    model: LlavaForConditionalGeneration,
    objective: Answers | Eyes,
    teacher: Teacher,
    work: Path,
    console: Console,
    compiled: bool,
    workers: int | None,
) -> None:
    """Optimise one stage from wherever its checkpoint stands."""
    trained = dict(objective.trained_parameters())
    for name, p in model.named_parameters():
        p.requires_grad_(name in trained)
    optimizer = _optimizer(stage, trained)
    checkpoint, start = work / f"{stage.name}.pt", 0
    if checkpoint.exists():
        saved = torch.load(checkpoint, weights_only=True, map_location=model.device)
        model.load_state_dict(saved["model"], strict=False)
        if saved.get("optimizer"):
            optimizer.load_state_dict(saved["optimizer"])
        start = saved["step"]
    if compiled:
        objective.compile()
    steps: Any = range(start, stage.steps)
    count = workers or max(1, (os.cpu_count() or 2) - 1)
    loader = DataLoader(_Lessons(teacher, stage), batch_size=None, sampler=steps, num_workers=count, prefetch_factor=4)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
    )
    with Progress(*columns, console=console) as progress:
        bar = progress.add_task(stage.name, total=stage.steps, completed=start, note="")
        began, smooth = time.monotonic(), None
        for step, lessons in enumerate(loader, start):
            for group in optimizer.param_groups:
                group["lr"] = stage.rate(step) * group["factor"]
            loss = objective.loss(lessons)
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(trained.values(), 1.0)
            optimizer.step()
            smooth = loss.item() if smooth is None else 0.95 * smooth + 0.05 * loss.item()
            progress.update(bar, advance=1, note=f"loss {smooth:.3f}")
            if (step + 1) % 400 == 0 or step + 1 == stage.steps:
                _save(checkpoint, model, optimizer, step + 1, tuple(trained))
                row = {
                    "stage": stage.name,
                    "step": step + 1,
                    "loss": round(smooth, 4),
                    "seconds": round(time.monotonic() - began, 1),
                }
                row |= objective.examine(teacher)
                with open(work / "curves.jsonl", "a", encoding="utf-8") as curves:
                    curves.write(json.dumps(row) + "\n")
                console.print(json.dumps(row))


class _Lessons(Dataset[list[Lesson]]):
    """The lessons of each step of a stage, for a process of their own that draws them while the model computes."""

    def __init__(self, teacher: Teacher, stage: Stage) -> None:
        self.teacher, self.stage = teacher, stage

    def __getitem__(self, step: int) -> list[Lesson]:
        first = self.stage.first_seed + step * self.stage.batch
        return [self.teacher.lesson(first + i) for i in range(self.stage.batch)]


def _optimizer(stage: Stage, trained: dict[str, nn.Parameter]) -> torch.optim.Optimizer:
    """AdamW; what scales queries and keys learns ``stage.sharpening`` times as fast as the rest."""
    scales = [name for name in trained if name.endswith(("q_norm.weight", "k_norm.weight"))]
    groups: list[dict[str, Any]] = [
        {"params": [p for name, p in trained.items() if name not in scales], "factor": 1.0},
        {"params": [trained[name] for name in scales], "factor": stage.sharpening},
    ]
    groups = [group for group in groups if group["params"]]
    return torch.optim.AdamW(groups, lr=stage.learning_rate, betas=(0.9, 0.98), weight_decay=0.02)


def _save(path: Path, model: nn.Module, optimizer: torch.optim.Optimizer, step: int, names: tuple[str, ...]) -> None:
    state = {k: v for k, v in model.state_dict().items() if k in names}
    partial = path.with_suffix(".partial")
    torch.save({"model": state, "optimizer": optimizer.state_dict(), "step": step}, partial)
    os.replace(partial, path)


def _load(model: nn.Module, path: Path, prefixes: tuple[str, ...]) -> None:
    if not path.exists():
        raise BadInput(f"{path} is missing: run the stage {path.stem!r} of the recipe first")
    saved = torch.load(path, weights_only=True, map_location="cpu")["model"]
    model.load_state_dict({k: v for k, v in saved.items() if k.startswith(prefixes)}, strict=False)
