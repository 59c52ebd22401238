from __future__ import annotations

import os
from collections import namedtuple
from pathlib import Path

import pytest
import torch

from twist_scout.machine import hardware
from twist_scout.machine.hardware import available_cpus, check_compiler, check_cpu, check_disk, check_gpu

Usage = namedtuple("Usage", "total used free")


@pytest.mark.gpu
def test_a_gpu_is_described() -> None:
    if not torch.cuda.is_available():
        pytest.skip("needs a CUDA device")
    finding = check_gpu()
    assert finding.status == "ok"
    assert torch.cuda.get_device_name(0) in finding.detail
    assert "bfloat16" in finding.detail


def test_without_a_gpu_everything_runs_and_a_driver_without_a_build_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert check_gpu().detail.startswith("none: all commands run")
    driver = tmp_path / "nvidia-smi"
    driver.write_text("#!/bin/sh\n")
    driver.chmod(0o755)
    finding = check_gpu()
    assert finding.status == "warning"
    assert "cannot use it" in finding.detail
    assert "pytorch.org" in finding.remedy


@pytest.mark.parametrize(
    ("text", "cpus"), [("max 100000", None), ("50000 100000", 1), ("100000 100000", 1), ("x", None)]
)
def test_a_containers_quota_counts(text: str, cpus: int | None, tmp_path: Path) -> None:
    (tmp_path / "cpu.max").write_text(text)
    bound = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    assert available_cpus(tmp_path / "cpu.max") == (cpus or bound)
    assert available_cpus(tmp_path / "none") == bound


def test_more_threads_than_there_are_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hardware, "available_cpus", lambda: 4)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 4)
    assert check_cpu().status == "ok"
    monkeypatch.setattr(torch, "get_num_threads", lambda: 5)
    assert (check_cpu().status, check_cpu().remedy) == ("warning", "set OMP_NUM_THREADS=4")


def test_a_compiler_is_run_and_not_only_looked_up(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert check_compiler().detail.startswith("none")
    compiler = tmp_path / "g++"
    compiler.write_text("no program")
    compiler.chmod(0o755)
    assert "does not run" in check_compiler().detail
    compiler.write_text("#!/bin/sh\necho 'my compiler 1.0'\n")
    monkeypatch.setattr(hardware.sysconfig, "get_paths", lambda: {"include": str(tmp_path)})
    assert "Python.h is not there" in check_compiler().detail
    (tmp_path / "Python.h").write_text("")
    assert (check_compiler().status, check_compiler().detail) == ("ok", "my compiler 1.0 (for torch.compile)")
    monkeypatch.setenv("CXX", "nonesuch")
    assert "CXX names nonesuch" in check_compiler().detail


def test_room_for_models(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(hardware.shutil, "disk_usage", lambda path: Usage(0, 0, 100 * 2**30))
    assert check_disk(tmp_path / "not" / "yet").status == "ok"
    monkeypatch.setattr(hardware.shutil, "disk_usage", lambda path: Usage(0, 0, 3 * 2**30))
    finding = check_disk(tmp_path)
    assert (finding.status, finding.detail) == ("warning", f"3 GiB are free for {tmp_path}")
    monkeypatch.setattr(hardware.os, "access", lambda path, mode: False)
    assert check_disk(tmp_path).remedy == "set HF_HOME to a folder of yours"
