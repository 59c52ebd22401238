"""One YAML file that describes a training run, checked before anything is loaded.

    base: checkpoints/my-vlm
    data: [scout/train.jsonl]
    output_dir: runs/twist
    twist: {num_experts: 2, top_k: 1}
    loss: {context: full, reduction: token_mean}
    learning_rate: 2e-5

Every value can be replaced on the command line: ``twist-scout train run.yaml learning_rate=1e-4
twist.num_experts=4``.
"""

from __future__ import annotations

import dataclasses
import difflib
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from peft import PeftConfig
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator

from twist_scout.boxes.dialects import get_dialect
from twist_scout.errors import BadConfig
from twist_scout.loading import read_adapter_config
from twist_scout.twist.config import PEFT_TYPE, TwistConfig
from twist_scout.twist.losses import Context, Reduction

#: Names that other tools use for the same thing.
_OTHER_NAMES = {
    "lr": "learning_rate",
    "model": "base",
    "model_name_or_path": "base",
    "num_train_epochs": "epochs",
    "per_device_train_batch_size": "batch_size",
    "gradient_accumulation": "gradient_accumulation_steps",
    "activation_checkpointing": "gradient_checkpointing",
    "lr_scheduler_type": "schedule",
    "warmup_ratio": "warmup",
    "warmup_steps": "warmup",
    "dataloader_num_workers": "workers",
    "train_file": "data",
}


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, (str, Path)) else value


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class LossConfig(_Section):
    """Which reading of Eq. 8; see `StepwiseLoss`.

    Attributes:
        context: ``full`` or ``isolated``.
        reduction: ``token_mean``, ``sum`` or ``mean_per_step``.
    """

    context: Context = "full"
    reduction: Reduction = "token_mean"


