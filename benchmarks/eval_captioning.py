"""Grounded captioning at scale: how long 5,000 captions with 36,000 boxes take, and how the average precision compares with
pycocotools; and with --mapping, what each step of the mapping of names is worth.

    python benchmarks/eval_captioning.py
    python benchmarks/eval_captioning.py --mapping

Captions and annotations are drawn at random, with COCO's classes and about its number of objects per image. The command is
run as a user runs it, in a process of its own, with an empty cache and again with what that left; its memory is the peak of
that process. Whatever is compared runs in turns, and the ratio is the median over rounds of the ratio within a round.
"""

from __future__ import annotations

import argparse
import contextlib
import copy
import io
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from twist_scout.data.tasks.naming import counted, listed
from twist_scout.evaluation.captioning import (
    PhraseMapper,
    PrecisionEvaluator,
    SentenceEncoder,
    captioning_records,
    coco_names,
    read_annotations,
)
from twist_scout.evaluation.captioning.collecting import (
    collect_detections,
    collect_objects,
    map_captions,
    read_captions,
)
from twist_scout.evaluation.captioning.name_list import SHIPPED
from twist_scout.evaluation.predictions import read_predictions
from twist_scout.evaluation.reading import AnswerReader

RESULTS = Path(__file__).parent / "results" / "eval_captioning.json"
NAMES = Path(__file__).parent / "data" / "object_names.txt"
CLASSES: tuple[str, ...] = tuple(yaml.safe_load((Path(__file__).parent / "data" / "coco_classes.yaml").read_text()))
THREADS = 2
_ADJECTIVES = ("small", "large", "red", "wooden", "parked", "smiling", "old", "striped", "distant", "second")
_OTHERS = ("tree", "sky", "building", "wall", "window", "road", "sign", "grass", "fence", "curtain", "lamp", "shoe")


def draw(folder: Path, images: int, boxes: int, seed: int) -> tuple[Path, Path]:
    """Annotations in COCO's form, and captions of a fair model: most objects, roughly where they are."""
    dice = np.random.default_rng(seed)
    share = 1 / np.arange(1, len(CLASSES) + 1) ** 0.9  # a few classes are most of COCO
    share /= share.sum()
    listed_names = yaml.safe_load(SHIPPED.read_text("utf-8"))["names"]
    per_image = boxes / images
    truth: dict[str, list[dict[str, Any]]] = {"images": [], "annotations": [], "categories": []}
    truth["categories"] = [{"id": number, "name": name} for number, name in enumerate(CLASSES, start=1)]
    lines, written = [], 0
    for image in range(1, images + 1):
        width, height = int(dice.integers(400, 641)), int(dice.integers(400, 641))
        truth["images"].append({"id": image, "file_name": f"{image:012d}.jpg", "width": width, "height": height})
        named: dict[int, list[list[int]]] = {}
        for _ in range(1 + dice.poisson(per_image * 1.3 - 1)):
            category = 1 + int(dice.choice(len(CLASSES), p=share))
            w, h = (float(v) for v in np.minimum(np.exp(dice.normal(4.2, 0.9, 2)), (width, height)))
            x, y = float(dice.uniform(0, width - w)), float(dice.uniform(0, height - h))
            annotation = {"id": len(truth["annotations"]) + 1, "image_id": image, "category_id": category}
            crowd = int(dice.random() < 0.01)
            truth["annotations"].append({**annotation, "bbox": [x, y, w, h], "area": 0.7 * w * h, "iscrowd": crowd})
            if dice.random() < 0.72:
                corners = np.array([x, y, x + w, y + h]) + dice.normal(0, 0.08, 4) * (w, h, w, h)
                grid = np.clip(1000 * corners / (width, height, width, height), 0, 999).astype(int)
                grid[2:] = np.maximum(grid[2:], grid[:2])
                said = category if dice.random() < 0.93 else 1 + int(dice.integers(len(CLASSES)))
                named.setdefault(said, []).append(grid.tolist())
        if dice.random() < 0.6:
            named[0] = [dice.integers(0, 999, 4).tolist()]
            named[0][0] = [min(named[0][0][::2]), min(named[0][0][1::2]), max(named[0][0][::2]), max(named[0][0][1::2])]
        parts = []
        for said, places in named.items():
            name = str(dice.choice(_OTHERS)) if said == 0 else CLASSES[said - 1]
            others = listed_names.get(name, ())
            if others and dice.random() < 0.4:
                name = str(dice.choice(others))
            if dice.random() < 0.5:
                name = f"{dice.choice(_ADJECTIVES)} {name}"
            if dice.random() < 0.05:
                name += "x"  # misspelt: on no list
            boxes_text = "; ".join(",".join(f"{number:03d}" for number in place) for place in places)
            parts.append(f"{counted(name, len(places))} [[{boxes_text}]]")
            written += len(places)
        text = f"The picture shows {listed(parts)}." if parts else "Nothing to see."
        lines.append(json.dumps({"id": image, "text": text, "score": float(dice.normal())}))
    (folder / "instances.json").write_text(json.dumps(truth))
    (folder / "captions.jsonl").write_text("\n".join(lines) + "\n")
    print(f"{images:,} captions with {written:,} boxes for {len(truth['annotations']):,} objects")
    return folder / "captions.jsonl", folder / "instances.json"


