"""A whole training run: load, wrap, train, save, certify. What ``twist-scout train`` calls."""

from __future__ import annotations

import dataclasses
import json
import os
from functools import partial
from pathlib import Path
from typing import Any

import torch
from peft.utils import SAFETENSORS_WEIGHTS_NAME
from rich.console import Console
from rich.syntax import Syntax
from rich.table import Table
from safetensors.torch import load_file, save_file

from twist_scout.data.collator import GroundingCollator
from twist_scout.data.mixture_recipe import Examples, open_examples
from twist_scout.data.packing import GroupedByPicture, PackingCollator
from twist_scout.data.records import Example, FrameChoice, render_messages
from twist_scout.errors import BadConfig, TwistScoutError
from twist_scout.loading import load_adapter, load_base
from twist_scout.machine.precision import computes_bfloat16
from twist_scout.memory import keep_freed_memory
from twist_scout.processor_frame import frame_for
from twist_scout.twist.card import CARD, write_card
from twist_scout.twist.certificate import compare
from twist_scout.twist.layer import TwistLayer
from twist_scout.twist.losses import StepwiseLoss
from twist_scout.twist.observation import Probe, observe
from twist_scout.twist.trainer import COMPLETE, TwistTrainer, last_checkpoint
from twist_scout.twist.training_config import TrainingConfig
from twist_scout.whole_file import write_whole

CONFIG_FILE = "training_config.yaml"
LOG_FILE = "training_log.json"

#: Settings that a run may be resumed with although they changed: none of them changes what is
#: learned per step.
_FREE = {
    "certificate_prompts",
    "device",
    "epochs",
    "gradient_checkpointing",
    "logging_steps",
    "max_steps",
    "output_dir",
    "report_to",
    "resume",
    "save_dtype",
    "save_steps",
    "save_total_limit",
    "workers",
}


def train(config: TrainingConfig, *, console: Console | None = None) -> Path:
    """Train a TWIST adapter.

    The folder that is returned holds the adapter as `PeftModel.save_pretrained` writes it,
    ``training_config.yaml``, ``training_log.json`` (every log entry), ``certificate.json``, a card and the
    checkpoints. Started again with the same settings, a run goes on from its newest complete
    checkpoint and ends with the same weights. With ``config.adapter`` a run starts from a trained
    adapter, with a new optimizer and a new schedule.

    Args:
        config: what to train, on what, and how.
        console: where the settings and the parameter counts are printed.

    Returns:
        ``config.output_dir``.

    Raises:
        BadConfig: a setting does not fit, or ``output_dir`` holds a run with other settings.
        BadInput: an example or the base model cannot be used.
        BadModel: the adapter to go on from does not fit the base.
        TwistScoutError: the certificate did not pass. The adapter is there, and so is the
            certificate.
    """
    import peft
    from transformers import set_seed

    console = console or Console()
    config = config.in_its_form()
    folder = Path(config.output_dir)
    checkpoint = _starting_point(config, folder)
    dataset = open_examples(config.data, image_root=config.image_root, confined=config.confined)
    arguments = _arguments(config)
    dtype = None if config.dtype == "auto" else getattr(torch, config.dtype)
    base, processor = load_base(config.base, dtype=dtype, device=arguments.device)
    if arguments.device.type == "cpu":
        keep_freed_memory()
    if config.bf16 and not arguments.bf16:
        console.print("This machine would only imitate bfloat16, slowly: computing in float32.")
    if arguments.bf16 and arguments.device.type == "cpu":
        # Under autocast on a CPU a loop over experts is three times as fast as the grouped product.
        base.set_experts_implementation("eager")

    frame: FrameChoice = config.frame
    if config.frame == "auto":
        frame = partial(frame_for, processor)
    probe = _probe(config, dataset, processor, frame)
    before = observe(base, probe)

    set_seed(config.seed)
    if config.adapter is None:
        model: Any = peft.get_peft_model(base, config.twist_config())
    else:
        model = load_adapter(base, config.adapter, trainable=True)
    collator = GroundingCollator(
        processor,
        config.dialect,
        frame,
        max_length=config.max_length,
        too_long=config.too_long,
        template_options=config.template_options,
    )
    packed = config.pack > 1
    trainer = TwistTrainer(
        model,
        arguments,
        loss=StepwiseLoss(config.loss.context, config.loss.reduction),
        train_dataset=GroupedByPicture(dataset, config.pack) if packed else dataset,
        data_collator=PackingCollator(collator) if packed else collator,
    )
    main = trainer.is_world_process_zero()
    card = folder / CARD
    old_card = card.read_text("utf-8") if card.exists() else None
    if main:
        config.save(folder / CONFIG_FILE)
        _announce(console, config, model, len(dataset), checkpoint)
        for count in getattr(dataset, "counts", []):  # of a mixture
            console.print(str(count))
    trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    trainer.save_model(str(folder))
    if main and config.save_dtype != "auto":
        _round(folder / SAFETENSORS_WEIGHTS_NAME, getattr(torch, config.save_dtype))
    # Mixed precision wraps the model's forward pass; the certificate is about the model as it is used.
    trainer.accelerator.unwrap_model(model, keep_fp32_wrapper=False)
    if main:
        _write_log(folder, trainer.state.log_history)
        certificate = compare(before, model, probe, name=config.base, adapter_folder=folder)
        certificate.save(folder)
        write_card(folder, config, certificate, trainer.state.log_history, old=old_card)
        dropped = sum(entry.get("dropped", 0) for entry in trainer.state.log_history)
        if dropped:
            console.print(
                f"[yellow]{dropped:.0f} examples longer than max_length={config.max_length} were "
                "left out (counted each time)[/yellow]"
            )
        if not certificate.passed:
            raise TwistScoutError(
                f"{certificate.summary}: see {folder / 'certificate.json'}. The adapter was saved, "
                "but do not rely on it to leave the base as it was."
            )
        console.print(f"[green]{certificate.summary}[/green]")
        console.print(f"Adapter: {folder}")
    return folder


