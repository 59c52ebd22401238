"""The exact truth of a drawn scene as one JSON line."""

from __future__ import annotations

from typing import Any

import numpy as np

from twist_scout.toyworld.expressions import RELATIONS, refer, related
from twist_scout.toyworld.questions import caption, mention, reading_order
from twist_scout.toyworld.scene import Rendered, Scene


def truth_record(scene: Scene, rendered: Rendered, image_name: str) -> dict[str, Any]:
    """What is in the picture.

    Returns:
        A JSON-ready dict: ``image, width, height, caption``, ``grounded_caption`` (phrases with the indexes of their
        objects, in caption order), ``objects`` (``name, color, size, box`` in pixels xyxy, ``visible`` share, ``held_out``,
        ``expression``: a phrase that only this object satisfies), ``relations`` (triples of object index, relation, object
        index), ``background, seed, split``.
    """
    rng = np.random.default_rng([0x7247, scene.seed])
    width, height = rendered.image.size
    indexes = range(len(scene.objects))
    return {
        "image": image_name,
        "width": width,
        "height": height,
        "caption": caption(scene),
        "grounded_caption": [[mention(scene, i), [i]] for i in reading_order(scene)],
        "objects": [
            {
                "name": o.category,
                "color": o.color,
                "size": o.size,
                "box": list(rendered.boxes[i]),
                "visible": round(o.visible, 4),
                "held_out": o.held_out,
                "expression": refer(scene, i, rng),
            }
            for i, o in enumerate(scene.objects)
        ],
        "relations": [
            [i, name, j] for i in indexes for j in indexes for name in RELATIONS if related(scene, i, name, j)
        ],
        "background": scene.background,
        "seed": scene.seed,
        "split": scene.split,
    }
