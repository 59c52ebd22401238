"""What each stage of the pocket base's recipe trains on, for how long, and how fast."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from twist_scout.toyworld.pocket.lessons import Teacher

#: What the lessons of each stage ask, weighted by repetition.
BINDING = ("color",) * 5 + ("size",) * 4 + ("garment",) * 3
COMPARING = (
    *("direction",) * 4,
    *("relation",) * 3,
    *("related", "related", "extreme", "extreme", "order", "order", "area", "color"),
)
LISTING = (
    *("order",) * 4,
    *("caption",) * 3,
    *("places", "places", "story", "count", "count"),
    *("relation", "relation", "direction", "related", "extreme", "garment", "holding", "doing"),
)
TELLING = (
    *("caption",) * 8,
    *("order",) * 6,
    *("places", "story", "count", "relation", "who", "doing") * 3,
    *("direction", "exists") * 2,
    *("holding", "playing with", "riding", "sitting on", "related", "extreme", "area", "garment", "wearing"),
    *("color", "name", "larger", "size"),
)
KINDS = (
    *("color", "color", "garment", "garment", "wearing", "name", "exists", "exists", "missing", "count", "count"),
    *("doing", "riding", "sitting on", "holding", "playing with", "who", "setting"),
    *("relation", "relation", "direction", "direction", "related", "area", "area", "places", "places"),
    *("size", "size", "larger", "order", "order", "extreme", "caption", "story"),
)
JOINING = (*KINDS, *("caption",) * 5, *("order",) * 4, "story", "count", "relation", "doing")
FINISHING = (
    *KINDS,
    *("story",) * 6,
    *("caption",) * 3,
    *("playing with", "holding", "wearing", "doing") * 3,
    *("order", "order", "garment", "relation"),
)


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of the recipe.

    Attributes:
        name: also the name of its checkpoint.
        after: the stage whose decoder it goes on with; empty: it starts from scratch.
        steps: optimiser steps.
        batch: scenes per step.
        learning_rate: its peak.
        warmup: steps over which the learning rate rises.
        level: share of the steps after which it falls to 3 % along a cosine; 1: never.
        first_seed: seed of the first training scene.
        kinds: question kinds of its lessons, weighted by repetition.
        questions: how many questions a scene gets.
        sentences: share of the questions that ask for a whole sentence.
        objects: relative frequency of scenes with 1, 2, ... objects.
        real: share of the batches in which the decoder sees the tower's own tokens instead of exact ones.
        length: tokens of a packed row, the picture's not counted.
        sharpening: learning rate of the scales of queries and keys, relative to that of everything else. Attention that
            has to pick four patches of a hundred needs large logits, and these scales are what bounds them.
        words_fixed: the vectors of words, in and out, stay as they are, and with them the integers' number sense.
    """

    name: str
    steps: int
    batch: int
    learning_rate: float
    warmup: int
    level: float
    first_seed: int
    kinds: tuple[str, ...] = KINDS
    questions: int = 8
    sentences: float = 0.35
    objects: tuple[float, ...] = (0.08, 0.27, 0.3, 0.22, 0.13)
    real: float = 1.0
    length: int = 224
    sharpening: float = 1.0
    words_fixed: bool = False
    after: str = ""

    def teacher(self, tokenizer: Any) -> Teacher:
        """Who writes its lessons."""
        return Teacher(tokenizer, self.kinds, self.questions, sentences=self.sentences, objects=self.objects)

    def rate(self, step: int) -> float:
        """Learning rate at a 0-based step."""
        done = step / self.steps
        falling = max(0.0, (done - self.level) / (1 - self.level)) if self.level < 1 else 0.0
        rising = min(1.0, (step + 1) / self.warmup)
        return self.learning_rate * rising * (0.515 + 0.485 * math.cos(math.pi * falling))


_BIND = Stage(
    "bind",
    steps=1600,
    batch=32,
    learning_rate=8e-4,
    warmup=60,
    level=1.0,
    first_seed=0,
    kinds=BINDING,
    questions=6,
    sentences=0.0,
    objects=(0.0, 0.6, 0.4),
    real=0.0,
    length=96,
)
_EYES = Stage("eyes", steps=6500, batch=32, learning_rate=6e-4, warmup=100, level=0.6, first_seed=0)
_TALK = Stage(
    "talk",
    steps=3800,
    batch=16,
    learning_rate=7e-4,
    warmup=50,
    level=1.0,
    first_seed=2_000_000,
    real=0.7,
    sharpening=4.0,
    after="bind",
)
_COMPARE = Stage(
    "compare",
    steps=400,
    batch=32,
    learning_rate=7e-4,
    warmup=50,
    level=1.0,
    first_seed=5_000_000,
    kinds=COMPARING,
    questions=6,
    sentences=0.1,
    objects=(0.0, 0.6, 0.4),
    real=0.0,
    length=96,
    sharpening=4.0,
    after="talk",
)
_LIST = Stage(
    "list",
    steps=400,
    batch=20,
    learning_rate=7e-4,
    warmup=50,
    level=1.0,
    first_seed=5_100_000,
    kinds=LISTING,
    questions=6,
    sentences=0.1,
    objects=(0.04, 0.3, 0.36, 0.2, 0.1),
    real=0.0,
    length=160,
    sharpening=4.0,
    after="compare",
)
_JOIN = Stage(
    "join",
    steps=2400,
    batch=16,
    learning_rate=7e-4,
    warmup=50,
    level=0.35,
    first_seed=2_100_000,
    kinds=JOINING,
    sentences=0.25,
    real=0.7,
    sharpening=4.0,
    after="list",
)
_TELL = Stage(
    "tell",
    steps=1200,
    batch=16,
    learning_rate=6e-4,
    warmup=50,
    level=1.0,
    first_seed=5_200_000,
    kinds=TELLING,
    sentences=0.1,
    real=0.0,
    sharpening=4.0,
    after="join",
)
_POLISH = Stage(
    "polish",
    steps=700,
    batch=16,
    learning_rate=6e-4,
    warmup=40,
    level=0.2,
    first_seed=2_300_000,
    kinds=JOINING,
    sentences=0.25,
    real=0.8,
    sharpening=4.0,
    after="tell",
)
_EXPERTS = Stage(
    "experts",
    steps=400,
    batch=16,
    learning_rate=4e-4,
    warmup=30,
    level=0.2,
    first_seed=3_000_000,
    kinds=JOINING,
    sharpening=4.0,
    after="polish",
)
_FINISH = Stage(
    "finish",
    steps=600,
    batch=16,
    learning_rate=4e-4,
    warmup=30,
    level=0.1,
    first_seed=3_200_000,
    kinds=FINISHING,
    sentences=0.2,
    sharpening=4.0,
    words_fixed=True,
    after="experts",
)
STAGES: dict[str, Stage] = {
    stage.name: stage for stage in (_BIND, _EYES, _TALK, _COMPARE, _LIST, _JOIN, _TELL, _POLISH, _EXPERTS, _FINISH)
}
