"""Which expert answers a prompt: image understanding (the frozen base alone) or grounding (the
twin); §3.2 of the paper.
"""

from __future__ import annotations

from twist_scout.routing.rule import Decision, decide

__all__ = ["Decision", "decide"]
