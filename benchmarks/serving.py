"""`twist-scout serve` under load: is every answer right, and how much faster are many requests at once than one by one?

    python benchmarks/serving.py

Starts the server with the pocket model, draws a scene for every request, and asks about it: a question for the base, then one
for boxes, in turns. All requests are sent one after another, and all at once; which comes first is drawn anew every round. An
answer is right if it is, letter by letter, what the same model says in this process to this picture and prompt alone; for
understanding that is the base without any adapter on it. So a lost answer, one that went to another request, and one that a
batch changed would all show. The ratio is the median over rounds of the time one by one, divided by the time at once; a second
one is that of the server's processor time, which other work on the machine disturbs less.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import io
import json
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import psutil
import torch
from openai import AsyncOpenAI
from PIL import Image
from timing import machine

from twist_scout.grounder import Grounder
from twist_scout.toyworld import pocket_base
from twist_scout.toyworld.exam import exam_items
from twist_scout.toyworld.scene import render, sample_scene

RESULTS = Path(__file__).parent / "results" / "serving.json"
FIRST_SCENE = 820_000
TOKENS = 160


@dataclass(frozen=True)
class Question:
    """A prompt about a picture of its own."""

    picture: Image.Image
    url: str
    prompt: str


@dataclass(frozen=True)
class Answer:
    """What the server said, in which mode, about a picture of which size, and after how many seconds."""

    text: str
    mode: str
    size: tuple[int, int]
    seconds: float


def draw(count: int) -> list[Question]:
    """Every second one asks for boxes; pictures are of several sizes."""
    found = []
    for number in range(count):
        scene = sample_scene(FIRST_SCENE + number)
        rendered = render(scene, 160 + 8 * (number % 21))
        for_boxes = number % 2 == 1
        fitting = [item for item in exam_items(scene, rendered) if (item.part != "understanding") == for_boxes]
        file = io.BytesIO()
        rendered.image.save(file, "PNG")
        url = f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"
        found.append(Question(rendered.image, url, fitting[number // 2 % len(fitting)].prompt))
    return found


@contextmanager
def serving(options: argparse.Namespace) -> Iterator[tuple[str, psutil.Process]]:
    """A server on a free port: its address, and its process. At the end it is told to stop, and has to do so by itself."""
    command = [sys.executable, "-m", "twist_scout", "serve", "--port", "0", "--device", options.device]
    command += ["--max-batch", str(options.max_batch), "--queue", str(options.requests + 1)]
    with tempfile.NamedTemporaryFile("w+") as log, subprocess.Popen(command, stderr=log) as process:
        try:
            yield address(process, Path(log.name)), psutil.Process(process.pid)
            process.send_signal(signal.SIGTERM)
            if status := process.wait(60):
                raise SystemExit(f"the server ended with status {status}")
        finally:
            process.kill()


def address(process: subprocess.Popen[bytes], log: Path) -> str:
    """Where the server says that it is."""
    while process.poll() is None:
        for line in log.read_text("utf-8").splitlines():
            if line.startswith("{") and line.endswith("}") and (told := json.loads(line))["event"] == "serving":
                return str(told["url"])
        time.sleep(0.1)
    raise SystemExit(log.read_text("utf-8"))


async def ask(client: AsyncOpenAI, question: Question) -> Answer:
    """One request."""
    began = time.perf_counter()
    parts: list[Any] = [{"type": "image_url", "image_url": {"url": question.url}}]
    parts.append({"type": "text", "text": question.prompt})
    turns: list[Any] = [{"role": "user", "content": parts}]
    reply = await client.chat.completions.create(model="pocket", messages=turns, max_tokens=TOKENS)
    choice: Any = reply.choices[0]
    told = choice.grounding
    size = (told["width"], told["height"])
    return Answer(choice.message.content or "", told["mode"], size, time.perf_counter() - began)


async def one_by_one(client: AsyncOpenAI, asked: Sequence[Question]) -> list[Answer]:
    return [await ask(client, question) for question in asked]


async def at_once(client: AsyncOpenAI, asked: Sequence[Question]) -> list[Answer]:
    return list(await asyncio.gather(*(ask(client, question) for question in asked)))


def check(asked: Sequence[Question], answers: Sequence[Answer], expected: dict[tuple[int, str], str]) -> dict[str, Any]:
    """How many answers are what they should be, by mode."""
    counts: dict[str, dict[str, int]] = {}
    wrong = []
    for number, (question, answer) in enumerate(zip(asked, answers, strict=True)):
        own = counts.setdefault(answer.mode, {"answers": 0, "right": 0})
        own["answers"] += 1
        right = answer.text == expected[number, answer.mode] and answer.size == question.picture.size
        own["right"] += right
        if not right:
            wrong.append({"prompt": question.prompt, "said": answer.text, "alone": expected[number, answer.mode]})
    return {"by_mode": counts, "wrong": wrong}


def alone(asked: Sequence[Question], answers: Sequence[Answer], device: str) -> dict[tuple[int, str], str]:
    """What the model says to each question by itself, in the mode that the server chose."""
    speakers = {
        "understanding": Grounder.from_pretrained(pocket_base(), device=device),
        "grounding": Grounder.from_pretrained(device=device),
    }
    return {
        (number, answer.mode): speakers[answer.mode]
        .ground(question.picture, question.prompt, answer.mode, max_new_tokens=TOKENS)  # type: ignore[call-overload]
        .text
        for number, (question, answer) in enumerate(zip(asked, answers, strict=True))
    }


def counters(url: str) -> dict[str, float]:
    """The server's own counters."""
    with urlopen(url.removesuffix("/v1") + "/metrics") as answer:
        lines = [line for line in answer.read().decode().splitlines() if not line.startswith("#")]
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines}


