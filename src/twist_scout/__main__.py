"""``python -m twist_scout`` is ``twist-scout``."""

from __future__ import annotations

import sys

from twist_scout.cli import main

if __name__ == "__main__":
    sys.exit(main())
