from __future__ import annotations

import math
import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from twist_scout.boxes import Box, GroundedText
from twist_scout.boxes.dialects import Codec, dialect_frame, get_dialect, known_dialects
from twist_scout.errors import BadInput
from twist_scout.evaluation import LocalizationRecord, evaluate_localization
from twist_scout.evaluation.localization import LocalizationSubset, read_subset, score_subset
from twist_scout.evaluation.predictions import Prediction, Predictions
from twist_scout.evaluation.reading import AnswerReader
from twist_scout.evaluation.result import EvaluationResult


def answers(texts: dict[str, str]) -> Predictions:
    found = Predictions("p.jsonl")
    found.update({id: Prediction(id, text) for id, text in texts.items()})
    return found


def perfect(subset: LocalizationSubset, dialect: str, move: float = 0.0) -> Predictions:
    """The true boxes in a dialect and its family's frame, moved to the right by a share of the picture."""
    texts = {}
    for query in subset.queries:
        frame = dialect_frame(dialect, width=query.width, height=query.height)
        codec = get_dialect(dialect, frame)
        assert isinstance(codec, Codec)
        truth = query.truth
        moved = Box(min(truth.x1 + move, 1), truth.y1, min(truth.x2 + move, 1), truth.y2)
        texts[query.id] = codec.render_named(query.name, [frame.to_model(moved)])
    return answers(texts)


def test_an_unreadable_answer_counts_as_zero_and_stays_in_the_mean() -> None:
    truth = Box(0, 0, 1, 1)
    result = evaluate_localization(
        [
            LocalizationRecord("[[0,0,100,100]]", truth),
            LocalizationRecord("[[0,0,100,50]]", truth),
            LocalizationRecord("no idea", truth),
        ]
    )
    assert result.ious == (1.0, 0.5, 0.0)
    assert result.miou == pytest.approx(0.5)
    assert (result.total, result.without_box) == (3, 1)
    assert "0.5000" in str(result)
    assert result.frames == {}
    assert result.headline == "original"


def test_no_records_have_no_mean() -> None:
    result = evaluate_localization([])
    assert math.isnan(result.miou)
    assert result.to_dict()["miou"] is None
    assert isinstance(result, EvaluationResult)


def test_answers_may_be_read_already() -> None:
    told = GroundedText.parse("The dog [[0,0,50,100]] and [[0,0,9")
    result = evaluate_localization(
        [LocalizationRecord(told, Box(0, 0, 1, 1), "a"), LocalizationRecord(None, Box(0, 0, 1, 1))]
    )
    assert result.scores() == {"a": 0.5, "1": 0.0}
    assert result.missing == 1
    assert result.reading.total == 1


def test_both_frames_are_recomputed_by_hand(instances: Path) -> None:
    subset = read_subset(instances)
    texts = {"1": "[[5,20,20,60]]", "2": "[[0,0,50,50]]", "4": "none"}
    result = score_subset(subset, answers(texts), AnswerReader())
    # By hand, one box at a time: the first is exact in fractions, the second half of its object.
    assert result.frames["original"].miou == pytest.approx((1 + 0.5 + 0 + 0) / 4)
    exact, cut = (11.2, 44.8, 44.8, 134.4), (11.0, 44.0, 44.0, 133.0)
    shared = (44.0 - 11.2) * (133.0 - 44.8)
    first = shared / ((44.8 - 11.2) * (134.4 - 44.8) + (44 - 11) * (133 - 44) - shared)
    assert subset.queries[0].resized == cut
    assert exact[0] == pytest.approx(0.05 * 224)
    second = (112 * 112) / (112 * 223)  # the object ends at pixel 223
    assert result.frames["resized224"].miou == pytest.approx((first + second) / 4)
    assert result.miou == result.frames["resized224"].miou
    # In the original frame areas are the annotations' own: 600, 5000, 300, 50; in PIN's, those of the cut boxes.
    original, resized = result.frames["original"], result.frames["resized224"]
    assert (original.small, original.medium, original.large) == (3, 1, 0)
    assert original.miou_medium == pytest.approx(0.5)
    assert math.isnan(original.miou_large)
    assert (resized.small, resized.medium, resized.large) == (1, 2, 1)
    assert resized.miou_medium == pytest.approx(first / 2)
    assert resized.miou_large == pytest.approx(second)


