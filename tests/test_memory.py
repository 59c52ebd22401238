"""Freed memory is used again: the system hands out no new pages for it."""

from __future__ import annotations

import subprocess
import sys

import pytest

SCRIPT = """
import resource, sys, torch
from twist_scout.memory import keep_freed_memory

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(5):
        a = torch.ones(12_000_000)
        del a
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

plain = faults()
kept = keep_freed_memory()
for _ in range(4):  # the heap grows to its size
    faults()
print(plain, faults(), kept)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc only")
def test_freed_memory_costs_no_new_pages() -> None:
    output = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True).stdout.split()
    if output[2] == "False":
        pytest.skip("not glibc")
    assert int(output[1]) < int(output[0]) / 10
