"""From scenes to training data: pictures on disk and example records with SCOUT-style conversations."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from twist_scout.data.records import Example, Message, write_examples
from twist_scout.toyworld.grounding_tasks import GroundingTask, make_task
from twist_scout.toyworld.scene import Rendered, Scene, Split, draw_count, render, sample_scene

#: How often each kind of task is drawn. The paper trains on expressions, grounded captions and step-by-step questions with
#: negatives (§5); so small a model needs most of its tokens to be new boxes, and step-by-step answers repeat theirs.
MIXTURE: dict[str, float] = {
    "rec": 0.32,
    "localization": 0.16,
    "gic": 0.18,
    "color": 0.04,
    "related": 0.07,
    "size": 0.03,
    "absent": 0.14,
    "absent_step": 0.06,
}


def scene_tasks(scene: Scene, count: int, *, seed: int, mixture: dict[str, float] = MIXTURE) -> Iterator[GroundingTask]:
    """``count`` grounding tasks about one scene, drawn from ``mixture``; deterministic by ``seed``."""
    rng = np.random.default_rng([0x5C07, seed])
    kinds, weights = list(mixture), np.array(list(mixture.values()))
    made: set[str] = set()
    for _ in range(50 * count):
        if len(made) == count:
            return
        task = make_task(scene, str(rng.choice(kinds, p=weights / weights.sum())), rng)
        if task is not None and task.prompt not in made:
            made.add(task.prompt)
            yield task


def to_example(task: GroundingTask, rendered: Rendered, *, id: str, image: str) -> Example:
    """A task as an example record: one question, one answer, boxes in pixels."""
    width, height = rendered.image.size
    return Example(
        id=id,
        image=image,
        width=width,
        height=height,
        task="negative" if task.negative else task.task,
        messages=[Message(role="user", content=task.prompt), Message(role="assistant", content=task.answer)],
        boxes=[(float(a), float(b), float(c), float(d)) for a, b, c, d in rendered.boxes],
        negative=task.negative,
        meta={"source": "toyworld", "final": task.final} if task.final else {"source": "toyworld"},
    )


def write_dataset(
    folder: str | Path,
    seeds: Iterable[int],
    *,
    split: Split = "train",
    size: int = 240,
    per_scene: int = 3,
    mixture: dict[str, float] = MIXTURE,
    objects: Sequence[float] | None = None,
) -> Path:
    """Draw scenes and write ``folder/images/*.png`` and ``folder/examples.jsonl``.

    Args:
        folder: made if it is missing.
        seeds: one scene for each. They are taken one at a time as scenes are drawn, so a progress bar may wrap them.
        split: which stream of scenes.
        size: side of the pictures in pixels.
        per_scene: at most this many examples about each.
        mixture: how often each kind of task is drawn.
        objects: relative frequency of scenes with 1, 2, ... objects; the world's own lot if not given.

    Returns:
        The path of the JSONL file.
    """
    folder = Path(folder)
    (folder / "images").mkdir(parents=True, exist_ok=True)

    def examples() -> Iterator[Example]:
        for seed in seeds:
            count = None if objects is None else draw_count(np.random.default_rng([0x0B7, seed]), objects)
            scene = sample_scene(seed, split=split, objects=count)
            rendered = render(scene, size)
            name = f"images/{split}-{seed:08d}.png"
            rendered.image.save(folder / name)
            for n, task in enumerate(scene_tasks(scene, per_scene, seed=seed, mixture=mixture)):
                yield to_example(task, rendered, id=f"{split}-{seed:08d}-{n}", image=name)

    path = folder / "examples.jsonl"
    write_examples(path, examples())
    return path
