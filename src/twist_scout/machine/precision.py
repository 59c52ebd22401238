"""Which precisions a processor computes in, rather than imitates."""

from __future__ import annotations

import torch


def computes_bfloat16(device: str) -> bool:
    """Whether products of bfloat16 matrices are quick on this machine.

    Processors without such instructions (x86 with AVX2 alone, for one) take 40 times as long for them as for float32, so
    whoever would compute in bfloat16 to save time had better not.

    Args:
        device: type of the device, ``cpu`` or ``cuda``; others are believed.
    """
    if device == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if device != "cpu":
        return True
    known = getattr(torch.ops.mkldnn, "_is_mkldnn_bf16_supported", None)
    return torch.backends.mkldnn.is_available() and known is not None and bool(known())
