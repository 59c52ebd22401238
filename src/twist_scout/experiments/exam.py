"""The toy-world exam: put the questions of :mod:`twist_scout.toyworld.exam` to a model and score
the answers.

Scenes come from the test stream, which no training has seen. Scenes with a held-out (category,
colour) pair are asked beside them and reported apart: what is right there was generalised.
"""

from __future__ import annotations

import math
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from PIL import Image

from twist_scout.boxes.grounded import GroundedText
from twist_scout.evaluation import (
    CaptioningRecord,
    CaptioningResult,
    LocalizationRecord,
    LocalizationResult,
    NameMap,
    ReferringRecord,
    ReferringResult,
    RejectionRecord,
    RejectionResult,
    UnderstandingRecord,
    UnderstandingResult,
    evaluate_captioning,
    evaluate_localization,
    evaluate_referring,
    evaluate_rejection,
    evaluate_understanding,
)
from twist_scout.grounder import Grounder
from twist_scout.toyworld.drawing import CATEGORIES
from twist_scout.toyworld.exam import ExamItem, Part, exam_items
from twist_scout.toyworld.scene import render, sample_scene

PARTS: tuple[Part, ...] = ("understanding", "rec", "localization", "gic", "absent")
#: The longest right answer of the toy world is well below this.
_MAX_NEW_TOKENS = 160

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Scores:
    """What a model reached on one set of scenes."""

    understanding: UnderstandingResult
    referring: ReferringResult
    localization: LocalizationResult
    captioning: CaptioningResult
    rejection: RejectionResult

    def to_dict(self) -> dict[str, float | None]:
        """The six headline numbers, all in [0, 1]; ``None`` where nothing was asked."""
        values = {
            "understanding_accuracy": self.understanding.accuracy,
            "rec_acc50": self.referring.accuracy,
            "localization_miou": self.localization.miou,
            "gic_ap50": self.captioning.ap50,
            "rejection": self.rejection.rejection,
            "false_rejection": self.rejection.false_rejection,
        }
        return {name: _number(value) for name, value in values.items()}