class TrainingConfig(_Section):
    """A training run.

    Attributes:
        base: folder or hub id of the base model.
        data: JSONL files of example records, or the recipe of a mixture (``.yaml``, see `data.mixture_recipe`).
        output_dir: where the adapter, its checkpoints and its certificate go.
        adapter: folder or hub id of a TWIST adapter to go on from, with new data or other settings; by default a new one.
            Its form stays: leave ``twist`` out.
        image_root: the folder that image paths are relative to; by default that of each file.
        confined: refuse image paths that leave their folder.
        dialect: how boxes are written.
        frame: what the model sees of a picture: ``auto`` (from its image processor), ``stretched``,
            ``padded`` or ``smart_resized``.
        template_options: passed on to the chat template.
        twist: fields of `TwistConfig`.
        loss: which reading of Eq. 8.
        learning_rate: its peak.
        schedule: of the learning rate: ``cosine``, ``linear``, ``constant_with_warmup`` or another
            of transformers.
        warmup: share of the steps (below 1) or number of steps in which the learning rate rises.
        weight_decay: of AdamW.
        max_grad_norm: where gradients are clipped; 0: never.
        epochs: how often the data is seen, where ``max_steps`` is not given.
        max_steps: number of optimizer steps.
        batch_size: examples per device and forward pass.
        pack: the most examples of one picture that share a row, so that the picture's tokens are computed once;
            ``batch_size`` then counts rows. 1: one example a row.
        gradient_accumulation_steps: forward passes per optimizer step.
        max_length: the longest allowed example in tokens.
        too_long: ``raise`` or ``drop`` longer ones.
        dtype: precision of the base: ``auto`` (as saved; float32 on a CPU), ``float32``,
            ``bfloat16``, ``float16``.
        save_dtype: precision in which the experts are saved at the end: ``auto`` (as trained), ``float32``,
            ``bfloat16`` (half the size) or ``float16``. Checkpoints keep what is needed to go on.
        bf16: compute in bfloat16 where weights are in float32. On a machine that would only imitate it, float32 is
            quicker, and the run says that it computes in that.
        gradient_checkpointing: save memory by computing activations twice.
        seed: of all random numbers and of the order of the data.
        workers: processes that prepare batches.
        logging_steps: optimizer steps between log entries.
        save_steps: optimizer steps between checkpoints.
        save_total_limit: how many checkpoints are kept; 2 at least, so that one is always whole.
        resume: continue from the newest checkpoint in ``output_dir``, where there is one.
        device: ``auto`` or ``cpu``.
        report_to: experiment trackers of transformers, e.g. ``tensorboard``.
        certificate_prompts: how many of the data's prompts the certificate compares the base on.
    """

    base: str = Field(min_length=1)
    data: Annotated[list[str], BeforeValidator(_listed)] = Field(min_length=1)
    output_dir: str = Field(min_length=1)
    adapter: str | None = None
    image_root: str | None = None
    confined: bool = False
    dialect: str = "scout"
    frame: Literal["auto", "stretched", "padded", "smart_resized"] = "auto"
    template_options: dict[str, Any] = Field(default_factory=dict)
    twist: dict[str, Any] = Field(default_factory=dict, validate_default=True)
    loss: LossConfig = LossConfig()
    learning_rate: float = Field(default=2e-5, gt=0)
    schedule: str = "cosine"
    warmup: float = Field(default=0.03, ge=0)
    weight_decay: float = Field(default=0.0, ge=0)
    max_grad_norm: float = Field(default=1.0, ge=0)
    epochs: float = Field(default=1.0, gt=0)
    max_steps: int | None = Field(default=None, gt=0)
    batch_size: int = Field(default=8, gt=0)
    pack: int = Field(default=1, gt=0)
    gradient_accumulation_steps: int = Field(default=1, gt=0)
    max_length: int | None = Field(default=None, gt=0)
    too_long: Literal["raise", "drop"] = "raise"
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    save_dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    bf16: bool = False
    gradient_checkpointing: bool = False
    seed: int = Field(default=0, ge=0)
    workers: int = Field(default=0, ge=0)
    logging_steps: int = Field(default=10, gt=0)
    save_steps: int = Field(default=500, gt=0)
    save_total_limit: int | None = Field(default=2, ge=2)
    resume: bool = True
    device: Literal["auto", "cpu"] = "auto"
    report_to: Annotated[list[str], BeforeValidator(_listed)] = Field(default_factory=list)
    certificate_prompts: int = Field(default=16, ge=0)

    @field_validator("twist")
    @classmethod
    def _check_twist(cls, values: dict[str, Any]) -> dict[str, Any]:
        defaults = {f.name: f.default for f in _twist_fields()}
        for key in values:
            if key not in defaults:
                raise BadConfig(_unknown(f"twist.{key}"))
        TwistConfig(**values)
        return {**defaults, **values}

    @field_validator("dialect")
    @classmethod
    def _check_dialect(cls, name: str) -> str:
        return get_dialect(name).name

    @field_validator("schedule")
    @classmethod
    def _check_schedule(cls, name: str) -> str:
        from transformers import SchedulerType

        known = [str(kind.value) for kind in SchedulerType]
        if name not in known:
            raise BadConfig(f"schedule is one of {', '.join(known)}, not {name!r}.")
        return name

    @classmethod
    def load(cls, path: str | Path, overrides: Sequence[str] = ()) -> Self:
        """Read a YAML file and replace values by ``key=value`` strings with dotted keys.

        Raises:
            BadConfig: the file cannot be read, or holds a key that does not exist (the message
                names the nearest one) or a value that does not fit.
        """
        path = Path(path)
        try:
            values = yaml.load(path.read_text("utf-8"), _Loader)
        except OSError as error:
            raise BadConfig(f"{path} cannot be read ({error.strerror or error}): check the path.") from error
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise BadConfig(f"{path} is not valid YAML: {' '.join(str(error).split())}.") from error
        if not isinstance(values, dict):
            raise BadConfig(f"{path} should hold 'key: value' lines.")
        return cls.from_values(values, overrides)

    @classmethod
    def from_values(cls, values: Mapping[str, Any], overrides: Sequence[str] = ()) -> Self:
        """As `load`, from a mapping."""
        merged = _merged(values, overrides)
        try:
            return cls.model_validate(merged)
        except ValidationError as error:
            raise BadConfig(_sentence(error)) from error

    def twist_config(self) -> TwistConfig:
        """The adapter's configuration."""
        return TwistConfig(**self.twist)

    def in_its_form(self) -> Self:
        """With the ``twist`` section of the adapter that training goes on from, where there is one.

        Raises:
            BadConfig: ``twist`` says something else, or the adapter is of another method.
            BadModel: the folder holds no adapter.
        """
        if self.adapter is None:
            return self
        found = read_adapter_config(self.adapter)
        if found["peft_type"] != PEFT_TYPE:
            raise BadConfig(f"{self.adapter} is a {found['peft_type']} adapter: training goes on from TWIST ones only.")
        form = {f.name: found.get(f.name, f.default) for f in _twist_fields()}
        plain = {f.name: f.default for f in _twist_fields()}
        for key, value in self.twist.items():
            if value not in (plain[key], form[key]):
                raise BadConfig(
                    f"twist.{key} is {value!r}, but {self.adapter} was made with {form[key]!r}: leave it out."
                )
        return self.model_copy(update={"twist": form})

    def resolved(self) -> str:
        """Everything, defaults included, as YAML that `load` reads back."""
        return str(yaml.safe_dump(self.model_dump(), sort_keys=False, allow_unicode=True))

    def save(self, path: str | Path) -> None:
        """Write `resolved` to a file, whole or not at all."""
        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
        partial.write_text(self.resolved(), "utf-8")
        os.replace(partial, path)


