"""The toy-world exam: put the questions of :mod:`twist_scout.toyworld.exam` to a model and score
the answers.

Scenes come from the test stream, which no training has seen. Beside the plain ones there are splits that each change
one thing, such as a (kind, colour) pair that no training picture shows, or wordings that no training prompt has: what
is right there was generalised.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import torch
from PIL import Image

from twist_scout.boxes.grounded import GroundedText
from twist_scout.evaluation import (
    CaptioningRecord,
    LocalizationRecord,
    NameMap,
    ReferringRecord,
    RejectionRecord,
    UnderstandingRecord,
    evaluate_captioning,
    evaluate_localization,
    evaluate_referring,
    evaluate_rejection,
    evaluate_understanding,
)
from twist_scout.evaluation.stepwise import StepwiseRecord, evaluate_stepwise
from twist_scout.evaluation.understanding import answer_matches
from twist_scout.experiments.exam_result import ExamResult, Scores
from twist_scout.grounder import Grounder
from twist_scout.toyworld.drawing import CATEGORIES
from twist_scout.toyworld.exam import SPLITS, ExamItem, Part, Split, colorless, exam_items
from twist_scout.toyworld.scene import render, sample_scene

PARTS: tuple[Part, ...] = ("understanding", "rec", "localization", "gic", "steps", "absent")
#: The longest right answer of the toy world is well below this.
_MAX_NEW_TOKENS = 160

Progress = Callable[[int, int], None]


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
    splits: Sequence[Split] = ("plain", "pairs"),
    split_scenes: int | None = None,
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
        scenes: how many plain test scenes.
        seed: seed of the first scene.
        size: side of the pictures in pixels.
        splits: which splits; ``plain`` is asked in any case.
        split_scenes: how many scenes in each of the other splits; ``None``: a fifth of ``scenes``.
        base: the same base without adapter, separately loaded; given, its logits are compared with
            the understanding-mode logits of ``grounder``.
        bit_equal_prompts: on how many understanding prompts (at most) to compare.
        parts: which parts are asked; the scores of the others are ``nan``.
        batch_size: scenes asked about, and questions answered, at once.
        on_progress: called with (scenes done, scenes in all).
    """
    start = time.monotonic()
    fewer = max(1, scenes // 5) if split_scenes is None else split_scenes
    names: list[Split] = ["plain", *(s for s in dict.fromkeys(splits) if s != "plain")]
    plan = [(name, seed + i) for name in names for i in range(scenes if name == "plain" else fewer)]
    sheets: dict[Split, dict[Part, _Sheet]] = {name: defaultdict(_Sheet) for name in names}
    equal, compared, done = True, 0, 0
    for chunk in _chunks(plan, batch_size):
        for name in dict.fromkeys(name for name, _ in chunk):
            numbers = [number for other, number in chunk if other == name]
            asked = _ask(grounder, numbers, name, size, parts, batch_size)
            if base is not None and name == "plain" and compared < bit_equal_prompts:
                sheet = asked["understanding"]
                wanted = min(len(sheet.items), bit_equal_prompts - compared)
                prompts = [item.prompt for item in sheet.items[:wanted]]
                equal &= same_logits(grounder, base, sheet.pictures[:wanted], prompts)
                compared += wanted
            for part, sheet in asked.items():
                kept = sheets[name][part]
                kept.items += sheet.items
                kept.answers += sheet.answers
        done += len(chunk)
        if on_progress is not None:
            on_progress(done, len(plan))
    return ExamResult(
        scenes=scenes,
        seed=seed,
        splits={name: _score(sheets[name], size) for name in names},
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
    grounder: Grounder, seeds: Sequence[int], split: Split, size: int, parts: Sequence[Part], batch_size: int
) -> dict[Part, _Sheet]:
    """All questions about these scenes with their answers, part by part (answers of a part are of
    like length).
    """
    condition = SPLITS[split]
    sheets: dict[Part, _Sheet] = {part: _Sheet() for part in PARTS}
    for number in seeds:
        scene = sample_scene(number, split="test", variant=condition.variant)
        rendered = render(scene, size, domain=condition.domain)
        for item in exam_items(scene, rendered, unseen_wordings=condition.unseen_wordings):
            if item.part in parts and _counts(item, split):
                sheets[item.part].items.append(item)
                sheets[item.part].pictures.append(rendered.image)
    for part, sheet in sheets.items():
        if not sheet.items:
            continue
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


def _counts(item: ExamItem, split: Split) -> bool:
    """Of a scene with something held out, only what is about that counts (absent things are about nothing).

    Of a diagram, only what can be asked without colours does.
    """
    if split == "diagram":
        return colorless(item) or item.part == "gic"
    return split not in ("pairs", "relations") or item.held_out or item.part == "absent"


def _score(sheets: dict[Part, _Sheet], size: int) -> Scores:
    def rows(*parts: Part) -> Iterator[tuple[ExamItem, GroundedText]]:
        for part in parts:
            yield from zip(sheets[part].items, sheets[part].answers, strict=True)

    return Scores(
        understanding=evaluate_understanding(
            UnderstandingRecord(answer, _nearest(item, answer), item.kind) for item, answer in rows("understanding")
        ),
        referring=evaluate_referring(ReferringRecord(a, i.boxes[0]) for i, a in rows("rec")),
        localization=evaluate_localization(LocalizationRecord(a, i.boxes[0]) for i, a in rows("localization")),
        captioning=evaluate_captioning(
            (CaptioningRecord(a, size, size, i.objects) for i, a in rows("gic")),
            NameMap({c.coco for c in CATEGORIES.values()}, {c.name: c.coco for c in CATEGORIES.values()}),
        ),
        stepwise=evaluate_stepwise(StepwiseRecord(a, i.answer, i.boxes) for i, a in rows("steps")),
        rejection=evaluate_rejection(
            RejectionRecord(a, present=i.part != "absent") for i, a in rows("rec", "localization", "absent")
        ),
    )


def _nearest(item: ExamItem, answer: GroundedText) -> str:
    """Of several right answers, the one that was given, if it was any."""
    return next((a for a in (item.answer, *item.accepted) if answer_matches(answer.text, a)), item.answer)


def _chunks(plan: list[tuple[Split, int]], size: int) -> Iterator[list[tuple[Split, int]]]:
    """Scenes in groups, so that only their pictures are held in memory."""
    for start in range(0, len(plan), size):
        yield plan[start : start + size]
