"""The data sets of the ablation: one imperfect annotator, and what different checks leave of its answers.

================  =====================================================================================================
``raw``           every answer that could be read
``raw, fewer``    as many of them, drawn by lot, as there are in ``checked``
``checked``       what passes the checks that need no boxes of the source: grammar, the same box for a thing in all steps,
                  the short answer that came with the question, ...
``checked+boxes`` what passes the checks against the source's boxes, colours and sizes as well
``no negatives``  ``checked`` without the questions about absent things
================  =====================================================================================================

Questions are written by rules, as a language model would from a caption, with the short answer; negative ones bring their
contradiction along (§4), so that only positive answers are the annotator's.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from twist_scout.data.records import Example, write_examples
from twist_scout.experiments.precision import Precision
from twist_scout.grounder import Grounder
from twist_scout.scout.backends.pocket import GrounderBackend
from twist_scout.scout.build_report import BuildReport
from twist_scout.scout.checks import CHECKS, CheckSettings, check, failures
from twist_scout.scout.items import SourceItem
from twist_scout.scout.pipeline import Progress, build
from twist_scout.scout.roles import make_roles
from twist_scout.scout.sources import open_source
from twist_scout.toyworld.scene import Split, draw_count, render, sample_scene
from twist_scout.toyworld.truth import truth_record

#: What a source of captions alone cannot say.
NEEDS_BOXES = frozenset(("annotation", "attributes", "absence"))
RAW, RAW_FEWER = "raw", "raw, fewer"
CHECKED, CHECKED_BOXES, NO_NEGATIVES = "checked", "checked+boxes", "no negatives"
#: Checks to leave out, and whether negatives are in, by the name of the condition.
CONDITIONS: dict[str, tuple[frozenset[str], bool]] = {
    RAW: (frozenset(CHECKS), True),
    RAW_FEWER: (frozenset(CHECKS), True),
    CHECKED: (NEEDS_BOXES, True),
    CHECKED_BOXES: (frozenset(), True),
    NO_NEGATIVES: (NEEDS_BOXES, False),
}


def write_scenes(
    folder: Path, seeds: Iterable[int], *, split: Split, size: int, objects: Iterable[float] | None = None
) -> Path:
    """Draw scenes and their truth, as ``twist-scout toyworld sample`` does.

    Args:
        folder: made if it is missing; a folder that has its ``truth.jsonl`` is left as it is.
        seeds: one scene for each.
        split: which stream of scenes.
        size: side of the pictures in pixels.
        objects: relative frequency of scenes with 1, 2, ... things; the world's own lot if not given.

    Returns:
        ``folder/truth.jsonl``.
    """
    truth = folder / "truth.jsonl"
    if truth.exists():
        return truth
    folder.mkdir(parents=True, exist_ok=True)
    weights = None if objects is None else tuple(objects)
    lines = []
    for seed in seeds:
        count = None if weights is None else draw_count(np.random.default_rng([0x0B7, seed]), weights)
        scene = sample_scene(seed, split=split, objects=count)
        rendered = render(scene, size)
        name = f"{split}-{seed:08d}.png"
        rendered.image.save(folder / name)
        lines.append(json.dumps(truth_record(scene, rendered, name)))
    partial = folder / "truth.jsonl.partial"
    partial.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    partial.replace(truth)
    return truth


def annotate(
    truth: Path,
    out: Path,
    annotator: Grounder,
    *,
    positives: int = 4,
    negatives: int = 1,
    seed: int = 0,
    batch_size: int = 32,
    progress: Callable[[Progress], None] | None = None,
) -> BuildReport:
    """Have a model answer the questions of the rules about scenes: the engine's own run, resumable.

    Args:
        truth: file of the scenes.
        out: folder for the engine's files; a run that was stopped goes on.
        annotator: the model that sees the pictures.
        positives: questions per scene about what is there.
        negatives: questions per scene about what is not.
        seed: of the questions.
        batch_size: questions answered at once.
        progress: called with the engine's progress after each scene.
    """
    backend = GrounderBackend(annotator, name="annotator", batch_size=batch_size)
    roles = make_roles(None, backend, positives=positives, negatives=negatives, trained=True)
    return build(
        open_source(truth),
        roles.writer,
        roles.answerer,
        out,
        check=check,
        seed=seed,
        concurrency=batch_size,
        progress=progress,
        backends=(backend,),
    )


def read_answers(built: Path) -> Iterator[Example]:
    """Every answer of an engine's run that could be read, kept or not."""
    with (built / "train.jsonl").open(encoding="utf-8") as lines:
        for line in lines:
            yield Example.model_validate_json(line)
    with (built / "rejects.jsonl").open(encoding="utf-8") as lines:
        for line in lines:
            if (example := json.loads(line).get("example")) is not None:
                yield Example.model_validate(example)