def _starting_point(config: TrainingConfig, folder: Path) -> Path | None:
    """The checkpoint to go on from, or ``None``, in which case none is left that a later run could
    mistake.
    """
    checkpoint = last_checkpoint(folder)
    if checkpoint is None:
        return None
    if not config.resume:
        for mark in folder.glob(f"checkpoint-*/{COMPLETE}"):
            mark.unlink()
        return None
    stored = folder / CONFIG_FILE
    if stored.exists():
        old, new = TrainingConfig.load(stored).model_dump(), config.model_dump()
        changed = [key for key in new if key not in _FREE and old[key] != new[key]]
        if changed:
            key = changed[0]
            raise BadConfig(
                f"{folder} holds checkpoints of a run with another {key} ({old[key]} there, "
                f"{new[key]} here): give "
                "another output_dir, or resume=false to start anew in this one."
            )
    return checkpoint


def _arguments(config: TrainingConfig) -> Any:
    from transformers import TrainingArguments

    known = {field.name for field in dataclasses.fields(TrainingArguments)}
    saving = "activation_checkpointing"  # its name since transformers 5.20 or so
    saving = saving if saving in known else "gradient_checkpointing"
    memory: dict[str, Any] = {}
    if config.gradient_checkpointing:
        # The reentrant kind loses the gradient of R(g), which is read off the layers after the
        # forward pass.
        memory = {saving: True, f"{saving}_kwargs": {"use_reentrant": False}}
    cpu = torch.device("cpu")
    where = cpu if config.device == "cpu" else torch.accelerator.current_accelerator(check_available=True) or cpu
    return TrainingArguments(
        output_dir=config.output_dir,
        learning_rate=config.learning_rate,
        lr_scheduler_type=config.schedule,
        warmup_steps=config.warmup,
        weight_decay=config.weight_decay,
        max_grad_norm=config.max_grad_norm,
        num_train_epochs=config.epochs,
        max_steps=config.max_steps or -1,
        per_device_train_batch_size=config.batch_size,
        gradient_accumulation_steps=config.gradient_accumulation_steps,
        bf16=config.bf16 and computes_bfloat16(where.type),
        seed=config.seed,
        data_seed=config.seed,
        dataloader_num_workers=config.workers,
        logging_steps=config.logging_steps,
        logging_first_step=True,
        save_strategy="steps",
        save_steps=config.save_steps,
        save_total_limit=config.save_total_limit,
        report_to=config.report_to or "none",
        use_cpu=where == cpu,
        disable_tqdm=False,
        **memory,
    )


def _probe(config: TrainingConfig, dataset: Examples, processor: Any, frame: FrameChoice) -> Probe:
    """Prompts of the data, spread evenly over it, with their pictures."""
    count = min(config.certificate_prompts, len(dataset))
    examples: list[Example] = [dataset[i * len(dataset) // count] for i in range(count)]
    prompts = [
        next(m["content"] for m in render_messages(e, config.dialect, frame) if m["role"] == "user") for e in examples
    ]
    return Probe(prompts, [e.image for e in examples], processor)


def _announce(console: Console, config: TrainingConfig, model: Any, examples: int, checkpoint: Path | None) -> None:
    console.print(Syntax(config.resolved().rstrip(), "yaml", background_color="default"))
    counts = model.base_model.parameter_counts()
    table = Table(title="Parameters", title_justify="left")
    table.add_column("")
    table.add_column("number", justify="right")
    table.add_column("of all", justify="right")
    meanings = {
        "trainable": "trainable (the twin)",
        "active": "of those active per token",
        "total": "total",
    }
    for key, meaning in meanings.items():
        table.add_row(meaning, f"{counts[key]:,}", f"{counts[key] / counts['total']:.1%}")
    console.print(table)
    console.print(f"{examples:,} examples")
    if checkpoint is not None:
        console.print(f"Going on from {checkpoint}")


def _round(path: Path, dtype: torch.dtype) -> None:
    """Save the experts of an adapter file in another precision; routers and alpha stay as they are."""
    experts = f".{TwistLayer.adapter_layer_names[0]}."
    weights = {name: weight.to(dtype) if experts in name else weight for name, weight in load_file(path).items()}
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.partial")
    save_file(weights, unfinished, metadata={"format": "pt"})
    os.replace(unfinished, path)


def _write_log(folder: Path, history: list[dict[str, float]]) -> None:
    write_whole(folder / LOG_FILE, json.dumps(history, indent=1) + "\n")
