"""How long it takes from the command ``twist-scout app`` to the first grounded answer of the pocket.

    python benchmarks/app_first_answer.py

The command is run as a user runs it, on two threads. As soon as it prints its address, what the page asks for is asked for: the
page, a scene of the toy world, its first example question, its answer as words and boxes. Everything is timed from the start of
the process; the files are in the system's cache after the first round, as they are for whoever starts it twice.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import signal
import statistics
import subprocess
import sys
import time
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

RESULTS = Path(__file__).parent / "results" / "app_first_answer.json"
THREADS = 2
#: What issue and README promise, in seconds.
BAR = 15.0


def once() -> dict[str, float]:
    """Seconds from the start of the command to each thing that a user sees."""
    seen: dict[str, float] = {}
    began = time.perf_counter()

    def mark(what: str) -> None:
        seen[what] = time.perf_counter() - began

    command = [sys.executable, "-m", "twist_scout", "app", "--port", "0"]
    threads = {"OMP_NUM_THREADS": str(THREADS)}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, **threads})
    assert process.stdout is not None
    try:
        address = urlsplit(process.stdout.readline().strip())
        mark("address")
        key = parse_qs(address.fragment)["key"][0]
        connection = HTTPConnection("127.0.0.1", address.port or 0, timeout=300)

        def ask(path: str, body: Any = None) -> bytes:
            headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
            sent = None if body is None else json.dumps(body)
            connection.request("GET" if body is None else "POST", path, sent, headers)
            reply = connection.getresponse()
            content = reply.read()
            if reply.status != 200:
                raise SystemExit(f"{path}: {reply.status} {content!r}")
            return content

        ask("/")
        mark("page")
        scene = json.loads(ask("/api/scene?seed=7"))
        mark("scene")
        prompt = scene["examples"][0]
        parts = [{"type": "image_url", "image_url": {"url": scene["picture"]}}, {"type": "text", "text": prompt}]
        answer = json.loads(ask("/api/models/0/chat", {"messages": [{"role": "user", "content": parts}]}))
        choice = answer["choices"][0]
        size = {"width": scene["width"], "height": scene["height"]}
        told = {"model": 0, "text": choice["message"]["content"], "mode": choice["grounding"]["mode"], **size}
        if not json.loads(ask("/api/show", told))["boxes"]:
            raise SystemExit(f"The first answer has no box: {choice['message']['content']!r}")
        mark("answer")
        return seen
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)


def main() -> None:
    """Print and store the medians."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = [once() for _ in range(parser.parse_args().rounds)]
    seconds = {what: round(statistics.median(one[what] for one in rounds), 2) for what in rounds[0]}
    slowest = round(max(one["answer"] for one in rounds), 2)
    for what, value in seconds.items():
        print(f"{what:8} {value:6.2f} s")
    print(
        f"slowest of {len(rounds)} first answers: {slowest:.2f} s; the bar is {BAR:g} s: {'met' if slowest <= BAR else 'MISSED'}"
    )
    machine = {"processor": platform.machine(), "threads": THREADS, "python": platform.python_version()}
    told = {"bar": BAR, "rounds": len(rounds), "seconds": seconds, "slowest": slowest, "machine": machine}
    RESULTS.write_text(json.dumps(told, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
