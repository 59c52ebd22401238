"""Which versions did the work."""

from __future__ import annotations

import platform
import sys
from importlib.metadata import PackageNotFoundError, version

from twist_scout import __version__


def versions_in_use() -> dict[str, str]:
    """Of this package, of Python, and of the libraries of backends that this process has loaded."""
    found = {"twist-scout": __version__, "python": platform.python_version()}
    for name in ("openai", "transformers", "torch"):
        if name in sys.modules:
            try:
                found[name] = version(name)
            except PackageNotFoundError:
                continue
    return found