class _Loader(yaml.SafeLoader):
    """YAML that reads ``2e-5`` as a number, as YAML 1.2 does, and refuses a key that is given
    twice.
    """

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        keys = [key.value for key, _ in node.value]
        twice = {key for key in keys if keys.count(key) > 1}
        if twice:
            raise yaml.YAMLError(f"the key {sorted(map(str, twice))[0]!r} is given twice")
        return super().construct_mapping(node, deep)


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?(\d+(\.\d*)?|\.\d+)[eE][-+]?\d+$"),
    list("-+.0123456789"),
)


def _merged(values: Mapping[str, Any], overrides: Iterable[str]) -> dict[str, Any]:
    merged: dict[str, Any] = {k: dict(v) if isinstance(v, dict) else v for k, v in values.items()}
    for override in overrides:
        key, equals, text = override.partition("=")
        key = key.strip()
        if not equals or not key:
            raise BadConfig(f"{override!r} is not an override: write key=value, e.g. learning_rate=1e-4.")
        try:
            value = yaml.load(text, _Loader)
        except yaml.YAMLError as error:
            raise BadConfig(f"The value of {override!r} is not valid YAML.") from error
        section, dot, name = key.partition(".")
        if not dot:
            merged[key] = value
            continue
        if section not in ("twist", "loss", "template_options"):
            raise BadConfig(_unknown(key))
        inner = merged.setdefault(section, {})
        if not isinstance(inner, dict):
            raise BadConfig(f"{section} should hold 'key: value' pairs, not {inner!r}.")
        inner[name] = value
    return merged


def _twist_fields() -> list[dataclasses.Field[Any]]:
    inherited = {field.name for field in dataclasses.fields(PeftConfig)}
    return [field for field in dataclasses.fields(TwistConfig) if field.name not in inherited]


def _keys() -> list[str]:
    return [
        *TrainingConfig.model_fields,
        *(f"loss.{name}" for name in LossConfig.model_fields),
        *(f"twist.{field.name}" for field in _twist_fields()),
    ]


def _unknown(key: str) -> str:
    """A sentence about a key that does not exist, with the one that was probably meant."""
    name = key.rpartition(".")[2]
    if name in _OTHER_NAMES:
        return f"There is no key {key!r}: did you mean {_OTHER_NAMES[name]!r}?"

    def likeness(candidate: str) -> float:
        whole = difflib.SequenceMatcher(None, key, candidate).ratio()
        last = difflib.SequenceMatcher(None, name, candidate.rpartition(".")[2]).ratio()
        return whole + last

    return f"There is no key {key!r}: did you mean {max(_keys(), key=likeness)!r}?"


def _sentence(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    key = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        return _unknown(key)
    if first["type"] == "missing":
        return f"The key {key!r} is missing: add it to the file or give {key}=..."
    message = first["msg"].removeprefix("Value error, ")
    message = message[0].lower() + message[1:]
    return f"{key}: {message}, but it is {first['input']!r}."