def test_counts_add_up(instances: Path) -> None:
    texts = {"1": "[[5,20,20,60]]", "2": "[[0,0,50,50]] [[1,2", "3": "none", "other": "[[1,1,2,2]]"}
    result = score_subset(read_subset(instances), answers(texts), AnswerReader())
    found = result.to_dict()
    assert (found["parsed"], found["partial"], found["failed"], found["missing"]) == (1, 1, 1, 1)
    assert found["total"] == 4
    assert found["without_box"] == 2
    assert found["unknown"] == 1
    assert set(found["frames"]) == {"resized224", "original"}
    assert {"miou", "miou_medium", "miou_large"} <= set(found["frames"]["original"])
    assert [len(row) == len(table.columns) for table in result.tables() for row in table.rows]
    assert "1 missing answers" in str(result)


def test_answers_to_other_questions_alone_are_a_mistake(instances: Path) -> None:
    with pytest.raises(BadInput, match="No id of"):
        score_subset(read_subset(instances), answers({"x": "[[1,1,2,2]]"}), AnswerReader())


@pytest.mark.parametrize("dialect", known_dialects())
def test_perfect_answers_reach_one_within_the_dialects_resolution(real_instances: Path, dialect: str) -> None:
    subset = read_subset(real_instances)
    result = score_subset(subset, perfect(subset, dialect), AnswerReader(dialect))
    assert result.reading.parsed == result.total == len(subset.queries)
    original, resized = result.frames["original"], result.frames["resized224"]
    found = evaluate_localization(
        LocalizationRecord(
            AnswerReader(dialect).read(perfect(subset, dialect)[query.id].text, (query.width, query.height)),
            query.truth,
        )
        for query in subset.queries
    )
    assert found.miou == original.miou
    for query, iou in zip(subset.queries, found.ious, strict=True):
        frame = dialect_frame(dialect, width=query.width, height=query.height)
        step = get_dialect(dialect, frame).resolution
        seen = frame.to_model(query.truth)
        wide, high = seen.x2 - seen.x1, seen.y2 - seen.y1
        # Each edge is off by a step at most, so the box holds the one shrunk by it and lies in the one grown by it.
        shrunk = max(0.0, wide - 2 * step) * max(0.0, high - 2 * step)
        assert iou >= shrunk / ((wide + 2 * step) * (high + 2 * step)) - 1e-9
    assert original.perfect == pytest.approx(1.0)
    assert 0.9 < resized.perfect < 1
    assert original.miou_large > original.miou > resized.miou or dialect in ("pin", "kosmos-2")


def test_the_further_off_the_lower(real_instances: Path) -> None:
    subset = read_subset(real_instances)
    scores = [
        score_subset(subset, perfect(subset, "cogvlm", move), AnswerReader("cogvlm")).frames["original"].miou
        for move in (0, 0.02, 0.05, 0.1, 0.3)
    ]
    assert scores == sorted(scores, reverse=True)
    assert len(set(scores)) == len(scores)


def test_the_mean_is_over_boxes(real_instances: Path) -> None:
    subset = read_subset(real_instances)
    result = score_subset(subset, perfect(subset, "scout", 0.03), AnswerReader())
    assert result.miou == pytest.approx(np.mean(list(result.scores().values())))
    low, high = result.interval or (0, 0)
    assert low < result.miou < high


def test_hostile_answers_end_somewhere(write_instances: Callable[..., Path]) -> None:
    rng = random.Random(0)
    pieces = [
        "[[",
        "]]",
        "[",
        "]",
        ";",
        ",",
        "1",
        "-5",
        "1e309",
        "nan",
        "５０",
        "<box>",
        "(",
        "\x00",
        "a dog",
        "{",
        "\ud800",
        "\n",
    ]
    texts = {str(n + 1): "".join(rng.choices(pieces, k=rng.randrange(40))) for n in range(300)}
    texts["1"], texts["2"], texts["3"] = "[" * 50_000, "[[1,2,3,4]]" * 2_000, "9" * 100_000
    subset = read_subset(write_instances({f"{n}.jpg": [(1, [0, 0, 50, 50])] * 3 for n in range(100)}))
    for dialect in known_dialects():
        result = score_subset(subset, answers(texts), AnswerReader(dialect))
        assert result.reading.total == result.total == 300
        assert 0 <= result.miou <= 1
