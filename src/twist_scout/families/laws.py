"""What TWIST promises about any model, as checks that one family's miniature passes or breaks."""

from __future__ import annotations

import copy
import tempfile
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from peft import PeftModel, get_peft_model
from torch import Tensor, nn

from twist_scout.families.tiny import Batch, Family, build
from twist_scout.twist.config import TwistConfig
from twist_scout.twist.finding import find_decoder_ffns
from twist_scout.twist.layer import TwistLayer
from twist_scout.twist.plan import make_plan

ROUNDING = 1e-4  # relative to the largest logit: the same sum in another order
SEED_LOSS = 0.01  # "upcycling should not hurt": the loss of a mixture's twin before training
TRAINING_STEPS = 20
NEW_TOKENS = 8


class LawBroken(Exception):
    """A promise that a model does not keep; the message says which and by how much."""


class Subject:
    """A family's tiny model and a batch for it; every law gets a fresh copy.

    Raises:
        Exception: whatever transformers raises when it builds the model or its features.
    """

    def __init__(self, family: Family) -> None:
        self.family = family
        self._base = family.model()
        self.batch = family.batch(self._base)

    def base(self) -> Any:
        """An untouched base, frozen as a wrapped one is.

        Freezing alone can change the last bit of a model: for inputs that are not contiguous, torch takes one large
        matrix product or several small ones, by whether the weight wants a gradient (even where none is recorded).
        """
        return copy.deepcopy(self._base).requires_grad_(False)

    def wrapped(self, *, shaken: bool = False, name: str = "default", **options: Any) -> Any:
        """A base with a twin; a shaken twin has left its start."""
        model: Any = get_peft_model(self.base(), TwistConfig(**options), adapter_name=name).eval()
        if shaken:
            shake(model, name)
        return model

    def rows(self, numbers: list[int]) -> Batch:
        """Some rows of the batch."""
        return take_rows(self.batch, numbers, len(self.text_ids(self.batch)))

    @staticmethod
    def text_ids(batch: Batch) -> Tensor:
        """What the decoder reads: (rows, tokens)."""
        return batch["decoder_input_ids"] if "decoder_input_ids" in batch else batch["input_ids"]


def wraps(subject: Subject) -> None:
    """The decoder's networks, which run for each new token, are found and twinned with the default config; unloading
    gives the base back.
    """
    base = subject.base()
    model = subject.wrapped()
    layers = [module for module in model.modules() if isinstance(module, TwistLayer)]
    _check(bool(layers), "no layer got a twin")
    called: dict[int, int] = {}
    for layer in layers:
        layer.register_forward_hook(lambda module, *_: called.update({module.index: called.get(module.index, 0) + 1}))
    logits(model, subject.batch)
    silent = [layer.index for layer in layers if layer.index not in called]
    _check(not silent, f"twinned layers {silent} never run")
    called.clear()
    generated(model, subject.batch)
    elsewhere = [layer.index for layer in layers if called.get(layer.index, 0) < NEW_TOKENS]
    _check(not elsewhere, f"twinned layers {elsewhere} do not run for each new token: they are not the decoder's")
    unloaded = model.unload()
    _equal(logits(unloaded, subject.batch), logits(base, subject.batch), "the unloaded model's logits")


def looks(subject: Subject) -> None:
    """The inputs are well-formed: another picture, or another word, changes what is said next."""
    model = subject.base()
    before = logits(model, subject.batch)[:, -1]  # at the picture's own places it would change in any case
    picture = other_picture(subject.batch)
    _check(bool(picture) or is_blind(model), "the batch holds no picture")
    for name, change in (("pixel", picture), ("word", other_words(subject.batch))):
        if not change:
            continue
        after = logits(model, {**subject.batch, **change})[:, -1]
        _check(not torch.allclose(before, after), f"the logits do not depend on a {name}")


def starts_as_base(subject: Subject) -> None:
    """Step 0: low-rank experts and a single copy of a dense network are exactly the base; several copies up to
    rounding; experts of a mixture change the loss by less than 1 %.
    """
    base = subject.base()
    expected = logits(base, subject.batch)
    _equal(logits(subject.wrapped(expert_rank=4), subject.batch), expected, "logits with low-rank experts")
    model = subject.wrapped()
    if is_mixture_base(base):
        with torch.no_grad():
            before, after = float(loss(base, subject)), float(loss(model, subject))
        _check(
            abs(after - before) <= SEED_LOSS * before,
            f"the loss before training is {after:.4f} instead of {before:.4f}",
        )
        return
    _close(logits(model, subject.batch), expected, "logits with two copies")
    _equal(logits(subject.wrapped(num_experts=1), subject.batch), expected, "logits with one copy")


