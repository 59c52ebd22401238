from __future__ import annotations

import time

import pytest
import torch

from twist_scout.machine.precision import computes_bfloat16


def _seconds(dtype: torch.dtype) -> float:
    a, b = torch.ones(512, 256, dtype=dtype), torch.ones(256, 256, dtype=dtype)
    taken = []
    for _ in range(8):
        start = time.perf_counter()
        a @ b
        taken.append(time.perf_counter() - start)
    return min(taken)


def test_a_cpu_that_computes_in_bfloat16_is_not_much_slower_in_it() -> None:
    """Imitated, products take some forty times as long as in float32."""
    assert computes_bfloat16("cpu") == (_seconds(torch.bfloat16) < 10 * _seconds(torch.float32))


def test_a_build_that_cannot_say_does_not_compute_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: False)
    assert not computes_bfloat16("cpu")


def test_other_devices_are_believed() -> None:
    assert computes_bfloat16("mps")


@pytest.mark.gpu
def test_a_gpu_is_asked() -> None:
    if not torch.cuda.is_available():
        pytest.skip("needs a CUDA device")
    assert computes_bfloat16("cuda") == torch.cuda.is_bf16_supported(including_emulation=False)
