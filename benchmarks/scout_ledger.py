"""What the ledger costs: items per second with it and without, at the speed of an endpoint.

    python benchmarks/scout_ledger.py

An endpoint on this machine answers at once, which no model does, so the ratio is the worst that can be met; the last
line says what the ledger alone can take. Runs with and without it take turns, and what is reported is the median of the
ratios within a round: a slow moment of the machine hits both sides.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection
from pathlib import Path

from PIL import Image

from twist_scout.scout.answers import PromptedAnswers
from twist_scout.scout.backends.openai_endpoint import OpenAIEndpoint
from twist_scout.scout.checks import check
from twist_scout.scout.image_references import ImageReferences
from twist_scout.scout.items import Entity, SourceItem
from twist_scout.scout.ledger import Ledger
from twist_scout.scout.local_engine import Stop, run_local
from twist_scout.scout.outcome import ItemOutcome
from twist_scout.scout.prompts import Prompts
from twist_scout.scout.questions import Question, Written
from twist_scout.scout.stages import Stages

REPLY = (
    "Step 1: Find the dog [[10,20,50,60]]. Step 2: Look next to it, got the red car [[55,20,90,80]]. "
    "Step 3: So the answer is a red car."
)


def serve(pipe: Connection) -> None:
    """An endpoint that has its answer ready."""
    message = {"role": "assistant", "content": REPLY}
    usage = {"prompt_tokens": 120, "completion_tokens": 60, "total_tokens": 180}
    completion = {"id": "x", "object": "chat.completion", "created": 0, "model": "m", "usage": usage}
    body = json.dumps({**completion, "choices": [{"index": 0, "finish_reason": "stop", "message": message}]}).encode()
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.wfile.write(head + body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    pipe.send(server.server_address[1])
    server.serve_forever()


@contextmanager
def endpoint() -> Iterator[str]:
    """The endpoint's address, while it runs in a process of its own."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.Process(target=serve, args=(theirs,), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{ours.recv()}/v1"
    finally:
        process.terminate()
        process.join()


@dataclass
class FourQuestions:
    """Four questions about each picture, at once."""

    name: str = "benchmark"
    prompts: dict[str, str] = field(default_factory=dict)

    async def questions(self, item: SourceItem, *, seed: int) -> Written:
        """The four."""
        prompts = ("What is next to the dog?", "Who is there?", "What is red?", "Where is the car?")
        return Written(questions=[Question(id=n, prompt=prompt) for n, prompt in enumerate(prompts)])


def items(count: int, picture: Path) -> Iterator[tuple[int, SourceItem]]:
    """Annotated pictures, as sources give them; all are one file, for encoding pictures is not what is measured."""
    for n in range(count):
        yield (
            n,
            SourceItem(
                id=f"{n:08d}",
                source="benchmark",
                image=str(picture),
                width=100,
                height=100,
                boxes=((10, 20, 50, 60), (55, 20, 90, 80)),
                captions=("A dog <box:0> is next to a red car <box:1>.",),
                entities=(Entity(name="dog", boxes=(0,)), Entity(name="car", boxes=(1,), attributes={"color": "red"})),
            ),
        )


def run(url: str, count: int, folder: Path, *, ledger: bool) -> tuple[float, float, list[ItemOutcome]]:
    """One run over all items: seconds of the clock, seconds of this process, and the outcomes."""
    outcomes: list[ItemOutcome] = []

    async def go(keep: Callable[[ItemOutcome], None]) -> None:
        backend = OpenAIEndpoint("m", url, concurrency=16, dialect="scout", frame="stretched")
        stages = Stages(FourQuestions(), PromptedAnswers(backend, Prompts()), check, ImageReferences(folder))
        try:
            await run_local(stages, items(count, folder / "picture.png"), keep, concurrency=16, stop=Stop())
        finally:
            await backend.close()

    with tempfile.TemporaryDirectory(dir=folder) as out:
        clock, process = time.perf_counter(), time.process_time()
        if ledger:
            with Ledger(out, {"benchmark": 1}) as kept:
                asyncio.run(go(lambda outcome: (outcomes.append(outcome), kept.append(outcome))[0]))
        else:
            asyncio.run(go(outcomes.append))
        return time.perf_counter() - clock, time.process_time() - process, outcomes


def alone(outcomes: list[ItemOutcome], folder: Path) -> float:
    """Records per second that the ledger takes when nothing else is done."""
    records = sum(len(outcome.records) + len(outcome.rejects) for outcome in outcomes)
    with tempfile.TemporaryDirectory(dir=folder) as out, Ledger(out, {"benchmark": 1}) as ledger:
        began, done = time.perf_counter(), 0
        while time.perf_counter() - began < 3.0:
            for outcome in outcomes:
                ledger.append(outcome)
            done += records
        return done / (time.perf_counter() - began)


def main() -> None:
    parser = argparse.ArgumentParser(description="What the ledger costs at the speed of an endpoint.")
    parser.add_argument("--items", type=int, default=150, help="pictures in each run, with four questions each")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--folder", type=Path, help="where to write; a temporary folder if not given")
    parser.add_argument("--json", type=Path, help="write the numbers here too")
    options = parser.parse_args()
    clock: list[float] = []
    process: list[float] = []
    rates: list[float] = []
    outcomes: list[ItemOutcome] = []
    with tempfile.TemporaryDirectory(dir=options.folder) as name, endpoint() as url:
        folder = Path(name)
        Image.new("RGB", (100, 100), (200, 30, 30)).save(folder / "picture.png")
        run(url, 20, folder, ledger=True)
        for number in range(options.rounds):
            order = (True, False) if number % 2 else (False, True)
            taken = {ledger: run(url, options.items, folder, ledger=ledger) for ledger in order}
            clock.append(taken[True][0] / taken[False][0])
            process.append(taken[True][1] / taken[False][1])
            rates.append(4 * options.items / taken[True][0])
            outcomes = taken[True][2]
        capacity = alone(outcomes, folder)
    result = {
        "requests_per_second": round(statistics.median(rates), 1),
        "ratio_of_time": round(statistics.median(clock), 4),
        "ratio_of_processor_time": round(statistics.median(process), 4),
        "ledger_records_per_second": round(capacity),
        "items": options.items,
        "rounds": options.rounds,
    }
    print(f"with the ledger, {result['requests_per_second']:,} requests a second from an endpoint without latency")
    print(f"time with the ledger / without: {result['ratio_of_time']:.3f}")
    print(f"processor time with the ledger / without: {result['ratio_of_processor_time']:.3f}")
    print(f"the ledger alone: {result['ledger_records_per_second']:,} records a second")
    if options.json:
        options.json.write_text(json.dumps(result, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