def trains(subject: Subject) -> None:
    """Gradients reach the twin alone, and 20 steps lower the loss."""
    model = subject.wrapped(layers="all")
    frozen = {name: value.clone() for name, value in model.named_parameters() if not value.requires_grad}
    parameters = {name: value for name, value in model.named_parameters() if value.requires_grad}
    _check(all("twin_" in name for name in parameters), "parameters of the base are trainable")
    before = measured_loss(model, subject)
    model.train()
    optimizer = torch.optim.AdamW(parameters.values(), lr=3e-3, weight_decay=0.0)
    for step in range(TRAINING_STEPS):
        value = loss(model, subject)
        optimizer.zero_grad()
        (value + 0.01 * model.base_model.auxiliary_loss()).backward()
        if step == 0:
            _check_gradients(model, parameters)
        optimizer.step()
    after = measured_loss(model, subject)
    _check(after < before, f"the loss went from {before:.4f} to {after:.4f} in {TRAINING_STEPS} steps")
    moved = [
        name for name, value in model.named_parameters() if name in frozen and not torch.equal(frozen[name], value)
    ]
    _check(not moved, f"training moved frozen parameters: {moved[:3]}")


def forgets_nothing(subject: Subject) -> None:
    """Understanding mode is bit for bit the base: logits, and greedily generated tokens."""
    base, model = subject.base(), subject.wrapped(shaken=True)
    _check(not torch.equal(logits(model, subject.batch), logits(base, subject.batch)), "a shaken twin changes no logit")
    with model.disable_adapter():
        _equal(logits(model, subject.batch), logits(base, subject.batch), "understanding logits")
        _equal(generated(model, subject.batch), generated(base, subject.batch), "understanding answers")
    generated(model, subject.batch)  # the twin generates too


def survives_saving(subject: Subject) -> None:
    """Saved and loaded again on a fresh base, the adapter computes the same logits."""
    model = subject.wrapped(shaken=True)
    with tempfile.TemporaryDirectory() as folder:
        model.save_pretrained(folder)
        loaded = PeftModel.from_pretrained(subject.base(), folder).eval()
        _equal(logits(loaded, subject.batch), logits(model, subject.batch), "the reloaded adapter's logits")


def mixes_rows(subject: Subject) -> None:
    """One batch, a mode for each row: understanding rows are the base's, bit for bit; grounding rows the twin's."""
    model = subject.wrapped(shaken=True)
    count = len(subject.text_ids(subject.batch))
    names = ["__base__" if row % 2 == 0 else "default" for row in range(count)]
    mixed = logits(model, subject.batch, adapter_names=names)
    with model.disable_adapter():
        understanding = logits(model, subject.batch)
    grounding = logits(model, subject.batch)
    exact = not mixes_tokens(subject.base())
    for row, name in enumerate(names):
        expected = (understanding if name == "__base__" else grounding)[row]
        if name == "__base__" and exact:
            _equal(mixed[row], expected, f"row {row} ({name})")
        else:
            _close(mixed[row], expected, f"row {row} ({name})")


def is_planned(subject: Subject) -> None:
    """What ``twist-scout plan`` says without weights is what the model with weights has."""
    with torch.device("meta"):
        empty = build(subject.family.config()).float().eval()
    planned, real = make_plan(empty).to_dict(), make_plan(subject.base()).to_dict()
    different = [name for name in real if planned[name] != real[name]]
    _check(not different, f"the plan without weights differs in {', '.join(different)}")


LAWS: dict[str, Callable[[Subject], None]] = {
    law.__name__: law
    for law in (looks, wraps, starts_as_base, trains, forgets_nothing, survives_saving, mixes_rows, is_planned)
}


# --- what the laws are made of ---


def logits(model: Any, batch: Batch, **options: Any) -> Tensor:
    """(rows, tokens, vocabulary)."""
    with torch.no_grad():
        result: Tensor = model(**batch, **options).logits
    return result


def loss(model: Any, subject: Subject) -> Tensor:
    """Mean cross-entropy of the words, each predicted from what stands before it."""
    ids = subject.text_ids(subject.batch)
    out = model(**subject.batch).logits[:, -ids.shape[1] :]  # some families put the picture's features in front
    pictures = getattr(model.config, "image_token_id", None)
    targets = ids[:, 1:].clone()
    if isinstance(pictures, int):
        targets[targets == pictures] = -100
    targets[(targets < 0) | (targets >= out.shape[-1])] = -100
    return F.cross_entropy(out[:, :-1].reshape(-1, out.shape[-1]).float(), targets.reshape(-1))


