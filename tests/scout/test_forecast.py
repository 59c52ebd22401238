"""What a large run will take, from a small one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from twist_scout.errors import BadConfig, BadInput
from twist_scout.scout.build_report import BuildReport, ReasonCount, StageCount, Tally
from twist_scout.scout.forecast import Forecast, Prices, forecast
from twist_scout.scout.outcome import ItemOutcome

from .small_run import run

RNG = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def _same_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    """In whatever order tests run."""
    monkeypatch.setattr(f"{__name__}.RNG", np.random.default_rng(0))


def measured(folder: Path, kept: Any, tokens: Any, seconds: Any, **changes: Any) -> Path:
    """The folder of a run whose items kept so much, wrote so many tokens and took so long."""
    tally = Tally()
    for index, (records, written, took) in enumerate(zip(kept, tokens, seconds, strict=True)):
        counts = {"answers.requests": 2, "answers.prompt_tokens": 100, "answers.completion_tokens": int(written)}
        outcome = ItemOutcome(index=index, item=f"i{index}", digest="", counts=counts, seconds={"answers": float(took)})
        tally.add(outcome, int(records))
    report = tally.report().model_copy(
        update={
            "timed_items": len(kept),
            "timed_seconds": float(sum(seconds)) / 8,
            "engine": {"name": "local", "concurrency": 8},
            "settings": {"answers": {"by": "openai:m", "prompts": {}}},
            **changes,
        }
    )
    folder.mkdir(exist_ok=True)
    (folder / "report.json").write_text(report.model_dump_json())
    return folder


def draw(items: int) -> tuple[Any, Any, Any]:
    """Items of one kind: how much is kept has to do with how much is written."""
    kept = RNG.integers(0, 5, items)
    tokens = 20 + 30 * kept + RNG.integers(0, 200, items)
    return kept, tokens, 0.01 * tokens + RNG.random(items)


def totals(found: Forecast) -> list[float]:
    assert found.seconds is not None
    stage = found.stages["answers"]
    return [found.pictures.value, stage.requests.value, stage.completion_tokens.value, found.seconds.value, found.disk]


def test_as_many_records_as_were_measured_take_what_was_measured(tmp_path: Path) -> None:
    kept, tokens, seconds = draw(50)
    found = forecast(measured(tmp_path / "a", kept, tokens, seconds), int(kept.sum()))
    assert totals(found)[:4] == pytest.approx([50, 100, tokens.sum(), seconds.sum() / 8])
    assert found.measured["seconds"] == pytest.approx(seconds.sum() / 8, abs=0.01)
    assert found.stages["answers"].by == "openai:m"


def test_it_is_linear(tmp_path: Path) -> None:
    folder = measured(tmp_path / "a", *draw(50))
    (folder / "train.jsonl").write_bytes(b"x" * 1000)
    assert totals(forecast(folder, 60_000)) == pytest.approx([2 * value for value in totals(forecast(folder, 30_000))])


def test_items_that_are_all_alike_leave_no_doubt(tmp_path: Path) -> None:
    found = forecast(measured(tmp_path / "a", [2] * 9, [50] * 9, [1.0] * 9), 1000)
    assert found.pictures.low == found.pictures.high == 500
    assert found.seconds is not None
    assert found.seconds.low == pytest.approx(found.seconds.high)


@pytest.mark.parametrize("items", [12, 100])
def test_intervals_hold_what_large_runs_took(tmp_path: Path, items: int) -> None:
    """Of many small runs, each says what a large run of its own takes; 95 of 100 should be right."""
    hits = np.zeros(3)
    trials = 400
    for _ in range(trials):
        large = [column.repeat(1) for column in draw(2000)]
        found = forecast(measured(tmp_path / "a", *draw(items)), int(large[0].sum()))
        assert found.seconds is not None
        estimates = (found.pictures, found.stages["answers"].completion_tokens, found.seconds)
        truth = (2000, large[1].sum(), large[2].sum() / 8)
        hits += [one.low <= value <= one.high for one, value in zip(estimates, truth, strict=True)]
    assert (hits / trials > 0.9).all(), hits / trials
    assert (hits / trials < 0.99).all(), hits / trials


def test_more_machines_take_less_time_and_as_much_money(tmp_path: Path) -> None:
    folder = measured(tmp_path / "a", *draw(50))
    prices = Prices(llm=(1.0, 1.0), mllm=(1.0, 4.0), gpu_hour=2.0)
    one = forecast(folder, 30_000, gpus=2, prices=prices)
    many = forecast(folder, 30_000, machines=10, efficiency=0.5, gpus=2, prices=prices)
    assert one.seconds is not None
    assert many.seconds is not None
    assert one.gpu_hours is not None
    assert many.seconds.value == pytest.approx(one.seconds.value / 5)
    assert one.gpu_hours.value == pytest.approx(2 * one.seconds.value / 3600)
    stage = one.stages["answers"]
    tokens = stage.prompt_tokens.value * 1e-6 + stage.completion_tokens.value * 4e-6
    assert one.cost["mllm"].value == many.cost["mllm"].value == pytest.approx(tokens)
    assert one.cost["llm"].value == 0  # it asked none
    assert many.cost["gpus"].value == pytest.approx(2 * one.cost["gpus"].value)  # half of their speed is lost
    assert one.cost["total"].value == pytest.approx(tokens + 2 * one.gpu_hours.value)
    assert one.requests_per_second == pytest.approx(stage.requests.value / one.seconds.value)


def test_the_gpus_of_rays_workers_are_known(tmp_path: Path) -> None:
    engine = {"name": "ray", "concurrency": 8, "workers": 4, "gpus_per_worker": 0.5}
    found = forecast(measured(tmp_path / "a", *draw(50), engine=engine), 100)
    assert found.measured["gpus"] == 2
    assert found.gpu_hours is not None


def test_without_a_clock_everything_else_is_said(tmp_path: Path) -> None:
    found = forecast(measured(tmp_path / "a", *draw(50), timed_items=0), 100, gpus=1)
    assert found.seconds is None
    assert found.gpu_hours is None
    assert found.requests_per_second is None
    assert found.stages["answers"].requests.value > 0
    json.dumps(found.to_dict(), allow_nan=False)


def test_a_pilot_says_what_the_whole_run_takes(tmp_path: Path) -> None:
    """The first items of a source and all of them, by the pipeline itself."""
    run(tmp_path / "pilot", limit=30)
    whole = run(tmp_path / "whole")
    found = forecast(tmp_path / "pilot", whole.records)
    assert found.pictures.low <= whole.items <= found.pictures.high
    size = sum(
        (tmp_path / "whole" / name).stat().st_size for name in ("train.jsonl", "rejects.jsonl", ".scout/journal.jsonl")
    )
    assert found.disk == pytest.approx(size, rel=0.25)


def test_moments_are_those_of_the_files(tmp_path: Path) -> None:
    report = run(tmp_path)
    lines = [json.loads(line) for line in (tmp_path / "train.jsonl").open()]
    items = [line["id"].split(":")[1] for line in lines]
    counts = [items.count(item) for item in set(items)]
    assert report.moments["records"].total == report.records == len(lines)
    assert report.moments["records"].squares == report.moments["records"].with_records == sum(n * n for n in counts)
    spent = sum(stage.seconds for stage in report.stages.values())
    assert report.moments["seconds"].total == pytest.approx(spent, abs=0.01)


def test_the_clock_counts_runs_that_ended_and_did_something(tmp_path: Path) -> None:
    first = run(tmp_path, limit=20)
    second = run(tmp_path)
    idle = run(tmp_path)
    assert (first.timed_items, second.timed_items, idle.timed_items) == (20, 60, 60)
    assert second.timed_seconds == pytest.approx(first.seconds + second.seconds, abs=0.002)
    assert idle.timed_seconds == second.timed_seconds
    other = run(tmp_path / "b", limit=20)
    assert run(tmp_path / "b", concurrency=3).timed_items == 40  # another pace is another clock
    assert other.timed_items == 20


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"moments": {}}, "run the same build again"),
        ({"records": 0}, "too few records"),
        ({"items": 1}, "too few records"),
    ],
)
def test_a_report_that_says_too_little(tmp_path: Path, changes: dict[str, Any], words: str) -> None:
    with pytest.raises(BadInput, match=words):
        forecast(measured(tmp_path / "a", *draw(5), **changes), 10)


def test_no_report_at_all(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"holds no report.json"):
        forecast(tmp_path, 10)
    (tmp_path / "report.json").write_text("{")
    with pytest.raises(BadInput, match="is no report of this version"):
        forecast(tmp_path, 10)


@pytest.mark.parametrize("numbers", [{"machines": 0}, {"efficiency": 1.5}, {"efficiency": 0}])
def test_numbers_that_do_not_fit(tmp_path: Path, numbers: dict[str, float]) -> None:
    with pytest.raises(BadConfig, match="more than 0"):
        forecast(measured(tmp_path / "a", *draw(5)), 10, **numbers)  # type: ignore[arg-type]


def test_a_price_of_hours_needs_hours(tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match="--gpus"):
        forecast(measured(tmp_path / "a", *draw(5)), 10, prices=Prices(gpu_hour=1))


def test_older_reports_are_still_reports() -> None:
    old = BuildReport(
        records=1, rejected_by=[ReasonCount(stage="a", check="b", count=1, example="c")], stages={"a": StageCount()}
    )
    text = old.model_dump_json(exclude={"moments", "timed_items", "timed_seconds"})
    assert BuildReport.model_validate_json(text) == old
