"""On the public validation splits: what is right scores 1 in every dialect, and the worse the boxes the lower the score."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from twist_scout.boxes.box import Box
from twist_scout.boxes.dialects import Codec, known_dialects
from twist_scout.evaluation.reading import AnswerReader
from twist_scout.evaluation.referring import CONVENTIONS, Samples, Scorer, Truth, evaluate, read_truth
from twist_scout.evaluation.referring.truth import FloatArray

from .conftest import SPLITS

NATIVE = {"shikra": "shikra", "ferret": "ferret", "kosmos2": "kosmos-2", "pin": "pin", "vlmevalkit": "qwen3-vl",
          "lmms-eval-grounding": "pixels", "qwen": "qwen-vl"}  # fmt: skip


def answers(truth: Truth, dialect: str, boxes: FloatArray, rows: range) -> list[str | None]:
    """Boxes in pixels, each with its expression, as a model of the dialect would write them."""
    reader = AnswerReader(dialect)
    texts: list[str | None] = [None] * len(truth)
    for row in rows:
        width, height = (int(side) for side in truth.sizes[row])
        codec, view = reader.for_size((width, height))
        assert isinstance(codec, Codec)
        box = Box.from_pixels(*boxes[row], width=width, height=height, clip=True)
        texts[row] = codec.render_named(truth.expressions[row], [view.to_model(box)])
    return texts


def accuracy(truth: Truth, dialect: str, rows: range, convention: str = "scout") -> float:
    samples = Samples(truth, answers(truth, dialect, truth.around, rows))
    return float(Scorer(samples, dialect).score(CONVENTIONS[convention]).hits[list(rows)].mean())


def check(truth: Truth, dialect: str, rows: range) -> None:
    found = accuracy(truth, dialect, rows)
    if dialect == "pin":
        assert found >= 0.999  # its grid of 16 x 16 cannot hold every box to half
    else:
        assert found == 1.0


@pytest.mark.parametrize("dialect", known_dialects())
@pytest.mark.parametrize("split", SPLITS)
def test_what_is_right_scores_one(shared: Path, split: str, dialect: str) -> None:
    truth = read_truth(shared / "refcoco" / f"{split}.jsonl")
    check(truth, dialect, range(0, len(truth), 23 if dialect != "pin" else 1))


@pytest.mark.slow
@pytest.mark.parametrize("split", SPLITS)
def test_what_is_right_scores_one_on_whole_splits(shared: Path, split: str) -> None:
    truth = read_truth(shared / "refcoco" / f"{split}.jsonl")
    for dialect in known_dialects():
        check(truth, dialect, range(len(truth)))


@pytest.mark.parametrize(("convention", "dialect"), NATIVE.items())
def test_what_is_right_is_right_for_the_evaluator_of_the_dialect(shared: Path, convention: str, dialect: str) -> None:
    truth = read_truth(shared / "refcoco" / f"{SPLITS[0]}.jsonl")
    found = accuracy(truth, dialect, range(0, len(truth), 23), convention)
    assert found >= 0.997  # an expression with parentheses leads Qwen-VL's evaluator astray, and PIN's grid is coarse


@pytest.mark.parametrize("dialect", ["scout", "shikra", "qwen2.5-vl"])
@pytest.mark.parametrize("split", SPLITS)
def test_the_worse_the_boxes_the_lower_the_score(shared: Path, split: str, dialect: str) -> None:
    truth = read_truth(shared / "refcoco" / f"{split}.jsonl")
    rows = range(0, len(truth), 23)
    generator = np.random.default_rng(0)
    extents = np.tile(truth.around[:, 2:] - truth.around[:, :2], 2)
    noise = generator.uniform(-0.5, 0.5, truth.around.shape) * extents
    scores = []
    for strength in (0.0, 0.2, 0.4, 0.6, 0.8):
        moved = truth.around + strength * noise
        moved = np.hstack([np.minimum(moved[:, :2], moved[:, 2:]), np.maximum(moved[:, :2], moved[:, 2:])])
        result = evaluate(Scorer(Samples(truth, answers(truth, dialect, moved, rows)), dialect), CONVENTIONS["scout"])
        scores.append((result.hits, result.miou))
        assert list(result.curve.values()) == sorted(result.curve.values(), reverse=True)
    hits, means = zip(*scores, strict=True)
    assert list(hits) == sorted(hits, reverse=True)
    assert list(means) == sorted(set(means), reverse=True)
    assert hits[-1] < hits[0]