def measured_loss(model: Any, subject: Subject) -> float:
    """The loss in evaluation mode: many bases have dropout, whose noise is larger than what a few steps gain."""
    with torch.no_grad():
        return float(loss(model.eval(), subject))


def generated(model: Any, batch: Batch) -> Tensor:
    """Greedily generated ids, 8 new ones; a model that denoises draws its first tokens, so the draw is fixed."""
    torch.manual_seed(0)
    with torch.no_grad():
        result: Any = model.generate(
            **batch, do_sample=False, num_beams=1, max_new_tokens=NEW_TOKENS, min_new_tokens=NEW_TOKENS
        )
    ids: Tensor = getattr(result, "sequences", result)
    return ids


def other_picture(batch: Batch) -> Batch:
    """Brighter pixels; where there are none, for what is looked at is a sequence too (a protein), that of another row."""
    pixels = {
        name: value + 0.5
        for name, value in batch.items()
        if value.is_floating_point() and value.dim() > 1 and name != "bbox"
    }
    sequences = {name: value.roll(1, 0) for name, value in batch.items() if name == "protein_input_ids"}
    return pixels or sequences


def other_words(batch: Batch) -> Batch:
    """Another word in the last place but one."""
    name = "decoder_input_ids" if "decoder_input_ids" in batch else "input_ids"
    ids = batch[name].clone()
    theirs = ids[:, -2].roll(1, 0)
    ids[:, -2] = theirs + (ids[:, -2] == theirs).long()
    return {name: ids}


def take_rows(batch: Batch, numbers: list[int], rows: int) -> Batch:
    """Some rows of a batch; tensors that hold several parts for each row keep those parts together."""
    return {
        name: value.reshape(rows, -1, *value.shape[1:])[numbers].flatten(0, 1) if len(value) % rows == 0 else value
        for name, value in batch.items()
    }


def is_blind(model: nn.Module) -> bool:
    """Whether a model takes no pictures at all: the table of transformers names a few plain language models."""
    reads = any(hasattr(module, "get_image_features") for module in model.modules())
    return not reads and not hasattr(model.config, "vision_config")


def mixes_tokens(model: nn.Module) -> bool:
    """Whether layers hold experts, in the twinned network or beside it (Gemma 4).

    An expert computes the tokens of all rows in one product, so another row may change the last bit of a row.
    """
    from twist_scout.twist.anatomy import is_mixture

    layers = {ffn.path.rpartition(".")[0] for ffn in find_decoder_ffns(model)}
    return any(is_mixture(model.get_submodule(path)) for path in layers)


def is_mixture_base(model: nn.Module) -> bool:
    """Whether a twinned network is a mixture of experts."""
    from twist_scout.twist.anatomy import is_mixture

    return any(is_mixture(ffn.module) for ffn in find_decoder_ffns(model))


def shake(model: nn.Module, name: str, seed: int = 2) -> None:
    """Move one adapter's parameters away from their start."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for path, parameter in model.named_parameters():
            if "twin_" in path and f".{name}." in f"{path}.":
                noise = torch.randn(parameter.shape, generator=generator)
                parameter.add_(noise.to(parameter), alpha=0.2)


def _check_gradients(model: nn.Module, parameters: dict[str, nn.Parameter]) -> None:
    outside = [name for name, value in model.named_parameters() if value.grad is not None and name not in parameters]
    _check(not outside, f"gradients reached {outside[:3]}")
    reached = [name for name, value in parameters.items() if value.grad is not None and bool(value.grad.any())]
    experts = {name.split(".twin_experts.")[0] for name in parameters if ".twin_experts." in name}
    idle = sorted(path for path in experts if not any(name.startswith(f"{path}.twin_experts.") for name in reached))
    _check(not idle, f"no gradient reached the experts of {idle[:3]}")


def _check(kept: bool, problem: str) -> None:
    if not kept:
        raise LawBroken(problem)


def _equal(value: Tensor, expected: Tensor, what: str) -> None:
    if not torch.equal(value, expected):
        same = value.shape == expected.shape
        off = f"by up to {float((value - expected).abs().max()):.2g}" if same else f"in shape, {tuple(value.shape)}"
        raise LawBroken(f"{what} differ from the expected {off}")


def _close(value: Tensor, expected: Tensor, what: str) -> None:
    written = expected > torch.finfo(expected.dtype).min  # some models forbid tokens with the least number there is
    distance, scale = float((value - expected).abs().max()), float(expected[written].abs().max())
    _check(distance <= ROUNDING * scale, f"{what} differ from the expected by {distance:.2g} of {scale:.2g}")
