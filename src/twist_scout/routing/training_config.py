"""How a router is trained: the numbers, and how a command line changes them."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Annotated

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError, with_config

from twist_scout.errors import BadConfig

_Count = Annotated[int, Field(ge=1)]
_Share = Annotated[float, Field(ge=0, lt=1)]
_Rate = Annotated[float, Field(gt=0, allow_inf_nan=False)]


@with_config(ConfigDict(extra="forbid"))
@dataclass(frozen=True, slots=True, kw_only=True)
class RouterTraining:
    """How to train.

    Attributes:
        steps: of gradient descent.
        batch: prompts in each.
        learning_rate: the highest; it rises over the first ``warm_up`` steps and falls in a straight line.
        warm_up: steps.
        weight_decay: of AdamW.
        hidden: width of the classifier, a multiple of 32.
        inner: width inside its FFNs.
        layers: how many.
        vocabulary: pieces at most.
        vocabulary_prompts: prompts that the vocabulary is learnt from.
        shortcut_steps: of the linear part, with batches four times as large.
        shortcut_rate: its learning rate.
        dropped: share of the tokens that become unknown ones in training.
        smoothing: of labels, so that no probability is driven to 1.
        confidence: how likely a skill must be, or understanding answers.
        share_of_extra: share of a user's own prompts in each batch, where there are some.
        held_out: prompts of held-out templates for the temperature, and as many for the final report.
        bfloat16: multiply in bfloat16 on processors that can.
        seed: of everything that is drawn.
    """

    steps: _Count = 10000
    batch: _Count = 64
    learning_rate: _Rate = 1.5e-3
    warm_up: _Count = 200
    weight_decay: Annotated[float, Field(ge=0)] = 0.05
    hidden: _Count = 128
    inner: _Count = 256
    layers: _Count = 2
    vocabulary: _Count = 6000
    vocabulary_prompts: _Count = 150_000
    shortcut_steps: _Count = 600
    shortcut_rate: _Rate = 0.1
    dropped: _Share = 0.04
    smoothing: _Share = 0.01
    confidence: Annotated[float, Field(ge=0, le=1)] = 0.6
    share_of_extra: _Share = 0.4
    held_out: _Count = 10_000
    bfloat16: bool = True
    seed: int = 0


#: For going on from a router that exists.
ADAPTING = RouterTraining(
    steps=600, learning_rate=5e-4, warm_up=50, shortcut_steps=200, shortcut_rate=0.03, held_out=4_000
)


def with_overrides(config: RouterTraining, overrides: Sequence[str]) -> RouterTraining:
    """Replace values by ``key=value`` strings.

    Raises:
        BadConfig: a string of another form, a key that does not exist (the message names the nearest one), or a value that
            does not fit.
    """
    values = asdict(config)
    for override in overrides:
        key, equals, text = (part.strip() for part in override.partition("="))
        if not equals or not key:
            raise BadConfig(f"{override!r} is not an override: write key=value, e.g. learning_rate=1e-4.")
        if key not in values:
            near = difflib.get_close_matches(key, values, 1, 0.5)
            known = f"did you mean {near[0]!r}?" if near else f"choose one of {', '.join(values)}."
            raise BadConfig(f"There is no key {key!r}: {known}")
        values[key] = text
    try:
        return TypeAdapter(RouterTraining).validate_python(values)
    except ValidationError as error:
        first = error.errors()[0]
        raise BadConfig(f"{first['loc'][0]}={first['input']} does not fit: {first['msg']}.") from error
