"""Timings that stand side by side: what both benchmarks of this folder share.

Other work on the machine makes single timings worthless. So whatever is compared runs in turns, in an
order that is drawn anew every round, and what is reported is the median over rounds of the *ratio within a
round*: a slow moment hits both sides of it. On one thread of a CPU the clock is that of the process,
which stands while another has the core.
"""

from __future__ import annotations

import argparse
import gc
import json
import platform
import random
import statistics
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from twist_scout.memory import keep_freed_memory

Runs = dict[str, Callable[[], Any]]
Times = dict[str, list[float]]
WARM_UP = 2


def interleaved(runs: Runs, device: torch.device, *, seconds: float, least: int = 5, most: int = 400) -> Times:
    """Time every run once a round.

    Args:
        runs: what to time, by name.
        device: it is waited for before a clock is read.
        seconds: rounds go on for about this long.
        least: rounds that are made in any case.
        most: rounds after which it is enough.

    Returns:
        Seconds by name, one entry for each round.
    """
    for _ in range(WARM_UP):
        for run in runs.values():
            run()
    clock = clock_for(device)
    times: Times = {name: [] for name in runs}
    names, dice = list(runs), random.Random(0)
    gc.collect()
    gc.disable()
    try:
        end = time.perf_counter() + seconds
        for number in range(most):
            dice.shuffle(names)  # who comes after whom matters: it finds its weights in the cache, or does not
            for name in names:
                wait_for(device)
                start = clock()
                runs[name]()
                wait_for(device)
                times[name].append(clock() - start)
            if number + 1 >= least and time.perf_counter() > end:
                break
    finally:
        gc.enable()
    return times


def ratio(times: Times, names: str | Sequence[str], to: str) -> float:
    """The median over rounds of how much longer ``names``, each by itself, took than ``to``."""
    listed = [names] if isinstance(names, str) else names
    pairs = [(ours, theirs) for name in listed for ours, theirs in zip(times[name], times[to], strict=True)]
    return statistics.median(ours / theirs for ours, theirs in pairs)


def milliseconds(times: list[float]) -> float:
    """The median."""
    return 1e3 * statistics.median(times)


def clock_for(device: torch.device) -> Callable[[], float]:
    """The clock that other work on the machine disturbs least."""
    alone = device.type == "cpu" and torch.get_num_threads() == 1
    return time.process_time if alone else time.perf_counter


def wait_for(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def machine(device: torch.device) -> dict[str, Any]:
    """What the numbers were measured on."""
    names = [line.split(":")[1].strip() for line in _cpuinfo() if line.startswith("model name")]
    return {
        "cpu": names[0] if names else platform.processor() or platform.machine(),
        "cores": len(names) or None,
        "threads": torch.get_num_threads(),
        "gpu": torch.cuda.get_device_name(device) if device.type == "cuda" else None,
        "device": str(device),
        "clock": clock_for(device).__name__,
        "torch": torch.__version__,
        "transformers": version("transformers"),
        "peft": version("peft"),
        "python": platform.python_version(),
    }


def _cpuinfo() -> list[str]:
    path = Path("/proc/cpuinfo")
    return path.read_text("utf-8").splitlines() if path.is_file() else []


def arguments(description: str | None) -> argparse.ArgumentParser:
    """The options of both benchmarks."""
    parser = argparse.ArgumentParser(description=(description or "").split("\n")[0])
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu", type=torch.device)
    parser.add_argument("--dtype", choices=["float32", "bfloat16"], help="default: float32 on a CPU, else bfloat16")
    parser.add_argument("--threads", type=int, default=1, help="of torch, on a CPU (default 1)")
    parser.add_argument("--seconds", type=float, default=None, help="for each line of the table")
    parser.add_argument("--quick", action="store_true", help="a few small sizes, to see that everything runs")
    parser.add_argument("--json", type=Path, help="write the numbers here too")
    return parser


def prepare(options: argparse.Namespace) -> torch.dtype:
    """Set threads and seed; the precision.

    Freed memory is kept, as in training on a CPU here: else the system clears the same pages for
    each run again, and what is timed is that.
    """
    keep_freed_memory()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    if options.dtype:
        return getattr(torch, options.dtype)
    return torch.float32 if options.device.type == "cpu" else torch.bfloat16


def store(options: argparse.Namespace, record: dict[str, Any]) -> None:
    """Write the numbers, if a file was named."""
    if options.json:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps({"machine": machine(options.device), **record}, indent=1, ensure_ascii=False)
        options.json.write_text(text + "\n", "utf-8")
        print(f"written to {options.json}")
