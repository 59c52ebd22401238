r"""The prompt router: which expert answers a prompt (§3.2, Eq. 9).

    prompt -> WordPiece -> BERT, two small layers, int8  \
                        -> linear, on runs of pieces      +-> logits / temperature -> softmax
           -> a skill that is likely enough: its adapter is on     (alpha unchanged)
           -> else understanding: the adapter is off               (alpha = 1), where nothing can be lost

The paper has one skill, grounding; a router trained on a user's own prompts may have more, each the name of an adapter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files
from pathlib import Path

import numpy as np

from twist_scout.errors import BadConfig
from twist_scout.routing.engines import Engine, open_engine
from twist_scout.routing.prompts import UNDERSTANDING
from twist_scout.routing.settings import GRAPH, SHORTCUT, TOKENIZER, RouterSettings

#: Rows that go through the classifier at once; they are sorted by length, so little of a batch is padding.
_BATCH = 64


@dataclass(frozen=True, slots=True)
class Decision:
    """Which mode answers a prompt.

    Attributes:
        mode: ``understanding``, or the name of a skill (``grounding``).
        probability: of this mode, calibrated; None where the caller chose the mode.
        abstained: a skill was likeliest and not likely enough, so understanding answers.
        reason: why, in words.
    """

    mode: str
    probability: float | None
    abstained: bool
    reason: str


class Router:
    """A trained prompt classifier.

    Args:
        folder: what ``twist-scout route train`` wrote; None: the router that ships with the package.
        engine: ``onnxruntime`` or ``torch``; None: the first that is installed.
        confidence: how likely a skill must be; None: what the folder says.

    Raises:
        BadModel: the folder holds no router.
        BadConfig: there is no such engine, or it is not installed; a confidence outside [0, 1].
    """

    def __init__(
        self, folder: str | Path | None = None, *, engine: str | None = None, confidence: float | None = None
    ) -> None:
        self.folder = shipped() if folder is None else Path(folder)
        self.settings = RouterSettings.read(self.folder)
        self.modes: tuple[str, ...] = tuple(self.settings.modes)
        self.confidence = self.settings.confidence if confidence is None else confidence
        if not 0 <= self.confidence <= 1:
            raise BadConfig(f"A confidence of {self.confidence} is no probability: choose one from 0 to 1.")
        self._engine_name = engine

    @cached_property
    def engine(self) -> Engine:
        """What runs the classifier; opened when it is first needed."""
        return open_engine(self.folder / GRAPH, self._engine_name)

    @cached_property
    def shortcut(self) -> np.ndarray:
        """The weights of the linear part, (buckets, skills); read when they are first needed."""
        from twist_scout.routing.shortcut import load

        return load(self.folder / SHORTCUT, len(self.modes) - 1)

    @cached_property
    def tokenizer(self) -> object:
        """The vocabulary; read when it is first needed."""
        from twist_scout.routing.tokens import load_tokenizer

        return load_tokenizer(self.folder / TOKENIZER)

    def logits(self, prompts: Sequence[str]) -> np.ndarray:
        """Raw logits, (prompts, modes) float32, before the temperature."""
        from twist_scout.routing.shortcut import score
        from twist_scout.routing.tokens import encode, padded

        rows = encode(self.tokenizer, prompts)  # type: ignore[arg-type]
        result = np.empty((len(rows), len(self.modes)), np.float32)
        order = sorted(range(len(rows)), key=lambda row: len(rows[row]))
        for start in range(0, len(order), _BATCH):
            chosen = order[start : start + _BATCH]
            ids, mask = padded([rows[row] for row in chosen])
            logits = self.engine.logits(ids, mask)
            logits[:, 1:] += score(self.shortcut, ids, mask)
            result[chosen] = logits
        return result

    def probabilities(self, prompts: Sequence[str]) -> np.ndarray:
        """Calibrated probabilities of the modes, (prompts, modes); each row sums to 1."""
        return softmax(self.logits(prompts) / self.settings.temperature)

    def decide(self, prompts: Sequence[str], mode: str | None = None) -> list[Decision]:
        """Choose the mode of each prompt.

        Args:
            prompts: what users typed; an empty one is understanding's.
            mode: the mode that the caller insists on. It always wins, and nothing is computed.
        """
        if mode is not None:
            return [Decision(mode, None, False, "asked for")] * len(prompts)
        return [self.decision(row) for row in self.probabilities(prompts)] if prompts else []

    def decision(self, probabilities: np.ndarray) -> Decision:
        """The decision that calibrated probabilities (modes,) lead to."""
        best = int(probabilities.argmax())
        likely, probability = self.modes[best], float(probabilities[best])
        if likely == UNDERSTANDING:
            return Decision(likely, probability, False, f"{likely} with probability {probability:.3f}")
        if probability >= self.confidence:
            return Decision(likely, probability, False, f"{likely} with probability {probability:.3f}")
        kept = float(probabilities[self.modes.index(UNDERSTANDING)])
        reason = (
            f"{likely} has probability {probability:.3f}, less than {self.confidence:g}: {UNDERSTANDING}, to be safe"
        )
        return Decision(UNDERSTANDING, kept, True, reason)


def softmax(logits: np.ndarray) -> np.ndarray:
    """Along the last axis, in float64."""
    raised = np.exp((logits - logits.max(axis=-1, keepdims=True)).astype(np.float64))
    result: np.ndarray = raised / raised.sum(axis=-1, keepdims=True)
    return result


def shipped() -> Path:
    """The folder of the router that ships with the package."""
    return Path(str(files("twist_scout.routing"))) / "weights"


@cache
def default_router() -> Router:
    """The shipped router, opened once."""
    return Router()


def decide(prompt: str, mode: str | None = None) -> Decision:
    """Choose the mode that answers one prompt with the shipped router; the reason names the words that moved it.

    Args:
        prompt: what the user typed.
        mode: the mode that the caller insists on.
    """
    from twist_scout.routing.explanation import explain

    router = default_router()
    return router.decide([prompt], mode)[0] if mode is not None else explain(router, prompt).decision
