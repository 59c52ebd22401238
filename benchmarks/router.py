"""The prompt router against its bars, and against the rule that it replaced.

    python benchmarks/router.py                      # what ships, one thread
    python benchmarks/router.py --file mine.jsonl    # and your own prompts: {"prompt", "mode"} a line

Sets of prompts, none of them trained on:

- *held-out templates*: written by the package's own grammar, from templates that training never used; and such prompts *as
  typed*: with slips of the finger, greetings, stray words, paragraphs and earlier turns around them;
- *hard prompts*: written by hand (tests/routing/hard_prompts.jsonl): hard pairs, everyday senses, typos, long and short ones;
- where shared/data lies beside the repository, prompts that no one here wrote: questions of POPE and on Flickr8k photos,
  sentences of NLVR put as questions, and expressions of RefCOCO, RefCOCO+ and RefCOCOg in templates written for this benchmark.

The rule looks for words that ask for a place, a box or steps. Times are those of the processor, one prompt at a time.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

import torch
from router_rule import decide as by_rule
from timing import machine

from twist_scout.routing import Router
from twist_scout.routing.arrays import parameters
from twist_scout.routing.engines import ENGINES
from twist_scout.routing.evaluation import evaluate
from twist_scout.routing.examples import read_prompts
from twist_scout.routing.onnx_file import read_weights
from twist_scout.routing.prompts import GROUNDING, UNDERSTANDING, Prompt, prompts
from twist_scout.routing.router import shipped

HERE = Path(__file__).resolve().parent
HARD = HERE.parent / "tests" / "routing" / "hard_prompts.jsonl"
SHARED = HERE.parents[1] / "shared" / "data"
RESULTS = HERE / "results" / "router.json"
BARS = {
    "held-out templates": 0.999,
    "prompts of others": 0.99,
    "grounding leak": 0.01,
    "understanding leak": 0.001,
    "ms": 1.0,
}

#: Ways to ask for the object of an expression, written for this benchmark alone.
REFERRING = (
    "Kindly tell me the bounding box of: {}",
    "My question concerns {}. At which coordinates does it lie?",
    'For the description "{}", respond with one box.',
    "Somewhere here you will notice {}. Report its box as four integers.",
    "The target is {}. Localise it, please.",
    "Have a look and box in {} for me.",
    "Task: referring expression comprehension. Expression: {}",
    "{} - tell me exactly where, in coordinates.",
    "Bounding-box request. Subject: {}.",
    "Which bounding box would you assign to {}?",
    "{} is what interests me; state the corners that enclose it.",
    "Where, pray, is {} in this picture?",
    "Show the spot of {} with a bounding box.",
    "Hunt down {} in the photograph and box it.",
    "Return x1, y1, x2, y2 for {}.",
)
#: Ways to put a sentence about a picture to the test, likewise.
STATEMENTS = (
    "Does this hold for the picture? {}",
    "{} Is that so?",
    "Judge the following sentence as true or false: {}",
    "Someone claims: {} Would you agree?",
)


def shared_sets(data: Path) -> Iterator[tuple[str, list[Prompt]]]:
    """Prompts that no one here wrote, where they are at hand."""
    rng = Random(0)

    def rows(path: str) -> list[dict[str, Any]]:
        lines = (data / path).read_text("utf-8").splitlines()
        return [json.loads(line) for line in lines if line.strip()]

    if (data / "pope").is_dir():
        asked = dict.fromkeys(row["text"] for row in rows("pope/coco_pope_random.json"))
        yield "POPE questions", [Prompt(text, UNDERSTANDING) for text in asked]
    if (data / "flickr8k").is_dir():
        asked = dict.fromkeys(row["question"] for row in rows("flickr8k/questions_with_evidence_box.jsonl"))
        yield "Flickr8k questions", [Prompt(text, UNDERSTANDING) for text in asked]
    if (data / "nlvr_dev").is_dir():
        said = list(dict.fromkeys(row["sentence"] for row in rows("nlvr_dev/dev.json")))
        yield "NLVR sentences", [Prompt(rng.choice(STATEMENTS).format(text), UNDERSTANDING) for text in said]
    if (data / "refcoco").is_dir():
        said = list(
            dict.fromkeys(
                row["expression"]
                for path in sorted((data / "refcoco").glob("*.jsonl"))
                for row in rows(f"refcoco/{path.name}")
            )
        )
        chosen = rng.sample(said, min(6_000, len(said)))
        yield "RefCOCO expressions", [Prompt(rng.choice(REFERRING).format(text), GROUNDING) for text in chosen]


def one_by_one(router: Router, texts: Sequence[str]) -> dict[str, float]:
    """Median and 95th percentile of the processor's time for one prompt, in milliseconds."""
    for text in texts[:20]:
        router.decide([text])
    times = []
    for text in texts:
        began = time.process_time_ns()
        router.decide([text])
        times.append((time.process_time_ns() - began) / 1e6)
    return {"median": round(statistics.median(times), 3), "p95": round(sorted(times)[int(0.95 * len(times))], 3)}


