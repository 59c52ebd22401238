"""What the machine brings: GPU, threads, a compiler, room on the disk."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

from twist_scout.errors import first_line
from twist_scout.machine.finding import Finding

_GIB = 2**30
#: Room for one model of seven thousand million weights in half precision.
_ROOM = 16
_GET_TORCH = "install the build of torch for your GPU: https://pytorch.org/get-started/locally"


def check_gpu() -> Finding:
    """Whether torch can use a GPU, how large it is, and whether it knows bfloat16."""
    import torch

    if torch.cuda.is_available():
        found = []
        for index in range(torch.cuda.device_count()):
            free, total = torch.cuda.mem_get_info(index)
            with torch.cuda.device(index):
                bf16 = "bfloat16" if torch.cuda.is_bf16_supported(including_emulation=False) else "no bfloat16"
            name = torch.cuda.get_device_name(index)
            found.append(f"{name}, {free / _GIB:.0f} of {total / _GIB:.0f} GiB free, {bf16}")
        return Finding("gpu", "ok", "; ".join(found))
    if torch.backends.mps.is_available():
        return Finding("gpu", "ok", "Apple's, through --device mps")
    build = f"CUDA {torch.version.cuda}" if torch.version.cuda else "the CPU alone"
    if shutil.which("nvidia-smi") or shutil.which("rocm-smi"):
        return Finding("gpu", "warning", f"there is one, and this torch, built for {build}, cannot use it", _GET_TORCH)
    return Finding(
        "gpu",
        "warning",
        "none: all commands run, and the pocket model needs none",
        "train and label with models of your own on a machine that has one",
    )


def check_cpu() -> Finding:
    """How many threads torch uses, of how many, and whether it multiplies in bfloat16."""
    import torch

    from twist_scout.machine.precision import computes_bfloat16

    used, there = torch.get_num_threads(), available_cpus()
    if used > there:
        return Finding(
            "cpu",
            "warning",
            f"torch uses {used} threads, and {there} are there for this process: they get in each other's way",
            f"set OMP_NUM_THREADS={there}",
        )
    bf16 = "bfloat16" if computes_bfloat16("cpu") else "no bfloat16, so training computes in float32"
    return Finding("cpu", "ok", f"torch uses {used} of {there} threads; {bf16}")


def available_cpus(quota: Path = Path("/sys/fs/cgroup/cpu.max")) -> int:
    """Processors that this process may use: not those it is bound away from, nor those beyond a container's quota.

    Args:
        quota: where the kernel says what a container may use, as ``microseconds period``.
    """
    bound = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        allowed, period = map(int, quota.read_text().split())
        return max(1, min(bound, allowed // period))
    except (OSError, ValueError, ZeroDivisionError):  # no quota is the word "max"
        return bound


def check_compiler() -> Finding:
    """Whether ``torch.compile`` finds what it needs on a CPU: a C++ compiler and Python's own header files."""
    named = os.environ.get("CXX")
    usual = ("cl",) if sys.platform == "win32" else ("g++", "clang++", "c++")
    path = next(filter(None, map(shutil.which, [named] if named else usual)), None)
    remedy = "install one (g++ with python3-dev, or the Xcode command line tools), or do without torch.compile"
    if path is None:
        told = f"CXX names {named}, which is not there" if named else "none"
        return Finding("c++ compiler", "warning", f"{told}: torch.compile does not work on the CPU", remedy)
    try:
        said = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return Finding("c++ compiler", "warning", f"{path} does not run ({first_line(error)})", remedy)
    if not Path(sysconfig.get_paths()["include"], "Python.h").is_file():
        return Finding("c++ compiler", "warning", f"{path}, but Python.h is not there", "install python3-dev")
    first = (said.stdout or said.stderr).strip().splitlines()[:1] or [path]
    return Finding("c++ compiler", "ok", f"{first[0]} (for torch.compile)")


def check_disk(cache: Path | None = None) -> Finding:
    """Whether there is room for models where they are kept.

    Args:
        cache: where; the hub's own folder if not given.
    """
    if cache is None:
        from huggingface_hub.constants import HF_HUB_CACHE

        cache = Path(HF_HUB_CACHE)
    place = next(folder for folder in (cache.absolute(), *cache.absolute().parents) if folder.exists())
    free = shutil.disk_usage(place).free / _GIB
    if not os.access(place, os.W_OK):
        return Finding("model cache", "warning", f"{cache} cannot be written to", "set HF_HOME to a folder of yours")
    detail = f"{free:.0f} GiB are free for {cache}"
    if free < _ROOM:
        return Finding("model cache", "warning", detail, f"make {_ROOM} GiB free, or set HF_HOME to a larger disk")
    return Finding("model cache", "ok", detail)