def run_command(captions: Path, truth: Path, cache: Path) -> dict[str, Any]:
    """One run of the command: seconds, and the most memory it held."""
    call = ["eval", "captioning", "-p", str(captions), "-t", str(truth), "-d", "cogvlm", "--json"]
    code = "import sys; from twist_scout.cli import main; sys.exit(main(sys.argv[1:]))"
    environment = {**os.environ, "TWIST_SCOUT_CACHE": str(cache), "OMP_NUM_THREADS": str(THREADS)}
    start = time.perf_counter()
    with tempfile.TemporaryFile() as out:
        child = subprocess.Popen(
            [sys.executable, "-c", code, *call], stdout=out, stderr=subprocess.PIPE, env=environment
        )
        _, status, usage = os.wait4(child.pid, 0)
        seconds = time.perf_counter() - start
        if status:
            raise SystemExit(f"the command failed: {child.stderr.read().decode() if child.stderr else status}")
        out.seek(0)
        found = json.load(out)
    return {
        "seconds": round(seconds, 2),
        "processor_seconds": round(usage.ru_utime + usage.ru_stime, 2),
        "gib": round(usage.ru_maxrss / 2**20, 3),
        "ap": found["ap"],
        "detections": found["detections"],
        "boxes": found["boxes"],
    }


def precision_parts(captions: Path, truth: Path) -> dict[str, Callable[[], float]]:
    """The average precision of the same boxes by us, by faster-coco-eval on everything at once, by pycocotools."""
    from faster_coco_eval import COCO, COCOeval_faster
    from pycocotools.coco import COCO as ReferenceCOCO
    from pycocotools.cocoeval import COCOeval as ReferenceEval

    annotations = read_annotations(truth)
    records, _ = captioning_records(annotations, read_predictions(captions))
    read = read_captions(records, AnswerReader("cogvlm"))
    names = coco_names(annotations.classes)
    map_captions(read, PhraseMapper(annotations.classes, names=names))
    numbers = {name: number for number, name in enumerate(annotations.classes)}
    objects = collect_objects([caption.record.objects() for caption in read], numbers)
    detections = collect_detections(read, numbers, "constant")
    detections = detections.take(detections.category >= 0)

    content = json.loads(truth.read_text())
    results = [
        {"image_id": image + 1, "category_id": category + 1, "bbox": bbox, "score": score}
        for image, category, bbox, score in zip(
            detections.image.tolist(),
            detections.category.tolist(),
            detections.bbox.tolist(),
            detections.score.tolist(),
            strict=True,
        )
    ]

    def ours() -> float:
        return PrecisionEvaluator(objects, detections, annotations.classes).evaluate().ap

    def at_once() -> float:
        gold = COCO(copy.deepcopy(content))
        evaluator = COCOeval_faster(gold, gold.loadRes(copy.deepcopy(results)), iouType="bbox")
        evaluator.run()
        return float(evaluator.stats[0])

    def reference() -> float:
        with contextlib.redirect_stdout(io.StringIO()):
            gold = ReferenceCOCO()
            gold.dataset = copy.deepcopy(content)
            gold.createIndex()
            evaluator = ReferenceEval(gold, gold.loadRes(copy.deepcopy(results)), "bbox")
            evaluator.evaluate()
            evaluator.accumulate()
            evaluator.summarize()
        return float(evaluator.stats[0])

    return {"twist_scout": ours, "faster_coco_eval": at_once, "pycocotools": reference}


