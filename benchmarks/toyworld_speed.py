"""How fast the toy world is drawn, and how fast the pocket speaks.

    python benchmarks/toyworld_speed.py

Scenes a second are those of one core, by its processor time: `sample` invents a scene (which draws it coarsely, to
know what hides what), `render` draws it at 128 pixels with its masks and boxes, after a first pass that paints each
setting once. Tokens a second are those of grounded captions on the clock, the picture's reading included, for one
request at a time and for sixteen at once; the ratio is the median over rounds in which both take turns.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from timing import machine

from twist_scout import Grounder
from twist_scout.toyworld import render, sample_scene

RESULTS = Path(__file__).parent / "results" / "toyworld_speed.json"
PROMPT = "Describe the picture and give a box for each object."
SIDE = 128
BATCH = 16


def per_second(count: int, work: Callable[[int], Any]) -> float:
    """How many a second of processor time."""
    began = time.process_time()
    for number in range(count):
        work(number)
    return count / (time.process_time() - began)


def tokens_per_second(grounder: Grounder, pictures: list[Any], batch: int) -> float:
    """Tokens of the answers, on the clock."""
    tokenizer = grounder.processor.tokenizer
    began = time.perf_counter()
    answers = [
        answer
        for start in range(0, len(pictures), batch)
        for answer in grounder.ground(
            pictures[start : start + batch], [PROMPT] * batch, "grounding", batch_size=batch, max_new_tokens=160
        )
    ]
    seconds = time.perf_counter() - began
    return sum(len(tokenizer(answer.text)["input_ids"]) for answer in answers) / seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--scenes", type=int, default=600)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path, default=RESULTS, help="where to write the numbers")
    options = parser.parse_args()

    scenes = [sample_scene(number) for number in range(options.scenes)]
    sampled = per_second(options.scenes, lambda number: sample_scene(10_000 + number))
    per_second(options.scenes, lambda number: render(scenes[number], SIDE))  # paints the settings
    rendered = per_second(options.scenes, lambda number: render(scenes[number], SIDE))
    grounder = Grounder.from_pretrained(device="cpu")
    pictures = [render(scene, 240).image for scene in scenes[:BATCH]]
    tokens_per_second(grounder, pictures[:1], 1)  # warm up
    rounds = [
        (tokens_per_second(grounder, pictures, 1), tokens_per_second(grounder, pictures, BATCH))
        for _ in range(options.rounds)
    ]
    alone, together = (statistics.median(column) for column in zip(*rounds, strict=True))
    result = {
        "machine": machine(torch.device("cpu")),
        "scenes_per_second": {"sample": round(sampled), "render at 128 px": round(rendered)},
        "tokens_per_second": {"one request": round(alone, 1), f"batch of {BATCH}": round(together, 1)},
        "batch / one": round(statistics.median(b / a for a, b in rounds), 2),
    }
    options.json.write_text(json.dumps(result, indent=1) + "\n", "utf-8")
    print(f"scenes a second of one core: {sampled:.0f} invented, {rendered:.0f} drawn at {SIDE} px")
    print(
        f"tokens a second: {alone:.0f} for one request, {together:.0f} for {BATCH} at once ({result['batch / one']} x)"
    )


if __name__ == "__main__":
    main()