@dataclass(frozen=True)
class Run:
    """Seconds on the clock, seconds of the server's processor, and the answers."""

    seconds: float
    worked: float
    answers: list[Answer]


async def measure(url: str, server: psutil.Process, asked: Sequence[Question], rounds: int) -> dict[str, list[Run]]:
    """Both ways, round by round."""

    def clocks() -> tuple[float, float]:
        times = server.cpu_times()
        return time.perf_counter(), times.user + times.system

    dice = random.Random(0)
    ways = {"one_by_one": one_by_one, "at_once": at_once}
    runs: dict[str, list[Run]] = {name: [] for name in ways}
    async with AsyncOpenAI(base_url=url, api_key="none", max_retries=0, timeout=3600) as client:
        await one_by_one(client, asked[:4])  # warm up
        for _ in range(rounds):
            for name in dice.sample(sorted(ways), len(ways)):
                began = clocks()
                answers = await ways[name](client, asked)
                seconds, worked = (end - start for start, end in zip(began, clocks(), strict=True))
                runs[name].append(Run(seconds, worked, answers))
    return runs


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--requests", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--max-batch", type=int, default=16)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--json", type=Path, default=RESULTS, help="where to write the numbers")
    options = parser.parse_args()
    asked = draw(options.requests)
    with serving(options) as (url, process):
        runs = asyncio.run(measure(url, process, asked, options.rounds))
        counted = counters(url)
    expected = alone(asked, runs["at_once"][0].answers, options.device)
    checked = {name: [check(asked, run.answers, expected) for run in own] for name, own in runs.items()}
    seconds = {name: [round(run.seconds, 2) for run in own] for name, own in runs.items()}
    pairs = list(zip(runs["one_by_one"], runs["at_once"], strict=True))
    waits = sorted(answer.seconds for run in runs["at_once"] for answer in run.answers)
    record = {
        "machine": machine(torch.device(options.device)) | {"clock": "perf_counter"},
        "requests": options.requests,
        "rounds": options.rounds,
        "max_batch": options.max_batch,
        "at_once": {"answers": [one["by_mode"] for one in checked["at_once"]]},
        "one_by_one": {"answers": [one["by_mode"] for one in checked["one_by_one"]]},
        "wrong": [row for own in checked.values() for one in own for row in one["wrong"]][:20],
        "seconds": seconds,
        "ratio": round(statistics.median(apart.seconds / together.seconds for apart, together in pairs), 2),
        "ratio_of_processor_time": round(
            statistics.median(apart.worked / together.worked for apart, together in pairs), 2
        ),
        "requests_per_second": round(options.requests / statistics.median(seconds["at_once"]), 1),
        "latency_at_once": {"median": round(statistics.median(waits), 2), "longest": round(waits[-1], 2)},
        "mean_batch_at_once": _mean_batch(counted, options),
        "batches": {k: counted.get(f'twist_scout_batches_total{{mixed="{v}"}}', 0) for k, v in _KINDS.items()},
    }
    for name, own in checked.items():
        for number, one in enumerate(own, start=1):
            told = ", ".join(
                f"{mode} {c['right']} of {c['answers']} right" for mode, c in sorted(one["by_mode"].items())
            )
            print(f"round {number}, {name.replace('_', ' ')}: {seconds[name][number - 1]:.1f} s; {told}")
    print(
        f"one by one / at once: {record['ratio']:.2f} by the clock, {record['ratio_of_processor_time']:.2f} of the processor; "
        f"{record['requests_per_second']:.1f} requests a second at once"
    )
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", "utf-8")
    print(f"written to {options.json}")


_KINDS = {"mixed": "true", "of_one_mode": "false"}


def _mean_batch(counted: dict[str, float], options: argparse.Namespace) -> float:
    """Rows of a batch, without those that were sent one by one, each of which was a batch of its own."""
    single = 4 + options.rounds * options.requests
    rows, batches = counted["twist_scout_batch_rows_sum"], counted["twist_scout_batch_rows_count"]
    return round((rows - single) / (batches - single), 1)


if __name__ == "__main__":
    main()
