"""What the structure of a model cannot tell, with the reason for each row."""

from __future__ import annotations

from torch import nn

from twist_scout.errors import BadModel

# Models whose layers look as if they could be wrapped, by model type: why not, and what to do instead.
UNSUPPORTED: dict[str, str] = {
    "pi0": "it predicts a robot's movements and writes no text, so there is no answer to ground; wrap the "
    "vision-language model inside it (model.model.vlm) with a language-model head instead",
}

# Networks that must stay as they are, by class, and the part of them that gets the twin.
PARTS: dict[str, str] = {
    # Its layer asks for its class before it takes the second thing that it returns. The shared
    # experts are a dense network that every token goes through, of text and of pictures.
    "Ernie4_5_VLMoeMoeBlock": "shared_experts",
}


def refuse_unsupported(model: nn.Module) -> None:
    """Say why a model of the table cannot be wrapped.

    Raises:
        BadModel: it is one of them.
    """
    kind = getattr(getattr(model, "config", None), "model_type", None)
    if kind in UNSUPPORTED:
        raise BadModel(f"TWIST does not wrap {kind} models ({type(model).__name__}): {UNSUPPORTED[kind]}.")
