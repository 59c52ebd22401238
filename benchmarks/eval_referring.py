"""Referring accuracy of a million answers: seconds, memory, and how that compares with a loop over samples.

    python benchmarks/eval_referring.py

Truth and answers are drawn, written to files and read back by the evaluator: the time is that of everything between the two
files and the result, on one core. Finding boxes in the texts and scoring them is compared with two loops over the same
answers in memory: a bare one in plain Python, and one that makes tensors for each sample as the published evaluators of
Shikra, Ferret and Qwen-VL do. Both only know one form of one dialect; they do not tell what could not be read, nor the
curve, nor the strata. Times of parts and loops are those of the processor.
"""

from __future__ import annotations

import argparse
import gc
import json
import platform
import random
import re
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from twist_scout.evaluation.predictions import read_predictions
from twist_scout.evaluation.referring import (
    CONVENTIONS,
    ReferringResult,
    Scorer,
    from_predictions,
    outcomes_of,
    read_truth,
    result_of,
)

RESULTS = Path(__file__).parent / "results" / "eval_referring.json"
SIZES = ((640, 480), (480, 640), (640, 427), (500, 375), (333, 500))
WORDS = ("man", "woman", "left", "right", "red", "the", "in", "shirt", "with", "dog", "front", "chair")
BOX = re.compile(r"\[\[(\d+),(\d+),(\d+),(\d+)\]\]")
Corners = tuple[float, float, float, float]