def rule_leaks(given: Sequence[Prompt]) -> dict[str, float]:
    """What the rule does with the same prompts."""
    decided = [by_rule(prompt.text).mode for prompt in given]
    return {
        "accuracy": _mean(mode == prompt.mode for mode, prompt in zip(decided, given, strict=True)),
        "understanding_to_grounding": _mean(
            mode == GROUNDING for mode, prompt in zip(decided, given, strict=True) if prompt.mode == UNDERSTANDING
        ),
        "grounding_to_understanding": _mean(
            mode == UNDERSTANDING for mode, prompt in zip(decided, given, strict=True) if prompt.mode == GROUNDING
        ),
    }


def _mean(values: Iterable[bool]) -> float:
    found = list(values)
    return sum(found) / len(found) if found else 0.0


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--router", type=Path, help="folder of a router; without it, what ships")
    parser.add_argument("--prompts", type=int, default=20_000, help="of held-out templates")
    parser.add_argument("--file", type=Path, action="append", default=[], help="your own prompts; may be repeated")
    parser.add_argument("--data", type=Path, default=SHARED, help="the folder of public data")
    parser.add_argument("--json", type=Path, default=RESULTS, help="where to write the numbers")
    options = parser.parse_args()

    torch.set_num_threads(1)
    router = Router(options.router)
    sets: list[tuple[str, list[Prompt]]] = [
        ("held-out templates", list(islice(prompts("test", seed=1, dressed=False), options.prompts))),
        ("the same, as typed", list(islice(prompts("test", seed=1), options.prompts))),
        ("hard prompts", list(read_prompts(HARD, router.modes))),
        *shared_sets(options.data),
        *((path.name, list(read_prompts(path, router.modes))) for path in options.file),
    ]
    folder = options.router or shipped()
    size = sum(path.stat().st_size for path in folder.iterdir())
    count = parameters(read_weights(folder / "router.onnx")) + router.shortcut.size
    print(f"{count:,} parameters, {size:,} bytes, {router.engine.name}, confidence {router.confidence:g}")
    heads = f"{'prompts':>8}{'accuracy':>10}{'U to G':>9}{'G to U':>9}{'abstained':>11}{'ECE':>8}"
    print(f"{'':22}{heads}   rule: accuracy, U to G, G to U")
    lines = {}
    for name, given in sets:
        report, rule = evaluate(router, given), rule_leaks(given)
        lines[name] = {key: value for key, value in report.to_dict().items() if key != "wrong"} | {"rule": rule}
        print(
            f"{name:22}{report.prompts:>8,}{report.accuracy:>10.2%}{report.leaked_to_skill:>9.2%}"
            f"{report.leaked_to_understanding:>9.2%}{report.abstained:>11.2%}{report.calibration_error:>8.4f}   "
            f"{rule['accuracy']:.2%}, {rule['understanding_to_grounding']:.2%}, {rule['grounding_to_understanding']:.2%}"
        )
    texts = [prompt.text for _, given in sets[1:3] for prompt in given[:400]]
    times = {engine: one_by_one(Router(options.router, engine=engine), texts) for engine in ENGINES}
    for engine, found in times.items():
        print(
            f"one prompt, {engine}: median {found['median']:.2f} ms, 95 % below {found['p95']:.2f} ms (bar {BARS['ms']:g})"
        )
    options.json.parent.mkdir(parents=True, exist_ok=True)
    record = {
        "machine": machine(torch.device("cpu")),
        "parameters": count,
        "bytes": size,
        "confidence": router.confidence,
    }
    options.json.write_text(
        json.dumps({**record, "bars": BARS, "sets": lines, "one_prompt_ms": times}, indent=1) + "\n", "utf-8"
    )


if __name__ == "__main__":
    main()
