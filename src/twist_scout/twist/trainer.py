"""Training on Hugging Face's `Trainer` with the step-by-step loss of Eq. 8 and lambda * R(g).

Everything the Trainer can do (accelerate, FSDP, DeepSpeed, trackers, schedulers) stays as it is.
What is added here is the loss, what it says about itself in the log, and the bookkeeping that makes
a resumed run the same run.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from transformers import Trainer, TrainerCallback, TrainingArguments
from transformers.trainer import TRAINER_STATE_NAME
from transformers.trainer_callback import ProgressCallback, TrainerState
from transformers.trainer_utils import TrainOutput

from twist_scout.errors import BadConfig
from twist_scout.twist.losses import (
    StepwiseLoss,
    StepwiseResult,
    isolated_attention_mask,
    isolated_position_ids,
)

#: Written into a checkpoint folder as the last file, so that one cut short by a kill is never
#: resumed from.
COMPLETE = "checkpoint_complete"


def last_checkpoint(output_dir: str | Path) -> Path | None:
    """The newest checkpoint of a run that was written to its end, or ``None``."""
    folders = [
        folder
        for folder in Path(output_dir).glob("checkpoint-*")
        if (folder / COMPLETE).exists() and folder.name.rpartition("-")[2].isdigit()
    ]
    return max(folders, key=lambda folder: int(folder.name.rpartition("-")[2]), default=None)


class TwistTrainer(Trainer):
    """Trains a peft model on batches of `GroundingCollator`.

    The loss is the `StepwiseLoss` plus, for a TWIST adapter, ``router_aux_loss_coef * R(g)``; other
    peft methods train with the first part alone, so that they can be compared on equal terms. With
    gradient accumulation the loss is divided by the tokens (or steps) of all parts together, so the
    parts add up to the large batch.

    The log holds, beside the Trainer's own entries, ``aux`` (R(g), mean over the batches since the
    last entry), ``alpha`` (mean over layers), ``alpha/LAYER`` where alphas differ,
    ``load/LAYER/EXPERT`` (share of tokens) and ``step/J`` (nats per token of step number J), and
    ``dropped`` where the collator leaves examples out.

    Args:
        model: a `PeftModel` (or any model with logits).
        args: the Trainer's arguments. ``data_seed`` becomes ``seed`` if it is not given, and
            ``remove_unused_columns`` is switched off: datasets hold records, not columns.
        loss: which reading of Eq. 8; ``StepwiseLoss()`` if not given.
        **kwargs: as for `Trainer`.

    Raises:
        BadConfig: the isolated reading with a model that does not take its attention mask, or
            several GPUs in one process.
    """

    # compute_loss divides by the items of the whole accumulated batch
    loss_is_scaled_for_ga = True

    def __init__(
        self,
        model: Any,
        args: TrainingArguments,
        *,
        loss: StepwiseLoss | None = None,
        **kwargs: Any,
    ) -> None:
        self.stepwise = loss or StepwiseLoss()
        args.remove_unused_columns = False
        if args.data_seed is None:
            # Else the order of the data depends on whatever drew random numbers before.
            args.data_seed = args.seed
        if args.n_gpu > 1:
            raise BadConfig(
                f"{args.n_gpu} GPUs in one process are not supported: start with "
                f"`torchrun --nproc-per-node {args.n_gpu}` or `accelerate launch`, or set "
                "CUDA_VISIBLE_DEVICES=0."
            )
        if self.stepwise.context == "isolated":
            _check_isolated(model.config)
        super().__init__(model=model, args=args, **kwargs)
        self._sums: dict[str, Tensor | float] = defaultdict(float)
        self._steps: list[tuple[Tensor, Tensor]] = []
        if self.pop_callback(ProgressCallback) is not None:
            self.add_callback(_Progress())
        self.add_callback(_MarkComplete())

    def train(self, resume_from_checkpoint: str | Path | None = None, **kwargs: Any) -> TrainOutput:
        """Train; a checkpoint at which the run had ended is loaded and left as it is.

        The Trainer itself would take one step more. See `Trainer.train`.
        """
        if resume_from_checkpoint is None:
            return super().train(**kwargs)
        checkpoint = str(resume_from_checkpoint)
        state = TrainerState.load_from_json(str(Path(checkpoint, TRAINER_STATE_NAME)))
        if state.global_step < self._last_step():
            return super().train(resume_from_checkpoint=checkpoint, **kwargs)
        self._load_from_checkpoint(checkpoint)
        self.state = state
        return TrainOutput(state.global_step, float("nan"), {})

    def _last_step(self) -> int:
        if self.args.max_steps > 0:
            return int(self.args.max_steps)
        batches = len(self.get_train_dataloader())
        per_epoch = max(math.ceil(batches / self.args.gradient_accumulation_steps), 1)
        return math.ceil(self.args.num_train_epochs * per_epoch)

    # --- loss -------------------------------------------------------------------------------------

    def get_batch_samples(
        self, epoch_iterator: Iterator[dict[str, Tensor]], num_batches: int, device: torch.device
    ) -> tuple[list[dict[str, Tensor]], Tensor | None]:
        """The parts of one accumulated batch, and what their losses are divided by."""
        parts, _ = super().get_batch_samples(epoch_iterator, num_batches, device)
        if not parts:
            return parts, None
        items = torch.stack([self.stepwise.count(p["labels"], p["step_ids"]) for p in parts])
        total = items.sum().to(device)
        if self.args.world_size > 1:
            total = self.accelerator.gather(total).sum()
        return parts, total.clamp(min=1)

    def compute_loss(
        self,
        model: Any,
        inputs: dict[str, Any],
        return_outputs: bool = False,
        num_items_in_batch: Tensor | int | None = None,
    ) -> Tensor | tuple[Tensor, Any]:
        """Eq. 8 with lambda * R(g) for one batch; see `Trainer.compute_loss`."""
        inputs = dict(inputs)
        labels, step_ids = inputs.pop("labels"), inputs.pop("step_ids")
        dropped = inputs.pop("dropped", None)
        if self.stepwise.context == "isolated":  # of packed rows too
            padding = inputs["attention_mask"]
            inputs["position_ids"] = isolated_position_ids(padding, labels, step_ids, inputs.get("position_ids"))
            inputs["attention_mask"] = isolated_attention_mask(padding, labels, step_ids, self._activation_dtype())
        elif inputs["attention_mask"].dim() == 4:
            inputs["attention_mask"] = self._packed_mask(inputs["attention_mask"])
        inputs.setdefault("use_cache", False)  # a training step has no next token to keep keys and values for
        outputs = model(**inputs)
        # The Trainer's own count, which evaluation passes, is of tokens and does not fit every
        # reduction.
        items = num_items_in_batch if model.training else None
        result = self.stepwise(outputs.logits, labels, step_ids, items)
        loss = result.loss
        if items is not None:
            loss = loss * self.args.world_size  # gradients are averaged over processes
        tuner = self._tuner()
        if tuner is not None:
            aux = tuner.auxiliary_loss()
            parts = self.current_gradient_accumulation_steps if model.training else 1
            coefficient = tuner.peft_config[tuner.active_adapters[0]].router_aux_loss_coef
            loss = loss + coefficient * aux.to(loss.device) / parts
            self._note(model.training, aux=aux, dropped=dropped, result=result)
        else:
            self._note(model.training, aux=None, dropped=dropped, result=result)
        return (loss, outputs) if return_outputs else loss

    def _packed_mask(self, allowed: Tensor) -> Tensor:
        """Additive form of the packing collator's mask, which eager attention takes too."""
        dtype = self._activation_dtype()
        # Not -inf: a row that sees nothing must stay finite.
        return torch.zeros(allowed.shape, dtype=dtype, device=allowed.device).masked_fill(
            ~allowed, torch.finfo(dtype).min
        )

    def _tuner(self) -> Any | None:
        """The TWIST tuner inside the model, or ``None`` for another method."""
        base = getattr(self.accelerator.unwrap_model(self.model), "base_model", None)
        return base if hasattr(base, "auxiliary_loss") else None

    def _activation_dtype(self) -> torch.dtype:
        if self.args.bf16:
            return torch.bfloat16
        if self.args.fp16:
            return torch.float16
        dtype: torch.dtype = self.accelerator.unwrap_model(self.model).dtype
        return dtype

    def floating_point_ops(self, inputs: dict[str, Any]) -> int:
        """Operations of a forward and backward pass, estimated from the weights of the base."""
        model = self.accelerator.unwrap_model(self.model)
        base = model.get_base_model() if hasattr(model, "get_base_model") else model
        weights = sum(p.numel() for p in base.parameters())
        return int(6 * inputs["input_ids"].numel() * weights)

    # --- log --------------------------------------------------------------------------------------

    def _note(self, training: bool, *, aux: Tensor | None, dropped: Tensor | None, result: StepwiseResult) -> None:
        if not training:
            return
        self._steps.append((result.step_nll, result.step_tokens))
        if aux is not None:
            self._sums["aux"] += aux.detach()
        if dropped is not None:
            self._sums["dropped"] += dropped

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Add what this trainer knows to an entry about training; see `Trainer.log`."""
        if "loss" in logs:
            logs = {**logs, **self._drain()}
        super().log(logs, start_time)

    def _drain(self) -> dict[str, float]:
        logs: dict[str, float] = {}
        parts = max(len(self._steps), 1)
        if "aux" in self._sums:
            logs["aux"] = float(self._sums["aux"]) / parts
        if "dropped" in self._sums:
            logs["dropped"] = float(self._sums["dropped"])
        tuner = self._tuner()
        if tuner is not None:
            with torch.no_grad():
                alphas = tuner.alphas()
            logs["alpha"] = sum(alphas.values()) / len(alphas)
            if len(set(alphas.values())) > 1:
                logs |= {f"alpha/{layer}": alpha for layer, alpha in alphas.items()}
            for layer, shares in tuner.expert_load().items():
                logs |= {f"load/{layer}/{expert}": share for expert, share in enumerate(shares)}
        logs |= {f"step/{j}": nll for j, nll in _per_step(self._steps).items()}
        self._sums.clear()
        self._steps.clear()
        return logs


def _per_step(parts: list[tuple[Tensor, Tensor]]) -> dict[int, float]:
    longest = max((len(nll) for nll, _ in parts), default=0)
    sums, counts = torch.zeros(longest, dtype=torch.float64), torch.zeros(longest)
    for nll, tokens in parts:
        sums[: len(nll)] += nll.cpu()
        counts[: len(tokens)] += tokens.cpu()
    return {j: float(sums[j] / counts[j]) for j in range(longest) if counts[j]}


def _check_isolated(config: Any) -> None:
    text = config.get_text_config()
    attention = getattr(text, "_attn_implementation", "eager")
    if attention not in (None, "eager", "sdpa"):
        raise BadConfig(
            "context='isolated' needs attention that takes a mask, and this model uses "
            f"{attention!r}: load it with "
            "attn_implementation='sdpa'."
        )
    if "mrope_section" in (getattr(text, "rope_parameters", None) or {}):
        raise BadConfig(
            f"context='isolated' does not fit the three-axis positions of {config.model_type}: use context='full'."
        )


class _MarkComplete(TrainerCallback):
    """Writes the last file of each checkpoint."""

    def on_save(self, args: TrainingArguments, state: Any, control: Any, **kwargs: Any) -> None:
        if state.is_world_process_zero:
            Path(args.output_dir, f"checkpoint-{state.global_step}", COMPLETE).touch()


class _Progress(ProgressCallback):
    """One bar with the latest figures instead of a line per log entry."""

    SHOWN = ("loss", "aux", "alpha", "learning_rate")

    def on_log(self, args: TrainingArguments, state: Any, control: Any, logs: Any = None, **kwargs: Any) -> None:
        if state.is_world_process_zero and self.training_bar is not None:
            shown = {key: f"{logs[key]:.3g}" for key in self.SHOWN if key in logs}
            if shown:
                self.training_bar.set_postfix(shown, refresh=False)
