"""Lessons of the pocket base: scenes with their questions, packed so that one picture serves many questions.

A packed row is ``[user] [image tokens] [question 1 + answer 1] [question 2 + answer 2] ...``. The attention mask and the
positions make every question see the picture and itself alone, so each is exactly the one-turn dialogue of inference.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from transformers import PreTrainedTokenizerFast

from twist_scout.toyworld.lots import Lots
from twist_scout.toyworld.pocket.model import GRID, IMAGE_SIZE
from twist_scout.toyworld.pocket.tokenizer import ASSISTANT, END, USER, words
from twist_scout.toyworld.questions import ask, ask_each
from twist_scout.toyworld.scene import Scene, draw_count, render, sample_scene

#: Image tokens and the user token before them.
PREFIX = 1 + GRID * GRID


@dataclass(frozen=True, slots=True)
class Segment:
    """One question and its answer as token ids, and its kind. ``blind``: a text-only exercise that does not see the picture."""

    question: list[int]
    answer: list[int]
    blind: bool = False
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Lesson:
    """A scene, its pixels and the questions asked of it.

    Attributes:
        pixels: (side, side, 3) uint8.
        coverage: (patches, objects + 1) float32, the share of each patch that background and each object take.
        part_coverage: (patches, parts) float32, the share that each part takes.
        part_names: (object, part name) of each of these parts.
    """

    scene: Scene
    pixels: np.ndarray
    coverage: np.ndarray
    part_coverage: np.ndarray
    part_names: tuple[tuple[int, str], ...]
    segments: list[Segment]


def patch_coverage(ids: np.ndarray, count: int) -> np.ndarray:
    """Share of every patch that is background (column 0) or object k (column k).

    Args:
        ids: (size, size) integer map of objects or parts, ``size`` a multiple of the patch grid.
        count: how many there are.
    """
    side = ids.shape[0] // GRID
    hot = ids[..., None] == np.arange(count + 1)
    return (
        hot.reshape(GRID, side, GRID, side, count + 1).mean((1, 3)).reshape(GRID * GRID, count + 1).astype(np.float32)
    )


class Teacher:
    """Writes lessons from seeds.

    Args:
        tokenizer: the pocket tokenizer.
        kinds: question kinds to ask, weighted by repetition.
        questions: how many questions a scene gets, besides one text-only exercise.
        sentences: share of the questions that ask for a whole sentence.
        objects: relative frequency of scenes with 1, 2, ... objects.
    """

    def __init__(
        self,
        tokenizer: PreTrainedTokenizerFast,
        kinds: tuple[str, ...],
        questions: int = 7,
        sentences: float = 0.0,
        objects: tuple[float, ...] = (0.1, 0.3, 0.3, 0.2, 0.1),
    ) -> None:
        self.tokenizer = tokenizer
        self.kinds = kinds
        self.questions = questions
        self.sentences = sentences
        self.objects = objects
        self._assistant = tokenizer.convert_tokens_to_ids(ASSISTANT)
        self._end = tokenizer.convert_tokens_to_ids(END)
        self._words = words()

    def lesson(self, seed: int) -> Lesson:
        """The lesson of training scene ``seed``."""
        rng = np.random.default_rng([0x1E55, seed])
        lots = Lots(rng)
        scene = sample_scene(seed, split="train", objects=draw_count(rng, self.objects))
        asked: list[Segment] = []
        prompts: set[str] = set()
        for kind in rng.permutation(list(self.kinds)):
            if (q := ask(scene, kind, lots)) is not None and q.prompt not in prompts:
                prompts.add(q.prompt)
                if self.sentences and rng.random() < self.sentences:
                    q = q.in_a_sentence
                asked.append(self.segment(_typed(q.prompt, rng), q.answer, kind=kind))
            if len(asked) == self.questions:
                break
        asked.append(self.segment(*self._exercise(rng), blind=True))
        return _lesson(scene, asked)

    def examination(self, seed: int) -> Lesson:
        """One question of every kind about a scene of two to four things, as written and with short answers."""
        scene = sample_scene(seed, split="train", objects=2 + seed % 3)
        rng = np.random.default_rng([0xE8A3, seed])
        # In random order, so that no kind is always the one that finds no room in the row.
        asked = ask_each(scene, Lots(rng), tuple(rng.permutation(list(dict.fromkeys(self.kinds)))))
        return _lesson(scene, [self.segment(q.prompt, q.answer, kind=q.kind) for q in asked])

    def segment(self, prompt: str, answer: str, *, blind: bool = False, kind: str = "") -> Segment:
        """Token ids of one dialogue turn."""
        return Segment(
            [*self.tokenizer(prompt).input_ids, self._assistant],
            [*self.tokenizer(answer).input_ids, self._end],
            blind,
            kind,
        )

    def _exercise(self, rng: np.random.Generator) -> tuple[str, str]:
        """A text-only exercise: number sense and repeating words, as any language model has them before it sees a picture."""
        lot = rng.integers(5)
        a, b = (int(n) for n in rng.choice(101, 2, replace=False))
        if lot == 0:
            return f"Which number is after {a % 100}?", str(a % 100 + 1)
        if lot == 1:
            return f"Which number is before {a % 100 + 1}?", str(a % 100)
        if lot == 2:
            return f"Which is larger, {a} or {b}?", str(max(a, b))
        if lot == 3:
            middle = (a + b) // 2
            return f"Which number is between {a} and {b}, in the middle?", str(middle)
        if rng.random() < 0.4:
            text = ", ".join(str(n) for n in rng.integers(101, size=rng.integers(3, 7)))
            return f"Repeat after me: {text}", text
        said = [self._words[i] for i in rng.integers(len(self._words), size=rng.integers(2, 7))]
        said = [w.capitalize() if rng.random() < 0.3 else w for w in said]
        if rng.random() < 0.5:
            said.insert(int(rng.integers(len(said))), str(a))
        text = " ".join(said)
        return f"Repeat after me: {text}", text


def _lesson(scene: Scene, segments: list[Segment]) -> Lesson:
    rendered = render(scene, IMAGE_SIZE)
    coverage = patch_coverage(rendered.ids, len(scene.objects))
    parts = patch_coverage(rendered.parts, len(rendered.part_names))[:, 1:]
    return Lesson(scene, np.asarray(rendered.image), coverage, parts, rendered.part_names, segments)


def _typed(prompt: str, rng: np.random.Generator) -> str:
    """The prompt as somebody might type it: sometimes without a capital, sometimes without its last mark."""
    if rng.random() < 0.15:
        prompt = prompt[0].lower() + prompt[1:]
    if rng.random() < 0.15:
        prompt = prompt.rstrip("?.")
    return prompt


@dataclass(frozen=True, slots=True)
class Packed:
    """A batch of packed rows.

    Attributes:
        input_ids: (B, T) token ids after the image, T segments' tokens only.
        positions: (B, P + T) positions, the prefix first.
        mask: (B, 1, P + T, P + T) bool, true where attention is allowed.
        labels: (B, T) next-token targets already shifted, -100 elsewhere.
        weights: (B, T) weight of each target; a question's weights sum to the square root of its answer's length.
        owner: (B, T) which of the row's questions each token belongs to, -1 for none.
        user: id of the user token.
    """

    input_ids: Tensor
    positions: Tensor
    mask: Tensor
    labels: Tensor
    weights: Tensor
    owner: Tensor
    user: int

    def to(self, device: torch.device) -> Packed:
        """The same on another device."""
        return Packed(
            input_ids=self.input_ids.to(device),
            positions=self.positions.to(device),
            mask=self.mask.to(device),
            labels=self.labels.to(device),
            weights=self.weights.to(device),
            owner=self.owner.to(device),
            user=self.user,
        )


def pack(lessons: list[Lesson], tokenizer: PreTrainedTokenizerFast, length: int = 224) -> Packed:
    """Pack lessons, one row each, into ``length`` tokens after the picture; questions that no longer fit are left out."""
    batch, pad = len(lessons), tokenizer.pad_token_id
    ids = np.full((batch, length), pad)
    labels = np.full((batch, length), -100)
    weights = np.zeros((batch, length), np.float32)
    positions = np.zeros((batch, PREFIX + length), np.int64)
    owner = np.full((batch, length), -1)
    blind = np.zeros((batch, length), bool)
    positions[:, :PREFIX] = np.arange(PREFIX)
    for r, x in enumerate(lessons):
        at = 0
        for n, s in enumerate(x.segments):
            tokens = s.question + s.answer
            end = at + len(tokens)
            if end > length:
                continue
            ids[r, at:end] = tokens
            owner[r, at:end] = n
            blind[r, at:end] = s.blind
            positions[r, PREFIX + at : PREFIX + end] = PREFIX + np.arange(len(tokens))
            first = at + len(s.question) - 1
            labels[r, first : end - 1] = s.answer
            weights[r, first : end - 1] = len(s.answer) ** -0.5
            at = end
    total = PREFIX + length
    mask = np.zeros((batch, total, total), bool)
    mask[:, :PREFIX, :PREFIX] = np.tri(PREFIX, dtype=bool)
    same = (owner[:, :, None] == owner[:, None, :]) & np.tri(length, dtype=bool)
    mask[:, PREFIX:, PREFIX:] = same
    mask[:, PREFIX:, :PREFIX] = ~blind[:, :, None]
    mask[:, PREFIX:, 0] = True
    return Packed(
        torch.from_numpy(ids),
        torch.from_numpy(positions),
        torch.from_numpy(mask)[:, None],
        torch.from_numpy(labels),
        torch.from_numpy(weights),
        torch.from_numpy(owner),
        tokenizer.convert_tokens_to_ids(USER),
    )
