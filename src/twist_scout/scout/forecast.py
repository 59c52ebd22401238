"""What a large run will take, from the report of a small one: pictures, requests, tokens, time, disk and money.

Every number is a ratio to the records of the measured run, times the records that are wanted. Pictures differ: one gives four
records and another none, one answer is long and another short. How much they differ is in the report, and with it comes an
interval that holds the large run's number in 95 of 100 cases, if its pictures are like those that were measured.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import NormalDist
from typing import Any

from pydantic import ValidationError

from twist_scout.errors import BadConfig, BadInput, first_line
from twist_scout.scout.build_report import BuildReport, Moments
from twist_scout.scout.finalise import RECORDS, REJECTS, REPORT
from twist_scout.scout.ledger import FOLDER

#: Of how many large runs in 100 the intervals are to hold.
CONFIDENCE = 0.95
FEWEST = 30  # pictures, below which nobody should trust an interval
_HOUR = 3600.0
_MILLION = 1e6


@dataclass(frozen=True)
class Estimate:
    """A number with its interval."""

    value: float
    low: float
    high: float

    def times(self, factor: float) -> Estimate:
        """The same, so many times."""
        return Estimate(self.value * factor, self.low * factor, self.high * factor)


@dataclass(frozen=True)
class StageForecast:
    """What one stage will use.

    Attributes:
        by: who does it.
        requests: to a model.
        prompt_tokens: that it reads.
        completion_tokens: that it writes.
    """

    by: str
    requests: Estimate
    prompt_tokens: Estimate
    completion_tokens: Estimate


@dataclass(frozen=True)
class Prices:
    """What things cost, in one currency; None: not asked for.

    Attributes:
        llm: a million tokens that the LLM reads, and a million that it writes.
        mllm: the same of the MLLM.
        gpu_hour: one GPU for an hour.
    """

    llm: tuple[float, float] | None = None
    mllm: tuple[float, float] | None = None
    gpu_hour: float | None = None


@dataclass(frozen=True)
class Forecast:
    """What a large run will take.

    Attributes:
        samples: records that are wanted.
        measured: what it was computed from: ``pictures``, ``records``, ``seconds``, ``engine``, ``concurrency``, ``gpus``.
        machines: so many times what the measured run ran on.
        efficiency: share of the speed of all of them that is left when they work together.
        pictures: of the source.
        stages: what asks a model, by name.
        seconds: from the beginning to the end; None where no run came to its end, so that there is no clock.
        gpu_hours: of all GPUs together; None where their number or the time is not known.
        disk: bytes of records, rejects and journal, without pictures.
        cost: ``llm``, ``mllm``, ``gpus`` and ``total``, as far as there are prices.
    """

    samples: int
    measured: dict[str, Any]
    machines: float
    efficiency: float
    pictures: Estimate
    disk: float
    stages: dict[str, StageForecast] = field(default_factory=dict)
    seconds: Estimate | None = None
    gpu_hours: Estimate | None = None
    cost: dict[str, Estimate] = field(default_factory=dict)

    @property
    def pictures_per_second(self) -> float | None:
        """That the driver hands out."""
        return self.pictures.value / self.seconds.value if self.seconds else None

    @property
    def requests_per_second(self) -> float | None:
        """That the models answer."""
        asked = sum(stage.requests.value for stage in self.stages.values())
        return asked / self.seconds.value if self.seconds else None

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        rates = {"pictures_per_second": self.pictures_per_second, "requests_per_second": self.requests_per_second}
        return {**asdict(self), **rates, "confidence": CONFIDENCE}


def read_report(folder: str | Path) -> BuildReport:
    """The report of a run.

    Raises:
        BadInput: there is none, or it says too little.
    """
    path = Path(folder) / REPORT
    try:
        report = BuildReport.model_validate_json(path.read_bytes())
    except OSError as error:
        raise BadInput(f"{folder} holds no {REPORT}: give the folder of a `twist-scout scout build`.") from error
    except ValidationError as error:
        problem = first_line(error)
        raise BadInput(f"{path} is no report of this version ({problem}): run the same build again.") from error
    if "records" not in report.moments:
        raise BadInput(f"{path} does not say how pictures differ: run the same build again, it writes a new report.")
    return report


def forecast(
    folder: str | Path,
    samples: int,
    *,
    machines: float = 1.0,
    efficiency: float = 1.0,
    gpus: float | None = None,
    prices: Prices | None = None,
) -> Forecast:
    """Extrapolate from a run to a larger one of the same kind.

    Args:
        folder: of the run that was measured.
        samples: records that are wanted.
        machines: so many times what the measured run ran on.
        efficiency: share of their speed that is left when they work together, in (0, 1].
        gpus: that the measured run kept busy, those of its endpoints included; None: those of Ray's workers.
        prices: of tokens and GPUs.

    Raises:
        BadInput: there is no report, or too little in it.
        BadConfig: a number does not fit.
    """
    if samples < 1 or machines <= 0 or not 0 < efficiency <= 1:
        raise BadConfig("Samples and machines must be more than 0, and the efficiency a share up to 1.")
    report = read_report(folder)
    if report.records == 0 or report.items < 2:
        raise BadInput(f"{folder} has too few records to extrapolate from: measure a longer run.")
    per_record = _Ratios(report, samples)
    stages = {
        name: StageForecast(
            by=str((report.settings.get(name) or {}).get("by", "")),
            requests=per_record.of(f"{name}.requests"),
            prompt_tokens=per_record.of(f"{name}.prompt_tokens"),
            completion_tokens=per_record.of(f"{name}.completion_tokens"),
        )
        for name, stage in report.stages.items()
        if stage.requests
    }
    clock = _clock(report)
    seconds = None if clock is None else per_record.of("seconds", clock / (machines * efficiency))
    gpus = gpus if gpus is not None else _gpus(report)
    gpu_hours = seconds.times(machines * gpus / _HOUR) if seconds and gpus else None
    return Forecast(
        samples=samples,
        measured={
            "pictures": report.items,
            "records": report.records,
            "seconds": None if clock is None else round(clock * report.moments["seconds"].total, 3),
            "engine": report.engine.get("name", "local"),
            "concurrency": report.engine.get("concurrency"),
            "gpus": gpus,
        },
        machines=machines,
        efficiency=efficiency,
        pictures=per_record.pictures(),
        stages=stages,
        seconds=seconds,
        gpu_hours=gpu_hours,
        disk=_bytes(Path(folder)) / report.records * samples,
        cost=_cost(stages, gpu_hours, prices or Prices(), per_record),
    )


class _Ratios:
    """Totals of the large run: ratio estimates with the intervals of a prediction.

    Of n measured items with k records each and x of something, the large run of m items has R = sum(x) / sum(k) of it per
    record. With s² the variance of x - R k over items, the error of its total has the variance s² (m + m² / n): one part
    because its own items differ, one because R is not known better.
    """

    def __init__(self, report: BuildReport, samples: int) -> None:
        self._report, self._samples = report, samples
        self._records = report.moments["records"]
        self._items = samples * report.items / self._records.total  # m
        freedom = report.items - 1
        z = NormalDist().inv_cdf(0.5 + CONFIDENCE / 2)
        # Student's quantile, by its expansion: few items are less sure of their own variance.
        self._quantile = z + (z**3 + z) / (4 * freedom) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2)

    def of(self, name: str, factor: float = 1.0) -> Estimate:
        """The total of something that the report has moments of."""
        return self._estimate(self._report.moments.get(name, Moments())).times(factor)

    def pictures(self) -> Estimate:
        """How many items it takes."""
        items, records = self._report.items, self._records.total
        return self._estimate(Moments(total=items, squares=items, with_records=records))

    def weighted(self, weights: Mapping[str, float]) -> Estimate:
        """A sum of totals with weights. What belongs together errs together, so the intervals add up."""
        parts = [self.of(name, weight) for name, weight in weights.items()]
        return Estimate(*(math.fsum(getattr(part, key) for part in parts) for key in ("value", "low", "high")))

    def _estimate(self, x: Moments) -> Estimate:
        ratio = x.total / self._records.total
        squares = x.squares - 2 * ratio * x.with_records + ratio**2 * self._records.squares
        n, m = self._report.items, self._items
        error = math.sqrt(max(0.0, squares) / (n - 1) * (m + m * m / n))
        value = ratio * self._samples
        return Estimate(value, max(0.0, value - self._quantile * error), value + self._quantile * error)


def _clock(report: BuildReport) -> float | None:
    """Seconds of the run for each second that the stages of an item took, waiting included; None without a clock.

    Many items are under way at once, so it is far less than one.
    """
    spent = report.moments["seconds"].total
    if not report.timed_items or not spent:
        return None
    return report.timed_seconds * report.items / report.timed_items / spent


def _gpus(report: BuildReport) -> float | None:
    workers, each = report.engine.get("workers"), report.engine.get("gpus_per_worker")
    return float(workers) * float(each) if workers and each else None


def _cost(
    stages: Mapping[str, StageForecast], gpu_hours: Estimate | None, prices: Prices, per_record: _Ratios
) -> dict[str, Estimate]:
    cost: dict[str, Estimate] = {}
    for role, price in (("llm", prices.llm), ("mllm", prices.mllm)):
        if price is None:
            continue
        mine = [name for name in stages if (name == "questions") == (role == "llm")]
        kinds = zip(("prompt_tokens", "completion_tokens"), price, strict=True)
        weights = {f"{name}.{kind}": each / _MILLION for kind, each in kinds for name in mine}
        cost[role] = per_record.weighted(weights)
    if prices.gpu_hour is not None:
        if gpu_hours is None:
            raise BadConfig(
                "A GPU's price says nothing without hours: say how many GPUs were busy in the run (--gpus)."
            )
        cost["gpus"] = gpu_hours.times(prices.gpu_hour)
    if cost:
        parts = list(cost.values())
        cost["total"] = Estimate(*(math.fsum(getattr(part, key) for part in parts) for key in ("value", "low", "high")))
    return cost


def _bytes(folder: Path) -> int:
    """Of the files that grow with the records."""
    files = (folder / RECORDS, folder / REJECTS, folder / FOLDER / "journal.jsonl")
    return sum(file.stat().st_size for file in files if file.is_file())
