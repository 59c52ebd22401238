"""The checks catch what is wrong and leave what is right (the bar: 95 % of errors, at most 5 % false alarms)."""

from __future__ import annotations

import asyncio

import pytest

from twist_scout.experiments.injected_errors import INJECTIONS, measure_checks
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
