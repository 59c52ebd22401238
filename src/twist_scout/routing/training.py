"""Training the router, on one thread of a CPU.

From the beginning: a vocabulary, then a BERT of two small layers, on prompts that the grammar writes as fast as they are used, so
none is seen twice. Onwards from a router that exists (``start``): to a user's own skills. The same settings, seed, machine and
versions give the same weights.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from twist_scout.errors import BadConfig, BadInput
from twist_scout.machine.precision import computes_bfloat16
from twist_scout.routing.arrays import HEAD_SIZE, Arrays, parameters, weights_of
from twist_scout.routing.calibration import fit_temperature
from twist_scout.routing.evaluation import Report, evaluate
from twist_scout.routing.export import export_int8
from twist_scout.routing.noise import typed
from twist_scout.routing.prompts import GROUNDING, UNDERSTANDING, Prompt, prompts
from twist_scout.routing.router import Router
from twist_scout.routing.settings import GRAPH, SHORTCUT, TOKENIZER, RouterSettings
from twist_scout.routing.shortcut import fit, save
from twist_scout.routing.tokens import LONGEST, encode, load_tokenizer, padded, train_tokenizer
from twist_scout.routing.training_config import RouterTraining

#: Called after every step with the number of the step and its loss.
Watcher = Callable[[int, float], None]
#: Batches that are sorted by length together.
_CHUNK = 32
#: Of a user's own prompts, every so many-th is held out; fewer than that would say nothing.
_HELD_OUT_EVERY = 8


@dataclass(frozen=True, slots=True)
class Trained:
    """What training made.

    Attributes:
        folder: the router's.
        parameters: of the classifier.
        size: bytes of all files.
        report: on prompts of held-out templates, by the int8 router as it will be used.
        own: the same on held-out prompts of the user, where there are any.
        seconds: that it took.
    """

    folder: Path
    parameters: int
    size: int
    report: Report
    own: Report | None
    seconds: float


def train_router(
    folder: Path,
    config: RouterTraining,
    *,
    extra: Sequence[Prompt] = (),
    start: Router | None = None,
    watch: Watcher = lambda step, loss: None,
) -> Trained:
    """Train a router and write its folder.

    Args:
        folder: where to; it is made.
        config: how.
        extra: a user's own prompts, with modes of any names.
        start: go on from this router.
        watch: called after every step.

    Raises:
        BadConfig: ``onnx`` or ``onnxruntime`` is missing; a width that heads do not divide.
        BadInput: the user's prompts have too few of a mode, or none of a skill.
    """
    import torch

    if config.hidden % HEAD_SIZE:
        raise BadConfig(f"A width of {config.hidden} is no multiple of {HEAD_SIZE}: choose one that is.")
    began = time.monotonic()
    modes = _modes(extra, start)
    own, own_held_out = _parted(extra)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.manual_seed(config.seed)
    try:
        tokenizer = load_tokenizer(start.folder / TOKENIZER) if start else _vocabulary(own, config)
        model = _model(modes, tokenizer.get_vocab_size(), config, start)
        _descend(model, _batches(tokenizer, modes, own, config), config, watch)
        shortcut = fit_shortcut(tokenizer, modes, own, config, start)
    finally:
        torch.set_num_threads(threads)
    folder.mkdir(parents=True, exist_ok=True)
    arrays = weights_of(model)
    export_int8(arrays, folder / GRAPH)
    save(shortcut, folder / SHORTCUT)
    tokenizer.save(str(folder / TOKENIZER), pretty=False)
    settings = RouterSettings(modes=list(modes), confidence=config.confidence)
    settings.write(folder)
    held_out = [*islice(prompts("validation", seed=config.seed), config.held_out), *own_held_out[::2]]
    labels = np.array([modes.index(prompt.mode) for prompt in held_out])
    temperature = fit_temperature(Router(folder).logits([prompt.text for prompt in held_out]), labels)
    settings = settings.model_copy(update={"temperature": round(temperature, 4)})
    settings.write(folder)
    report = evaluate(Router(folder), islice(prompts("test", seed=config.seed), config.held_out))
    count = parameters(arrays) + shortcut.size
    described = {**asdict(config), "parameters": count, "extra": len(extra), "started_from": bool(start)}
    held = {key: value for key, value in report.to_dict().items() if key in ("prompts", "accuracy", "leak_rates")}
    settings.model_copy(update={"training": {**described, "held_out_templates": held}}).write(folder)
    return Trained(
        folder,
        count,
        sum(path.stat().st_size for path in folder.iterdir()),
        report,
        evaluate(Router(folder), own_held_out[1::2]) if len(own_held_out) > 1 else None,
        time.monotonic() - began,
    )


def _modes(extra: Sequence[Prompt], start: Router | None) -> tuple[str, ...]:
    known = list(start.modes) if start else [UNDERSTANDING, GROUNDING]
    counts: dict[str, int] = {}
    for prompt in extra:
        counts[prompt.mode] = counts.get(prompt.mode, 0) + 1
    for mode, count in counts.items():
        if mode not in known and count < _HELD_OUT_EVERY:
            raise BadInput(f"There are {count} prompts of the new mode {mode!r}: write at least {_HELD_OUT_EVERY}.")
    return (*known, *sorted(mode for mode in counts if mode not in known))


def _parted(extra: Sequence[Prompt]) -> tuple[list[Prompt], list[Prompt]]:
    """The user's prompts to train on, and those held out: of each mode every eighth."""
    train: list[Prompt] = []
    held_out: list[Prompt] = []
    seen: dict[str, int] = {}
    for prompt in dict.fromkeys(extra):
        seen[prompt.mode] = seen.get(prompt.mode, 0) + 1
        (train if seen[prompt.mode] % _HELD_OUT_EVERY else held_out).append(prompt)
    return train, held_out


