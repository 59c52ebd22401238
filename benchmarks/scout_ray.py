"""What a second worker brings on Ray, and how much one driver and one endpoint process can carry.

    python benchmarks/scout_ray.py --json benchmarks/results/scout_ray.json

The stage that costs processor time is a model: the pocket grounder answers, on one core for each worker. Runs with one
worker and with two take turns, over the same pictures, with ledger and files, and the ratio is the median over rounds:
a slow moment of the machine hits both. On a machine with other work the clock cannot show two, for the second core is
not free; so the ratio of processor time is printed too: that of the only worker to that of the busier of two.

The last two lines divide one second by the processor time that the driver takes for an item, and the process in front
of an endpoint for a request with its picture. What they carry in practice is less, but not more.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import torch
from scout_ledger import endpoint
from timing import store

from twist_scout.scout.backends import BackendOptions
from twist_scout.scout.build_report import BuildReport
from twist_scout.scout.checks import DuplicateGuard
from twist_scout.scout.pipeline import build_with
from twist_scout.scout.ray_connection import LOCAL, connect, import_ray
from twist_scout.scout.ray_engine import RayOptions, RayStages
from twist_scout.scout.sources import open_source
from twist_scout.scout.stages_spec import StagesSpec
from twist_scout.toyworld.scene import render, sample_scene
from twist_scout.toyworld.truth import truth_record

TICKS = os.sysconf("SC_CLK_TCK")


def draw(folder: Path, count: int) -> Path:
    """Scenes with their truth."""
    folder.mkdir()
    with (folder / "truth.jsonl").open("w") as file:
        for seed in range(count):
            scene = sample_scene(seed, split="train")
            rendered = render(scene, 224)
            rendered.image.save(folder / f"{seed}.png")
            file.write(json.dumps(truth_record(scene, rendered, f"{seed}.png")) + "\n")
    return folder


def run(stages: RayStages, scenes: Path, out: Path) -> BuildReport:
    """A whole run: source, stages, ledger, files."""
    return build_with(stages, open_source(scenes), out, dedupe=lambda: DuplicateGuard(0.8), concurrency=stages.capacity)


def processor_seconds(process: int) -> float:
    """That a process has used so far."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def ready(stages: RayStages, scenes: Path, folder: Path, count: int) -> None:
    """Wait until all workers are there and have loaded everything."""
    while True:
        run(stages, scenes, Path(tempfile.mkdtemp(dir=folder)))
        if len(stages.workers) == count:
            break
    run(stages, scenes, Path(tempfile.mkdtemp(dir=folder)))


def second_worker(scenes: Path, few: Path, folder: Path, rounds: int) -> dict[str, Any]:
    """One worker and two, in turns."""
    spec = StagesSpec(folder, mllm="pocket", sees=BackendOptions(device="cpu"), trained=True)
    clock: dict[int, list[float]] = {1: [], 2: []}
    busiest: dict[int, list[float]] = {1: [], 2: []}
    items = 0
    with ExitStack() as stack:
        crews = {n: stack.enter_context(RayStages(spec, RayOptions(workers=n, gpus=0, concurrency=8))) for n in clock}
        for count, stages in crews.items():
            ready(stages, few, folder, count)
        dice, order = random.Random(0), list(crews)
        for _ in range(rounds):
            dice.shuffle(order)
            for count in order:
                processes = [card.process for card in crews[count].workers]
                before = [processor_seconds(process) for process in processes]
                began = time.perf_counter()
                items = run(crews[count], scenes, Path(tempfile.mkdtemp(dir=folder))).items
                clock[count].append(time.perf_counter() - began)
                used = [processor_seconds(p) - b for p, b in zip(processes, before, strict=True)]
                busiest[count].append(max(used))
    return {
        "ratio": round(statistics.median(one / two for one, two in zip(clock[1], clock[2], strict=True)), 3),
        "ratio_of_processor_time": round(
            statistics.median(one / two for one, two in zip(busiest[1], busiest[2], strict=True)), 3
        ),
        "items_per_second": {str(count): round(items / statistics.median(times), 2) for count, times in clock.items()},
        "items": items,
        "rounds": rounds,
    }


def driver(scenes: Path, few: Path, folder: Path) -> float:
    """Items per second of the driver's processor time, where rules do the work."""
    with RayStages(StagesSpec(folder), RayOptions(workers=1)) as stages:
        ready(stages, few, folder, 1)
        before = time.process_time()
        items = run(stages, scenes, Path(tempfile.mkdtemp(dir=folder))).items
        return items / (time.process_time() - before)


def in_front_of_an_endpoint(scenes: Path, few: Path, folder: Path) -> float:
    """Requests per second of the processor time of the process that sends them."""
    with endpoint() as url:
        spec = StagesSpec(folder, mllm=f"openai:m@{url}")
        with RayStages(spec, RayOptions(workers=1)) as stages:
            ready(stages, few, folder, 1)
            process = stages.endpoints[0].process
            before = processor_seconds(process)
            report = run(stages, scenes, Path(tempfile.mkdtemp(dir=folder)))
            return report.stages["answers"].requests / (processor_seconds(process) - before)


def main() -> None:
    parser = argparse.ArgumentParser(description="What a second worker brings on Ray.")
    parser.add_argument("--items", type=int, default=120, help="pictures in each run")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="a few pictures, to see that everything runs")
    parser.add_argument("--json", type=Path, help="write the numbers here too")
    options = parser.parse_args()
    options.device = torch.device("cpu")
    if options.quick:
        options.items, options.rounds = 4, 1
    warm, cheap = (1, 8) if options.quick else (16, 400)  # pictures to warm up with, and where no model takes its time
    import_ray(local=True)
    connect(LOCAL, 4)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        scenes, few = draw(folder / "scenes", options.items), draw(folder / "few", warm)
        many = draw(folder / "many", cheap)
        result = second_worker(scenes, few, folder, options.rounds)
        result["driver_items_per_second"] = round(driver(many, few, folder))
        result["endpoint_requests_per_second"] = round(in_front_of_an_endpoint(scenes, few, folder))
    rates = result["items_per_second"]
    print(f"pictures a second: {rates['1']:.2f} with one worker, {rates['2']:.2f} with two")
    print(
        f"two workers / one: {result['ratio']:.2f} by the clock, {result['ratio_of_processor_time']:.2f} by processor"
    )
    print(f"one driver: at most {result['driver_items_per_second']:,} pictures a second")
    print(f"one process at an endpoint: at most {result['endpoint_requests_per_second']:,} requests a second")
    store(options, result)


if __name__ == "__main__":
    main()
