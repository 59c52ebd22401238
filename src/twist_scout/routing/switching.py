"""A decision, carried out: which adapter is on while a row is answered (Eq. 9).

Understanding switches every adapter off, which is alpha = 1 exactly: the base model's own modules run and nothing else. A skill
switches the adapter of its name on. Any adapter of peft is served so, twin experts and LoRA alike.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

from twist_scout.errors import BadConfig
from twist_scout.routing.prompts import GROUNDING, UNDERSTANDING


def adapter_for(model: Any, mode: str) -> AbstractContextManager[Any]:
    """A context in which ``model`` answers in a mode.

    Args:
        model: a ``PeftModel``, or a model without adapters, which answers every mode alike.
        mode: ``understanding``; the name of an adapter; ``grounding``, which is the adapter in use where none has that name.

    Raises:
        BadConfig: the model has no adapter for this mode.
    """
    adapters = getattr(model, "peft_config", None)
    if adapters is None:
        return nullcontext()
    if mode == UNDERSTANDING:
        return model.disable_adapter()
    if mode in adapters:
        return _switched(model, mode)
    if mode == GROUNDING:
        return nullcontext()
    raise BadConfig(f"The model has no adapter {mode!r}: load one with load_adapter(folder, {mode!r}).")


@contextmanager
def _switched(model: Any, name: str) -> Iterator[None]:
    before = model.active_adapter
    if before == name:
        yield
        return
    model.set_adapter(name)
    try:
        yield
    finally:
        model.set_adapter(before)
