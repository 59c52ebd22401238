"""The checks catch what is wrong and leave what is right (the bar: 95 % of errors, at most 5 % false alarms)."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from twist_scout.experiments.injected_errors import INJECTIONS, measure_checks
from twist_scout.experiments.precision import Precision, is_right
from twist_scout.scout.answers import SettledAnswers
from twist_scout.scout.rules import RuleQuestions
from twist_scout.scout.sources import open_source


@pytest.fixture(scope="module")
def records(tmp_path_factory):
    from twist_scout.cli import main

    folder = tmp_path_factory.mktemp("scenes")
    assert main(["toyworld", "sample", "--seed", "5", "--count", "40", "--out", str(folder)]) == 0

    async def make():
        made = []
        for item in open_source(folder):
            written = await RuleQuestions(negatives=2).questions(item, seed=0)
            made += [((await SettledAnswers().answer(item, q, seed=0)).example, item) for q in written.questions]
        return made

    return asyncio.run(make())


def test_errors_of_every_kind_are_caught_and_right_records_left(records):
    report = measure_checks(records)
    assert report.records > 100
    assert set(report.injected) == set(INJECTIONS)
    assert report.recall >= 0.95
    assert report.false_alarm_rate <= 0.05
    assert report.to_dict()["recall"] == report.recall


def test_a_thing_that_is_drawn_anew_in_every_step_is_moved_in_all_of_them(records):
    example, item = next((e, i) for e, i in records if len(e.boxes) == 1 and not e.negative)
    x1, y1, x2, y2 = example.boxes[0]
    twice = example.model_copy(update={"boxes": [(x1, y1, x2, y2), (x1 + 1, y1, x2, y2)]})
    moved = INJECTIONS["shifted"](twice, item, np.random.default_rng(0))
    assert moved.boxes[0] == moved.boxes[1] != example.boxes[0]


def test_what_a_model_draws_is_right_by_the_truth_and_not_by_the_checks(records):
    counted = Precision()
    for example, item in records:
        assert is_right(example, item)
        counted.add(example, item)
        for kind, inject in INJECTIONS.items():
            wrong = inject(example, item, np.random.default_rng(1))
            assert wrong is None or not is_right(wrong, item), kind
    assert counted.to_dict()["boxes_right"] == counted.to_dict()["records_right"] == 1
