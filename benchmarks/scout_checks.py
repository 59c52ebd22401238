"""The checks of the SCOUT engine: what share of wrong records they catch, what share of right ones they turn down, and how
fast they are.

    python benchmarks/scout_checks.py

Right records are those that the rules make of drawn scenes, whose truth is known exactly. Errors of four kinds are put into
them (twist_scout.experiments.injected_errors). Times are those of the processor, of one core, caches warm; the median and
the best of several rounds are reported, because other work on the machine makes rounds slower and none faster.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import platform
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from twist_scout import __version__
from twist_scout.cli import main as twist_scout
from twist_scout.data.records import Example, parse_line, write_examples
from twist_scout.experiments.injected_errors import CheckReport, measure_checks
from twist_scout.scout.answers import SettledAnswers
from twist_scout.scout.checks import check
from twist_scout.scout.inspection import ItemLookup, inspect
from twist_scout.scout.items import SourceItem
from twist_scout.scout.record import Provenance, with_verdicts
from twist_scout.scout.rules import RuleQuestions
from twist_scout.scout.sources import open_source

RESULTS = Path(__file__).parent / "results" / "scout_checks.json"
Pair = tuple[Example, SourceItem]


async def right_records(scenes: Path) -> list[Pair]:
    """What the rules ask and answer about every scene, as the engine writes it."""
    made = []
    for item in open_source(scenes):
        for question in (await RuleQuestions(negatives=2).questions(item, seed=0)).questions:
            answered = await SettledAnswers().answer(item, question, seed=0)
            if answered.example is not None:
                example = answered.example
                signed = Provenance(
                    engine=__version__, source=item.source, item=item.id, question_by="rules", answer_by="rules"
                )
                told = {**example.meta, "provenance": signed.model_dump(mode="json")}
                example = with_verdicts(example.model_copy(update={"meta": told}), check(example, item))
                made.append((example, item))
    return made


def quality(report: CheckReport) -> dict[str, Any]:
    """Recall by kind of error, and how many of those that were turned down deserved it."""
    caught, injected = sum(report.caught.values()), sum(report.injected.values())
    return {
        "right_records": report.records,
        "false_alarms": report.false_alarms,
        "false_alarm_rate": report.false_alarm_rate,
        "injected": injected,
        "caught": caught,
        "recall": report.recall,
        "precision": caught / max(1, caught + report.false_alarms),
        "recall_by_kind": {kind: report.caught[kind] / number for kind, number in report.injected.items()},
    }


def speed(work: Callable[[], int], rounds: int) -> dict[str, float]:
    """Records per second of processor time."""
    work()
    rates = []
    for _ in range(rounds):
        began = time.process_time()
        done = work()
        rates.append(done / (time.process_time() - began))
    return {"median": round(statistics.median(rates)), "best": round(max(rates))}


def speeds(pairs: list[Pair], scenes: Path, folder: Path, rounds: int) -> dict[str, dict[str, float]]:
    """Of reading alone, of reading and checking, and of the command as a whole."""
    file = folder / "records.jsonl"
    write_examples(file, [example.model_copy(update={"id": str(n)}) for n, (example, _) in enumerate(pairs)])
    lines = file.read_bytes().splitlines()
    items = [item for _, item in pairs]

    def parsing() -> int:
        for number, line in enumerate(lines, start=1):
            parse_line(line, file, number)
        return len(lines)

    def checking() -> int:
        for number, line in enumerate(lines, start=1):
            check(parse_line(line, file, number))
        return len(lines)

    def comparing() -> int:
        for number, (line, item) in enumerate(zip(lines, items, strict=True), start=1):
            check(parse_line(line, file, number), item)
        return len(lines)

    return {
        "parse": speed(parsing, rounds),
        "parse_and_check": speed(checking, rounds),
        "parse_and_check_with_source": speed(comparing, rounds),
        "command": speed(lambda: inspect(file).records, rounds),
        "command_with_source": speed(lambda: inspect(file, items=ItemLookup(open_source(scenes))).records, rounds),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="What the checks catch, and how fast they are.")
    parser.add_argument("--scenes", type=int, default=400)
    parser.add_argument("--seed", type=int, default=0, help="of the first scene, and of the errors")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", type=Path, default=RESULTS, help="where to write the numbers")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        scenes = folder / "scenes"
        drawn = ["--count", str(options.scenes), "--seed", str(options.seed), "--out", str(scenes)]
        if twist_scout(["toyworld", "sample", *drawn]):
            raise SystemExit(1)
        pairs = asyncio.run(right_records(scenes))
        found = quality(measure_checks(pairs, seed=options.seed))
        rates = speeds(pairs, scenes, folder, options.rounds)
    result = {
        "scenes": options.scenes,
        "seed": options.seed,
        "quality": found,
        "records_per_second": rates,
        "machine": {"cpu": _cpu(), "python": platform.python_version()},
    }
    print(f"{found['right_records']:,} right records: {found['false_alarm_rate']:.2%} turned down (false alarms)")
    print(f"{found['injected']:,} injected errors: {found['recall']:.2%} caught, precision {found['precision']:.2%}")
    for kind, share in found["recall_by_kind"].items():
        print(f"  {kind:10} {share:8.2%}")
    for what, rate in rates.items():
        print(f"{what.replace('_', ' '):28} {rate['median']:>8,} records/s (best {rate['best']:,})")
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(result, indent=1) + "\n", "utf-8")


def _cpu() -> str:
    path = Path("/proc/cpuinfo")
    lines = path.read_text("utf-8").splitlines() if path.is_file() else []
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.machine())


if __name__ == "__main__":
    main()
