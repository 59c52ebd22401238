"""The certificate: evidence, written beside an adapter, that nothing of the base was forgotten.

Image understanding runs the frozen weights alone (alpha = 1 in Eq. 9), so three things can be
checked and not only measured:

1. every tensor of the base is, bit for bit, what it was (SHA-256);
2. with the adapter switched off, the logits on real prompts are equal (every bit of every number);
3. so are greedy answers.

The base is looked at before anything is put on it (`observe`), and again through the wrapped model.
"""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import torch
from pydantic import BaseModel, ConfigDict, ValidationError
from torch import nn

from twist_scout.data.images import ImageSource
from twist_scout.errors import BadInput
from twist_scout.loading import load_adapter, load_base
from twist_scout.twist.hashing import (
    base_tensors,
    changed,
    fingerprint,
    hash_all,
    hash_files,
    main_dtype,
)
from twist_scout.twist.observation import Observation, Probe, observe

FILE = "certificate.json"


class Certificate(BaseModel):
    """Evidence that an adapter, switched off, leaves its base as it was.

    Attributes:
        version: of this format.
        created: time, UTC.
        base: hub id of the base model, or the name of its folder.
        dtype: data type of most of the base's numbers.
        device: where the comparison ran.
        tensors: SHA-256 of each tensor of the untouched base.
        fingerprint: SHA-256 over all names and hashes: one value for the whole base.
        adapter_files: SHA-256 of the adapter's weight files, where it had been saved.
        changed_tensors: tensors of the base that are missing or different in the wrapped model.
        prompts: SHA-256 of each prompt's text and picture.
        changed_logits: numbers of the prompts whose logits differ.
        changed_answers: numbers of the prompts whose greedy answers differ.
        bytes: size of the base's tensors.
        libraries: versions that the comparison ran with.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: Literal[1] = 1
    created: str
    base: str
    dtype: str
    device: str
    tensors: dict[str, str]
    fingerprint: str
    adapter_files: dict[str, str]
    changed_tensors: list[str]
    prompts: list[str]
    changed_logits: list[int]
    changed_answers: list[int]
    bytes: int
    libraries: dict[str, str]

    @property
    def passed(self) -> bool:
        """Whether everything that was compared is identical."""
        return not (self.changed_tensors or self.changed_logits or self.changed_answers)

    @property
    def summary(self) -> str:
        """One sentence."""
        if self.passed:
            return (
                f"forgotten: nothing ({len(self.tensors)} frozen tensors, {self.bytes / 2**20:.1f} "
                "MiB, and "
                f"understanding-mode logits and answers on {len(self.prompts)} prompts are "
                "bit-identical to the base)"
            )
        return (
            f"NOT identical to the base: {len(self.changed_tensors)} of {len(self.tensors)} "
            "tensors, logits of "
            f"{len(self.changed_logits)} and answers of {len(self.changed_answers)} of "
            f"{len(self.prompts)} prompts differ"
        )

    def save(self, folder: str | Path) -> Path:
        """Write ``certificate.json`` into a folder, whole or not at all; returns its path."""
        path = Path(folder) / FILE
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f".{FILE}.{os.getpid()}.partial")
        partial.write_text(json.dumps({"passed": self.passed, **self.model_dump()}, indent=1) + "\n", "utf-8")
        os.replace(partial, path)
        return path

    @classmethod
    def load(cls, folder: str | Path) -> Certificate:
        """Read ``certificate.json`` from an adapter's folder.

        Raises:
            BadInput: there is none, or it cannot be read.
        """
        path = Path(folder) / FILE
        try:
            stored = json.loads(path.read_text("utf-8"))
            stored.pop("passed")  # derived, never trusted
            return cls.model_validate(stored)
        except FileNotFoundError as error:
            raise BadInput(f"{path} does not exist: certify the adapter first.") from error
        except (OSError, ValueError, KeyError, AttributeError, ValidationError) as error:
            raise BadInput(f"{path} is not a certificate: certify the adapter again.") from error


class Verification(BaseModel):
    """What came of checking a certificate again.

    Attributes:
        checked: number of tensors compared.
        changed_tensors: tensors of the base that are missing or differ from the certificate.
        changed_files: weight files of the adapter that are missing or differ.
        certificate_passed: whether the certificate itself says that everything was identical.
        consistent: whether the certificate's fingerprint fits its own hashes.
    """

    model_config = ConfigDict(frozen=True)

    checked: int
    changed_tensors: list[str]
    changed_files: list[str]
    certificate_passed: bool
    consistent: bool

    @property
    def passed(self) -> bool:
        """Whether the base and the adapter are those that were certified, with a good result."""
        return self.certificate_passed and self.consistent and not self.changed_tensors and not self.changed_files

    def __bool__(self) -> bool:
        return self.passed


def certify(
    base: Any,
    adapter: Any,
    prompts: Sequence[str],
    *,
    images: Sequence[ImageSource | None] | None = None,
    processor: Any = None,
    max_new_tokens: int = 32,
) -> Certificate:
    """Compare a base before and after an adapter was put on it.

    Args:
        base: folder (or hub id) of the base, or the untouched model. A model comes back untouched.
        adapter: folder of the adapter, or a `PeftModel`. If it wraps the model given as ``base``,
            that model is not untouched any more; give the base's folder.
        prompts: what to ask both.
        images: a picture for each prompt, or ``None`` for a prompt without one.
        processor: of the base; needed where ``base`` is a model and there are prompts.
        max_new_tokens: length of the greedy answers.

    Raises:
        BadInput: pictures and prompts differ in number, there is no processor, or ``base`` has been
            wrapped.
        BadModel: a folder is not a model or adapter.
    """
    name = str(base) if isinstance(base, (str, Path)) else None
    wrapped = None if isinstance(adapter, (str, Path)) else adapter
    if isinstance(base, (str, Path)):
        where = {} if wrapped is None else {"dtype": main_dtype(wrapped), "device": wrapped.device}
        base, own_processor = load_base(base, **where)
        processor = processor or own_processor
    elif any(hasattr(module, "base_layer") for module in base.modules()):
        raise BadInput(
            "This base model has been wrapped by an adapter already, so nothing shows what it was: give its folder."
        )
    probe = Probe(prompts, images, processor, max_new_tokens)
    before = observe(base, probe)
    if wrapped is not None:
        del base
        return compare(before, wrapped, probe, name=name)
    with _undone(base):
        peft_model = load_adapter(base, adapter)
        certificate = compare(before, peft_model, probe, name=name, adapter_folder=adapter)
        peft_model.unload()
    return certificate


def compare(
    before: Observation,
    wrapped: Any,
    probe: Probe,
    *,
    name: str | None = None,
    adapter_folder: str | Path | None = None,
) -> Certificate:
    """Compare what was observed of the untouched base with the wrapped model, adapter off.

    Args:
        before: `observe` of the base, with the same probe.
        wrapped: the `PeftModel`.
        probe: what to ask.
        name: of the base.
        adapter_folder: where the adapter is stored, to bind the certificate to its weights.
    """
    after = observe(wrapped, probe)
    return Certificate(
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        base=_public_name(name or _name(wrapped)),
        dtype=_dtype_name(wrapped),
        device=str(wrapped.device),
        tensors=before.tensors,
        fingerprint=fingerprint(before.tensors),
        adapter_files=hash_files(adapter_folder) if adapter_folder is not None else {},
        changed_tensors=changed(before.tensors, after.tensors),
        prompts=probe.hashes(),
        changed_logits=_differ(before.logits, after.logits),
        changed_answers=_differ(before.answers, after.answers),
        bytes=before.bytes,
        libraries=_libraries(),
    )


def verify_certificate(base: Any, folder: str | Path) -> Verification:
    """Check that base and adapter are, bit for bit, those that a certificate was written about.

    Args:
        base: folder or hub id of the base, or the model, wrapped or not.
        folder: the adapter's folder, which holds ``certificate.json``.

    Returns:
        What differs; true in a condition if nothing does.

    Raises:
        BadInput: there is no readable certificate, or the model was loaded in another precision.
        BadModel: ``base`` is not a model.
    """
    certificate = Certificate.load(folder)
    if isinstance(base, (str, Path)):
        base, _ = load_base(base, dtype=getattr(torch, certificate.dtype))
    if (found := _dtype_name(base)) != certificate.dtype:
        raise BadInput(
            f"The certificate in {folder} is about weights in {certificate.dtype} and this model "
            f"holds {found}: load the base with dtype=torch.{certificate.dtype}."
        )
    tensors, _ = hash_all(base_tensors(base))
    return Verification(
        checked=len(certificate.tensors),
        changed_tensors=changed(certificate.tensors, tensors),
        changed_files=changed(certificate.adapter_files, hash_files(folder)),
        certificate_passed=certificate.passed,
        consistent=certificate.fingerprint == fingerprint(certificate.tensors),
    )


@contextmanager
def _undone(model: nn.Module) -> Iterator[None]:
    """Puts the model's own modules back in their places; `unload` leaves some copies behind."""
    modules = dict(model.named_modules())
    trainable = {parameter: parameter.requires_grad for parameter in model.parameters()}
    try:
        yield
    finally:
        for path, module in modules.items():
            parent, _, name = path.rpartition(".")
            if path and modules[parent]._modules[name] is not module:
                modules[parent]._modules[name] = module
        for parameter, requires_grad in trainable.items():
            parameter.requires_grad_(requires_grad)


def _differ(before: Sequence[Any], after: Sequence[Any]) -> list[int]:
    return [i for i, (a, b) in enumerate(zip(before, after, strict=True)) if a != b]


def _dtype_name(model: Any) -> str:
    return str(main_dtype(model)).removeprefix("torch.")


def _name(model: Any) -> str:
    config = getattr(model, "config", None)
    return str(getattr(config, "_name_or_path", "") or type(model).__name__)


def _public_name(name: str) -> str:
    """A hub id as it is; of a folder only its own name: where it lies is nobody's business."""
    return Path(name).resolve().name if Path(name).exists() or Path(name).is_absolute() else name


def _libraries() -> dict[str, str]:
    import peft
    import transformers

    return {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "peft": peft.__version__,
    }