def write_conditions(
    answers: Iterable[Example],
    items: Mapping[str, SourceItem],
    out: Path,
    names: Iterable[str],
    *,
    negative_share: float = 0.2,
    seed: int = 0,
) -> dict[str, dict[str, Any]]:
    """Write ``OUT/<condition>.jsonl`` for each condition.

    Args:
        answers: what the annotator said, see `read_answers`; those about other pictures than ``items`` are left out.
        items: what the source knows, by id.
        out: where the records go; they name their pictures by absolute paths.
        names: which conditions.
        negative_share: of all records, where a condition has negative ones. The checks turn down positive answers alone,
            so that without a limit their share would differ from condition to condition.
        seed: of the lot by which records are drawn.

    Returns:
        By condition: how many records, how many of them negative, and the `Precision` of the positive ones.
    """
    ours = sorted((e for e in answers if e.meta["provenance"]["item"] in items), key=lambda example: example.id)
    out.mkdir(parents=True, exist_ok=True)
    where = {item.id: str(Path(item.image).resolve()) for item in items.values()}
    facts: dict[str, dict[str, Any]] = {}
    for name in names:
        kept = _fewer(ours, items, seed) if name == RAW_FEWER else _kept(name, ours, items)
        kept = _with_share(kept, negative_share, seed)
        precision = Precision()
        for example in kept:
            if not example.negative:
                precision.add(example, item_of(example, items))
        named = [e.model_copy(update={"image": where[item_of(e, items).id]}) for e in kept]
        write_examples(path_of(out, name), named)
        facts[name] = {
            "records": len(kept),
            "negatives": sum(example.negative for example in kept),
            "positives": precision.to_dict(),
        }
    return facts


def _kept(name: str, answers: Iterable[Example], items: Mapping[str, SourceItem]) -> list[Example]:
    skip, negatives = CONDITIONS[name]
    settings = CheckSettings(skip=skip)
    return [
        example
        for example in answers
        if (negatives or not example.negative) and not failures(check(example, item_of(example, items), settings))
    ]


def _fewer(answers: list[Example], items: Mapping[str, SourceItem], seed: int) -> list[Example]:
    """Of the positive answers as many as pass the checks, by lot; all negative ones."""
    positives = [example for example in answers if not example.negative]
    count = sum(not example.negative for example in _kept(CHECKED, answers, items))
    drawn = _draw(positives, count, seed)
    return [example for example in answers if example.negative or example.id in drawn]


def _with_share(examples: list[Example], share: float, seed: int) -> list[Example]:
    """At most this share of negative records. Of the larger of two data sets are the smaller one's, and more."""
    negatives = [example for example in examples if example.negative]
    count = round(share / (1 - share) * (len(examples) - len(negatives)))
    drawn = _draw(negatives, count, seed)
    return [example for example in examples if not example.negative or example.id in drawn]


def _draw(examples: list[Example], count: int, seed: int) -> set[str]:
    order = np.random.default_rng([0xFE3, seed]).permutation(len(examples))
    return {examples[i].id for i in order[:count]}


def path_of(folder: Path, condition: str) -> Path:
    """The file of a condition's records."""
    return folder / f"{slug(condition)}.jsonl"


def slug(condition: str) -> str:
    """A condition's name for files."""
    return condition.replace("+", "_").replace(",", "").replace(" ", "_")


def item_of(example: Example, items: Mapping[str, SourceItem]) -> SourceItem:
    """The source's item that a record is about."""
    return items[example.meta["provenance"]["item"]]
