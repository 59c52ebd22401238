"""Who does the work: an endpoint that speaks the OpenAI protocol, or a model in this process.

=======================  =================================================================
``openai:MODEL@URL``     chat completions over HTTP: vLLM, llama.cpp's server, a hosted one
``hf:MODEL[+ADAPTER]``   transformers in this process; a ``.gguf`` file works as well
``pocket``               the small grounding model that ships with the package
=======================  =================================================================
"""

from __future__ import annotations

from twist_scout.scout.backends.base import Backend, BackendDown, BudgetSpent, ChatMessage, Reply, Request
from twist_scout.scout.backends.limits import TokenBudget
from twist_scout.scout.backends.spec import BackendOptions, make_backend

__all__ = [
    "Backend",
    "BackendDown",
    "BackendOptions",
    "BudgetSpent",
    "ChatMessage",
    "Reply",
    "Request",
    "TokenBudget",
    "make_backend",
]