def draw(folder: Path, count: int, seed: int) -> tuple[Path, Path]:
    """A truth as Shikra writes it, and answers that are off by up to a fifth of the box; one in a hundred is cut short."""
    rng = random.Random(seed)
    truth, answers = folder / "REC_refcoco_unc_val.jsonl", folder / "predictions.jsonl"
    with truth.open("w") as meant, answers.open("w") as written:
        for number in range(count):
            width, height = rng.choice(SIZES)
            x, y = rng.uniform(0, width * 0.6), rng.uniform(0, height * 0.6)
            box = [x, y, x + width * rng.uniform(0.1, 0.4), y + height * rng.uniform(0.1, 0.4)]
            words = " ".join(rng.choices(WORDS, k=rng.randint(1, 8)))
            row = {"img_path": f"COCO_train2014_{number // 5:012d}.jpg", "expression": words, "bbox": box}
            row |= {"width": width, "height": height, "image_id": number // 5, "sent_id": number, "split": "validation"}
            meant.write(json.dumps(row) + "\n")
            moved = [edge + rng.uniform(-0.2, 0.2) * (box[2 + n % 2] - box[n % 2]) for n, edge in enumerate(box)]
            shares = [round(100 * min(max(edge / (width, height)[n % 2], 0), 1)) for n, edge in enumerate(moved)]
            text = f"The {words} is at [[{','.join(map(str, shares))}]]."
            written.write(json.dumps({"id": number, "text": text if rng.random() > 0.01 else text[:-4]}) + "\n")
    return truth, answers


def evaluated(truth: Path, answers: Path, seconds: dict[str, float]) -> ReferringResult:
    """The whole way from two files to a result, and the time of each part."""
    began = time.process_time()

    def note(part: str) -> None:
        nonlocal began
        now = time.process_time()
        seconds[part], began = now - began, now

    meant = read_truth(truth)
    note("read truth")
    predictions = read_predictions(answers)
    note("read predictions")
    scorer = Scorer(from_predictions(meant, predictions), "scout")
    _ = scorer.found
    note("find boxes")
    result = result_of(scorer, *outcomes_of(scorer, CONVENTIONS["scout"]))
    note("score")
    return result


def plain_loop(texts: list[str], boxes: list[Corners], sizes: list[tuple[float, float]]) -> int:
    """Hits, sample by sample, in plain Python."""
    hits = 0
    for text, (x1, y1, x2, y2), (width, height) in zip(texts, boxes, sizes, strict=True):
        match = BOX.search(text)
        if match is None:
            continue
        a1, b1, a2, b2 = (int(number) / 100 for number in match.groups())
        a1, b1, a2, b2 = a1 * width, b1 * height, a2 * width, b2 * height
        overlap = max(0.0, min(x2, a2) - max(x1, a1)) * max(0.0, min(y2, b2) - max(y1, b1))
        union = (x2 - x1) * (y2 - y1) + (a2 - a1) * (b2 - b1) - overlap
        hits += union > 0 and overlap / union >= 0.5
    return hits


def tensor_loop(texts: list[str], boxes: list[Corners], sizes: list[tuple[float, float]]) -> int:
    """The same with tensors for each sample."""
    hits = 0
    for text, box, (width, height) in zip(texts, boxes, sizes, strict=True):
        match = BOX.search(text)
        numbers = [float(number) for number in match.groups()] if match else [0.0] * 4
        found = torch.tensor(numbers).view(1, 4) / 100
        found[:, 0::2] *= width
        found[:, 1::2] *= height
        meant = torch.tensor(box).view(1, 4)
        extent = (torch.min(found[:, 2:], meant[:, 2:]) - torch.max(found[:, :2], meant[:, :2])).clamp(min=0)
        overlap = extent[:, 0] * extent[:, 1]
        areas = [(each[:, 2] - each[:, 0]) * (each[:, 3] - each[:, 1]) for each in (found, meant)]
        hits += (overlap / (areas[0] + areas[1] - overlap)).item() >= 0.5
    return hits


def timed(work: Callable[[], Any]) -> tuple[Any, float, float]:
    """What it gives, seconds on the clock, and seconds of the processor."""
    gc.collect()
    began, used = time.perf_counter(), time.process_time()
    found = work()
    return found, time.perf_counter() - began, time.process_time() - used


def main() -> None:
    parser = argparse.ArgumentParser(description="How long a million answers to referring expressions take.")
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--loop", type=int, default=100_000, help="samples of the two loops")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, default=RESULTS, help="where to write the numbers")
    options = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as name:
        truth, answers = draw(Path(name), options.count, options.seed)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        parts: dict[str, float] = {}
        result, clock, used = timed(lambda: evaluated(truth, answers, parts))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        meant, found = read_truth(truth), read_predictions(answers)
        few = min(options.loop, options.count)
        held = (
            [found[id].text for id in meant.ids[:few]],
            [(x1, y1, x2, y2) for x1, y1, x2, y2 in meant.boxes[:few].tolist()],
            [(width, height) for width, height in meant.sizes[:few].tolist()],
        )
    scoring = (parts["find boxes"] + parts["score"]) / options.count
    loops = {"plain Python": plain_loop, "tensors": tensor_loop}
    compared: dict[str, dict[str, float]] = {}
    for loop, work in loops.items():
        hits, _, seconds = timed(lambda work=work: work(*held))
        agrees = hits / sum(result.right[:few])
        compared[loop] = {
            "microseconds_per_sample": round(seconds / few * 1e6, 2),
            "ratio": round(seconds / few / scoring, 2),
            "hits_ratio": round(agrees, 4),
        }
    numbers = {
        "count": options.count,
        "seconds": round(clock, 1),
        "processor_seconds": round(used, 1),
        "parts": {part: round(seconds, 1) for part, seconds in parts.items()},
        "microseconds_per_sample": {"all": round(used / options.count * 1e6, 2), "scoring": round(scoring * 1e6, 2)},
        "peak_mib": peak,
        "peak_mib_before": before,
        "accuracy": round(result.accuracy, 4),
        "loops": compared,
        "machine": {"cpu": _cpu(), "python": platform.python_version()},
    }
    print(f"{options.count:,} answers: {clock:.1f} s, {used:.1f} s of one core, {peak:,} MiB (before: {before:,} MiB)")
    for part, seconds in parts.items():
        print(f"  {part:18} {seconds:6.1f} s")
    print(f"per answer: {used / options.count * 1e6:.1f} us; finding boxes and scoring alone {scoring * 1e6:.1f} us")
    for loop, row in compared.items():
        print(f"  a loop, {loop:14} {row['microseconds_per_sample']:6.1f} us: {row['ratio']:.2f} x of that")
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(numbers, indent=1) + "\n", "utf-8")


def _cpu() -> str:
    path = Path("/proc/cpuinfo")
    lines = path.read_text("utf-8").splitlines() if path.is_file() else []
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.machine())


if __name__ == "__main__":
    main()