@dataclass(frozen=True, slots=True)
class ExamResult:
    """The outcome of an exam.

    Attributes:
        scenes: number of ordinary test scenes.
        seed: seed of the first one.
        scores: on the ordinary test scenes.
        held_out: on scenes about a held-out (category, colour) pair; only the questions about it.
        bit_equal: whether the understanding-mode logits equal the base's to the bit; ``None`` where
            it was not tested.
        bit_equal_prompts: on how many prompts that was tested.
        seconds: how long the exam took.
    """

    scenes: int
    seed: int
    scores: Scores
    held_out: Scores | None
    bit_equal: bool | None
    bit_equal_prompts: int
    seconds: float = field(compare=False)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready; the headline numbers at the top level."""
        s = self.scores
        return {
            **s.to_dict(),
            "bit_equal": self.bit_equal,
            "bit_equal_prompts": self.bit_equal_prompts,
            "gic_ap": _number(s.captioning.ap),
            "gic_score_policy": s.captioning.score_policy,
            "understanding_by_kind": {k: c / n for k, (c, n) in s.understanding.by_kind.items()},
            "held_out_pairs": self.held_out.to_dict() if self.held_out else None,
            "questions": {
                "understanding": s.understanding.total,
                "rec": s.referring.total,
                "localization": s.localization.total,
                "gic": s.captioning.images,
                "absent": s.rejection.absent,
            },
            "scenes": self.scenes,
            "seed": self.seed,
            "seconds": round(self.seconds, 1),
        }


@dataclass(slots=True)
class _Sheet:
    """Items of the exam with their pictures and, once asked, the answers."""

    items: list[ExamItem] = field(default_factory=list)
    pictures: list[Image.Image] = field(default_factory=list)
    answers: list[GroundedText] = field(default_factory=list)


def run_exam(
    grounder: Grounder,
    *,
    scenes: int = 1000,
    seed: int = 0,
    size: int = 240,
    held_out_scenes: int | None = None,
    base: Grounder | None = None,
    bit_equal_prompts: int = 500,
    parts: Sequence[Part] = PARTS,
    batch_size: int = 32,
    on_progress: Progress | None = None,
) -> ExamResult:
    """Examine a model.

    Args:
        grounder: the model, with or without an adapter. Understanding questions are asked in
            understanding mode, all others in grounding mode.
        scenes: how many test scenes.
        seed: seed of the first scene.
        size: side of the pictures in pixels.
        held_out_scenes: how many scenes about held-out pairs beside them; ``None``: a fifth of
            ``scenes``.
        base: the same base without adapter, separately loaded; given, its logits are compared with
            the understanding-mode logits of ``grounder``.
        bit_equal_prompts: on how many understanding prompts (at most) to compare.
        parts: which parts are asked; the scores of the others are ``nan``.
        batch_size: scenes asked about, and questions answered, at once.
        on_progress: called with (scenes done, scenes in all).
    """
    start = time.monotonic()
    unusual = scenes // 5 if held_out_scenes is None else held_out_scenes
    plan = [(seed + i, False) for i in range(scenes)] + [(seed + i, True) for i in range(unusual)]
    sheets: dict[bool, dict[Part, _Sheet]] = {False: defaultdict(_Sheet), True: defaultdict(_Sheet)}
    equal, compared, done = True, 0, 0
    for chunk in _chunks(plan, batch_size):
        for held_out in (False, True):
            asked = _ask(grounder, [s for s, h in chunk if h is held_out], held_out, size, parts, batch_size)
            if base is not None and not held_out and compared < bit_equal_prompts:
                sheet = asked["understanding"]
                wanted = min(len(sheet.items), bit_equal_prompts - compared)
                prompts = [item.prompt for item in sheet.items[:wanted]]
                equal &= same_logits(grounder, base, sheet.pictures[:wanted], prompts)
                compared += wanted
            for part, sheet in asked.items():
                kept = sheets[held_out][part]
                chosen = [i for i, item in enumerate(sheet.items) if _counts(item, held_out)]
                kept.items += [sheet.items[i] for i in chosen]
                kept.answers += [sheet.answers[i] for i in chosen]
        done += len(chunk)
        if on_progress is not None:
            on_progress(done, len(plan))
    return ExamResult(
        scenes=scenes,
        seed=seed,
        scores=_score(sheets[False], size),
        held_out=_score(sheets[True], size) if unusual else None,
        bit_equal=equal if compared else None,
        bit_equal_prompts=compared,
        seconds=time.monotonic() - start,
    )


def same_logits(grounder: Grounder, base: Grounder, pictures: Sequence[Image.Image], prompts: Sequence[str]) -> bool:
    """Whether understanding-mode logits equal the base's to the bit (``torch.equal``) on these
    prompts.
    """
    for start in range(0, len(prompts), 16):
        rows = slice(start, start + 16)
        ours = grounder.logits(pictures[rows], prompts[rows], "understanding")
        theirs = base.logits(pictures[rows], prompts[rows], "understanding")
        if not torch.equal(ours, theirs):
            return False
    return True


def _ask(
    grounder: Grounder, seeds: Sequence[int], held_out: bool, size: int, parts: Sequence[Part], batch_size: int
) -> dict[Part, _Sheet]:
    """All questions about these scenes with their answers, part by part (answers of a part are of
    like length).
    """
    sheets: dict[Part, _Sheet] = {part: _Sheet() for part in PARTS}
    for number in seeds:
        scene = sample_scene(number, split="test", held_out=held_out)
        rendered = render(scene, size)
        for item in exam_items(scene, rendered):
            if item.part in parts:
                sheets[item.part].items.append(item)
                sheets[item.part].pictures.append(rendered.image)
    for part, sheet in sheets.items():
        answers = grounder.ground(
            sheet.pictures,
            [item.prompt for item in sheet.items],
            "understanding" if part == "understanding" else "grounding",
            max_new_tokens=_MAX_NEW_TOKENS,
            batch_size=batch_size,
        )
        assert isinstance(answers, list)  # lists go in
        sheet.answers = answers
    return sheets


def _counts(item: ExamItem, held_out: bool) -> bool:
    """Of a held-out scene, only what is about its held-out pair counts; absent objects are not
    about any.
    """
    return not held_out or item.held_out or item.part == "absent"


def _score(sheets: dict[Part, _Sheet], size: int) -> Scores:
    def rows(*parts: Part) -> Iterator[tuple[ExamItem, GroundedText]]:
        for part in parts:
            yield from zip(sheets[part].items, sheets[part].answers, strict=True)

    return Scores(
        understanding=evaluate_understanding(
            UnderstandingRecord(answer, item.answer, item.kind) for item, answer in rows("understanding")
        ),
        referring=evaluate_referring(ReferringRecord(a, i.boxes[0]) for i, a in rows("rec")),
        localization=evaluate_localization(LocalizationRecord(a, i.boxes[0]) for i, a in rows("localization")),
        captioning=evaluate_captioning(
            (CaptioningRecord(a, size, size, i.objects) for i, a in rows("gic")),
            NameMap(CATEGORIES),
        ),
        rejection=evaluate_rejection(
            RejectionRecord(a, present=i.part != "absent") for i, a in rows("rec", "localization", "absent")
        ),
    )


def _chunks(plan: list[tuple[int, bool]], size: int) -> Iterator[list[tuple[int, bool]]]:
    """Scenes in groups, so that only their pictures are held in memory."""
    for start in range(0, len(plan), size):
        yield plan[start : start + size]


def _number(value: float) -> float | None:
    return None if math.isnan(value) else value
