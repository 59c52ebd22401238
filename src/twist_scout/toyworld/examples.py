"""From scenes to training data: pictures on disk and example records with SCOUT-style conversations."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from twist_scout.data.records import Example, Message, write_examples
from twist_scout.toyworld.lots import Lots
from twist_scout.toyworld.scene import Rendered, Scene, Split, draw_count, render, sample_scene
from twist_scout.toyworld.tasks import GroundingTask, box_keys, make_task

#: How often each kind of task is drawn. The paper trains on expressions, grounded captions and step-by-step questions with
#: negatives (§5); so small a model needs most of its tokens to be new boxes, and step-by-step answers repeat theirs.
MIXTURE: dict[str, float] = {
    "rec": 0.26,
    "part": 0.07,
    "localization": 0.14,
    "gic": 0.15,
    "color": 0.03,
    "garment": 0.05,
    "partner": 0.05,
    "who": 0.03,
    "related": 0.05,
    "size": 0.02,
    "absent": 0.1,
    "absent_step": 0.05,
}


def scene_tasks(scene: Scene, count: int, *, seed: int, mixture: dict[str, float] = MIXTURE) -> Iterator[GroundingTask]:
    """``count`` grounding tasks about one scene, drawn from ``mixture``; deterministic by ``seed``."""
    lots = Lots(np.random.default_rng([0x5C07, seed]))
    kinds, weights = list(mixture), list(mixture.values())
    made: set[str] = set()
    for _ in range(50 * count):
        if len(made) == count:
            return
        task = make_task(scene, lots.weighted(kinds, weights), lots)
        if task is not None and task.prompt not in made:
            made.add(task.prompt)
            yield task


def pixel_boxes(scene: Scene, rendered: Rendered) -> list[tuple[float, float, float, float]]:
    """The pixel box of every box reference of a scene's tasks.

    A part that is too small to be drawn at this size keeps its measured box.
    """
    width, height = rendered.image.size
    found = []
    for index, name in box_keys(scene):
        box = rendered.boxes[index] if not name else rendered.part_box(index, name)
        if box is None:
            part = next(p for p in scene.objects[index].parts if p.name == name)
            found.append(part.box.to_pixels(width, height))
        else:
            found.append((float(box[0]), float(box[1]), float(box[2]), float(box[3])))
    return found


def to_example(task: GroundingTask, scene: Scene, rendered: Rendered, *, id: str, image: str) -> Example:
    """A task as an example record: one question, one answer, boxes in pixels."""
    width, height = rendered.image.size
    return Example(
        id=id,
        image=image,
        width=width,
        height=height,
        task="negative" if task.negative else task.task,
        messages=[Message(role="user", content=task.prompt), Message(role="assistant", content=task.answer)],
        boxes=pixel_boxes(scene, rendered),
        negative=task.negative,
        meta={"source": "toyworld", "kind": task.kind, **({"final": task.final} if task.final else {})},
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
                yield to_example(task, scene, rendered, id=f"{split}-{seed:08d}-{n}", image=name)

    path = folder / "examples.jsonl"
    write_examples(path, examples())
    return path