def _vocabulary(own: Sequence[Prompt], config: RouterTraining) -> Any:
    written = islice(prompts("train", seed=config.seed + 1), config.vocabulary_prompts)
    texts = (prompt.text for source in (written, own) for prompt in source)
    return train_tokenizer(texts, size=config.vocabulary)


def _model(modes: Sequence[str], vocabulary: int, config: RouterTraining, start: Router | None) -> Any:
    from twist_scout.routing.classifier import build_classifier

    arrays: Arrays | None = None
    if start is not None:
        from twist_scout.routing.onnx_file import read_weights

        arrays = read_weights(start.folder / GRAPH)
    return build_classifier(
        modes=len(modes),
        vocabulary=vocabulary,
        hidden=config.hidden,
        inner=config.inner,
        layers=config.layers,
        longest=LONGEST,
        arrays=arrays,
    )


def fit_shortcut(
    tokenizer: Any, modes: Sequence[str], own: Sequence[Prompt], config: RouterTraining, start: Router | None
) -> np.ndarray:
    """The linear part's weights (buckets, skills), on prompts of their own."""
    larger = replace(config, batch=4 * config.batch, seed=config.seed + 2)
    return fit(
        _batches(tokenizer, modes, own, larger),
        steps=config.shortcut_steps,
        skills=len(modes) - 1,
        learning_rate=config.shortcut_rate,
        start=start.shortcut if start else None,
    )


def _batches(
    tokenizer: Any, modes: Sequence[str], own: Sequence[Prompt], config: RouterTraining
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Ids, mask and labels without end; rows of a batch are about as long as each other."""
    rng = Random(config.seed)
    stream = prompts("train", seed=config.seed)
    while True:
        chunk = list(islice(stream, config.batch * _CHUNK))
        if own:
            for at in rng.sample(range(len(chunk)), int(config.share_of_extra * len(chunk))):
                prompt = rng.choice(own)
                chunk[at] = Prompt(typed(prompt.text, rng), prompt.mode)
        rows = encode(tokenizer, [prompt.text for prompt in chunk])
        order = sorted(range(len(rows)), key=lambda row: (len(rows[row]), rng.random()))
        starts = list(range(0, len(order), config.batch))
        rng.shuffle(starts)
        for first in starts:
            chosen = order[first : first + config.batch]
            yield *padded([rows[row] for row in chosen]), np.array([modes.index(chunk[row].mode) for row in chosen])


def _descend(model: Any, batches: Iterator[tuple[np.ndarray, ...]], config: RouterTraining, watch: Watcher) -> None:
    import torch
    from torch.nn.functional import cross_entropy

    optimizer = torch.optim.AdamW(
        model.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay, betas=(0.9, 0.98), fused=True
    )
    model.train()
    for step, (ids, mask, labels) in enumerate(islice(batches, config.steps)):
        rise, fall = (step + 1) / config.warm_up, 1 - step / config.steps
        for group in optimizer.param_groups:
            group["lr"] = config.learning_rate * min(rise, fall)
        tokens = torch.from_numpy(ids)
        unknown = (torch.rand(tokens.shape) < config.dropped) & (tokens > 3)  # the first four are special
        with torch.autocast("cpu", torch.bfloat16, enabled=config.bfloat16 and computes_bfloat16("cpu")):
            logits = model(input_ids=tokens.masked_fill(unknown, 1), attention_mask=torch.from_numpy(mask)).logits
        loss = cross_entropy(logits.float(), torch.from_numpy(labels), label_smoothing=config.smoothing)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        watch(step + 1, loss.item())
    model.eval()
