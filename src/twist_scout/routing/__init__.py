"""Which expert answers a prompt: image understanding (the frozen base alone) or grounding (the
twin); §3.2 of the paper.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from twist_scout.lazy import lazy_names

_HOMES = {
    "GROUNDING": "prompts",
    "UNDERSTANDING": "prompts",
    "Decision": "router",
    "Router": "router",
    "decide": "router",
    "default_router": "router",
    "Explanation": "explanation",
    "explain": "explanation",
    "Report": "evaluation",
    "evaluate": "evaluation",
}

__all__ = sorted(_HOMES)

if TYPE_CHECKING:
    from twist_scout.routing.evaluation import Report as Report
    from twist_scout.routing.evaluation import evaluate as evaluate
    from twist_scout.routing.explanation import Explanation as Explanation
    from twist_scout.routing.explanation import explain as explain
    from twist_scout.routing.prompts import GROUNDING as GROUNDING
    from twist_scout.routing.prompts import UNDERSTANDING as UNDERSTANDING
    from twist_scout.routing.router import Decision as Decision
    from twist_scout.routing.router import Router as Router
    from twist_scout.routing.router import decide as decide
    from twist_scout.routing.router import default_router as default_router

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