def compare(parts: dict[str, Callable[[], float]], rounds: int) -> dict[str, Any]:
    """Each part once a round."""
    times: dict[str, list[float]] = {name: [] for name in parts}
    values: dict[str, float] = {}
    for _ in range(rounds):
        for name, part in parts.items():
            start = time.process_time()
            values[name] = part()
            times[name].append(time.process_time() - start)
    ours = times["twist_scout"]
    ratios = {
        name: statistics.median(theirs / own for theirs, own in zip(times[name], ours, strict=True)) for name in parts
    }
    return {
        "seconds": {name: round(statistics.median(each), 3) for name, each in times.items()},
        "times_faster_than": {name: round(ratio, 1) for name, ratio in ratios.items() if name != "twist_scout"},
        "largest_difference": max(abs(value - values["twist_scout"]) for value in values.values()),
        "rounds": rounds,
    }


def gold_names(path: Path = NAMES) -> list[tuple[str, frozenset[str]]]:
    """Names and the classes that are right for each; "-" is none."""
    found = []
    for line in path.read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            classes, _, names = line.partition(":")
            found += [(name.strip(), frozenset(classes.split("|"))) for name in names.split(",")]
    return found


def mapping_quality(thresholds: Sequence[float]) -> dict[str, Any]:
    """Share of labelled names that are mapped rightly: by similarity alone, and with the list of names before it."""
    gold = gold_names()
    encoder = SentenceEncoder()
    ways = {"similarity alone": None, "list of names first": coco_names(CLASSES)}
    table = {}
    for way, names in ways.items():
        for threshold in thresholds:
            mapped = PhraseMapper(CLASSES, encoder, threshold=threshold, names=names).map(name for name, _ in gold)
            got = [(mapped[name].label or "-", right) for name, right in gold]
            table[f"{way}, {threshold:.2f}"] = {
                "right": round(sum(label in right for label, right in got) / len(gold), 4),
                "wrong_class": sum(label not in right and label != "-" for label, right in got),
                "left_unmapped": sum(label not in right and label == "-" for label, right in got),
            }
    return {"names": len(gold), "model": encoder.name, "ways": table}


def main() -> None:
    parser = argparse.ArgumentParser(description="Grounded captioning at scale.")
    parser.add_argument("--images", type=int, default=5000)
    parser.add_argument("--boxes", type=int, default=36_000, help="about so many in all captions")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mapping", action="store_true", help="only the mapping of names, by threshold")
    parser.add_argument("--json", type=Path, default=RESULTS, help="where to write the numbers")
    options = parser.parse_args()
    quality = mapping_quality([0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.9])
    print(f"{quality['names']} labelled names, {quality['model']}:")
    for way, numbers in quality["ways"].items():
        print(
            f"  {way:26} {numbers['right']:7.2%} right, {numbers['wrong_class']:3} to a wrong class, "
            f"{numbers['left_unmapped']:3} left without one"
        )
    if options.mapping:
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        captions, truth = draw(folder, options.images, options.boxes, options.seed)
        cold = run_command(captions, truth, folder / "cache")
        warm = run_command(captions, truth, folder / "cache")
        precision = compare(precision_parts(captions, truth), options.rounds)
    for words, run in (("empty cache", cold), ("warm cache", warm)):
        print(
            f"command, {words}: {run['seconds']:.1f} s ({run['processor_seconds']:.1f} s of processor), {run['gib']:.2f} GiB"
        )
    for peer, ratio in precision["times_faster_than"].items():
        print(f"average precision: {ratio:.1f} times as fast as {peer} ({precision['seconds'][peer]:.2f} s)")
    print(f"largest difference in AP: {precision['largest_difference']:.1e}")
    result = {
        "images": options.images,
        "seed": options.seed,
        "threads": THREADS,
        "command": {"empty_cache": cold, "warm_cache": warm},
        "average_precision": precision,
        "mapping": quality,
        "machine": {"cpu": _cpu(), "python": platform.python_version()},
        "versions": {name: version(name) for name in ("faster-coco-eval", "pycocotools", "sentence-transformers")},
    }
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(result, indent=1) + "\n", "utf-8")


def _cpu() -> str:
    path = Path("/proc/cpuinfo")
    lines = path.read_text("utf-8").splitlines() if path.is_file() else []
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.machine())


if __name__ == "__main__":
    main()
