"""Memory that is freed and asked for again, as every training step does."""

from __future__ import annotations

import ctypes
import sys

# <malloc.h> of glibc
_TRIM_THRESHOLD, _TOP_PAD, _MMAP_MAX = -1, -2, -4
_TOP_PAD_BYTES = 256 << 20


def keep_freed_memory() -> bool:
    """Let the C library keep what this process frees, instead of giving it back to the system.

    On a CPU every step of training allocates the same activations again. With glibc's defaults each large one is mapped
    afresh, and the system clears every page of it again.

    Returns:
        Whether it was done; elsewhere than on Linux with glibc nothing changes.
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):  # musl has none
        return False
    settings = ((_MMAP_MAX, 0), (_TRIM_THRESHOLD, 2**31 - 1), (_TOP_PAD, _TOP_PAD_BYTES))
    return all(mallopt(option, value) == 1 for option, value in settings)
