"""A linear shortcut beside the BERT: runs of one, two and three pieces, each with a weight of its own.

Words that ask for a box often stand in a row ("draw a box around", "where is the"), and a linear model learns rows by heart
sooner than attention does; what it has not met it leaves to the BERT. The two are wrong about different prompts, so the sum of
their logits is right more often than either. Runs share weights by hashing, which keeps the shortcut at a few ten thousand.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from twist_scout.errors import BadModel, first_line

BUCKETS = 2**14
#: Odd multipliers of the hash, one for each place of a run.
_FACTORS = (2_654_435_761, 2_246_822_519, 3_266_489_917)


def runs(ids: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The bucket of every run of one to three pieces.

    Args:
        ids: (rows, tokens) with the marks of start and end.
        mask: (rows, tokens), 1 where there is a piece.

    Returns:
        Buckets (rows, runs) and their weights (rows, runs): 0 for runs that touch padding, else 1 / sqrt(runs of the row).
    """
    known = ids.astype(np.uint64) + np.uint64(1)
    places, present = [], []
    for length in range(1, min(3, ids.shape[1]) + 1):
        last = ids.shape[1] - length + 1
        code = np.full((len(ids), last), length, np.uint64)
        for at in range(length):
            code = (code + known[:, at : at + last]) * np.uint64(_FACTORS[at])  # modulo 2**64
            code ^= code >> np.uint64(29)
        places.append((code % np.uint64(BUCKETS)).astype(np.int64))
        present.append(mask[:, length - 1 :].astype(np.float32))
    found = np.concatenate(present, axis=1)
    return np.concatenate(places, axis=1), found / np.sqrt(found.sum(axis=1, keepdims=True))


def score(weights: np.ndarray, ids: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """What the shortcut adds to the logits of the skills, (rows, skills)."""
    places, share = runs(ids, mask)
    result: np.ndarray = np.einsum("rns,rn->rs", weights[places], share)
    return result


def fit(
    batches: Iterable[tuple[np.ndarray, np.ndarray, np.ndarray]],
    *,
    steps: int,
    skills: int,
    learning_rate: float,
    start: np.ndarray | None = None,
) -> np.ndarray:
    """Weights (buckets, skills), by logistic regression; understanding is the class whose logit is 0.

    Args:
        batches: ids, mask and labels, at least ``steps`` of them.
        steps: of gradient descent.
        skills: how many.
        learning_rate: the highest; it falls in a straight line.
        start: go on from these, (buckets, at most ``skills``).
    """
    import torch
    from torch.nn.functional import cross_entropy, pad

    weights = torch.zeros(BUCKETS, skills)
    if start is not None:
        weights[:, : start.shape[1]] = torch.from_numpy(start)
    weights.requires_grad_()
    optimizer = torch.optim.Adam([weights], lr=learning_rate)
    for step, (ids, mask, labels) in zip(range(steps), batches, strict=False):
        optimizer.param_groups[0]["lr"] = learning_rate * (1 - step / steps)
        places, share = (torch.from_numpy(array) for array in runs(ids, mask))
        logits = torch.einsum("rns,rn->rs", weights[places], share)
        loss = cross_entropy(pad(logits, (1, 0)), torch.from_numpy(labels))
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    return weights.detach().numpy()


def save(weights: np.ndarray, path: Path) -> None:
    """Write weights as int8 with one scale for each skill."""
    from safetensors.numpy import save_file

    scale = np.maximum(np.abs(weights).max(axis=0), 1e-6) / 127
    save_file({"weights": np.round(weights / scale).astype(np.int8), "scale": scale.astype(np.float32)}, str(path))
    path.chmod(0o644)  # safetensors keeps its files to their owner


def load(path: Path, skills: int) -> np.ndarray:
    """Read weights (buckets, skills).

    Raises:
        BadModel: the file is missing, damaged, or of other skills.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        stored = load_file(str(path))
        weights: np.ndarray = stored["weights"].astype(np.float32) * stored["scale"]
    except (OSError, SafetensorError, KeyError) as error:
        raise BadModel(f"{path} cannot be read ({first_line(error)}): give the folder of a trained router.") from error
    if weights.shape != (BUCKETS, skills):
        raise BadModel(f"{path} does not fit the router's modes: train the router again.")
    return weights
