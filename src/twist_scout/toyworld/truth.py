"""The exact truth of a drawn scene as one JSON line."""

from __future__ import annotations

from typing import Any

import numpy as np

from twist_scout.toyworld.expressions import RELATIONS, refer, related
from twist_scout.toyworld.lots import Lots
from twist_scout.toyworld.scene import Rendered, Scene
from twist_scout.toyworld.telling import PLACES, captions, clauses, clothes, mention, reading_order


def truth_record(scene: Scene, rendered: Rendered, image_name: str) -> dict[str, Any]:
    """What is in the picture.

    Returns:
        A JSON-ready dict: ``image, width, height, caption, captions`` (as several people would write them),
        ``grounded_caption`` (phrases with the indexes of their objects, in caption order), ``objects`` (``name,
        category`` (its COCO class), ``color, size, box`` in pixels xyxy, ``visible`` share, ``clothes, parts,
        held_out, expression``: a phrase that only this object satisfies), ``relations`` (triples of object index,
        relation, object index), ``interactions`` (triples of subject, verb, object), ``setting, place, seed, split,
        variant``. What cannot be said of an object is left out of it.
    """
    lots = Lots(np.random.default_rng([0x7247, scene.seed]))
    width, height = rendered.image.size
    indexes = range(len(scene.objects))
    told = captions(scene)
    return {
        "image": image_name,
        "width": width,
        "height": height,
        "caption": told[0],
        "captions": told,
        "grounded_caption": [[mention(scene, i), [i]] for i in reading_order(scene)],
        "clauses": [[c.subject, c.verb, list(c.objects)] for c in clauses(scene)],
        "objects": [_object(scene, rendered, i, lots) for i in indexes],
        "relations": [
            [i, name, j] for i in indexes for j in indexes for name in RELATIONS if related(scene, i, name, j)
        ],
        "interactions": [[it.subject, it.verb, it.object] for it in scene.interactions],
        "setting": scene.setting,
        "place": PLACES[scene.setting],
        "seed": scene.seed,
        "split": scene.split,
        "variant": scene.variant,
    }


def _object(scene: Scene, rendered: Rendered, index: int, lots: Lots) -> dict[str, Any]:
    o = scene.objects[index]
    known: dict[str, Any] = {"name": o.kind, "category": o.category, "color": o.color, "size": o.size}
    known |= {"box": list(rendered.boxes[index]), "visible": round(o.visible, 4), "held_out": o.held_out}
    known |= {"expression": refer(scene, index, lots), "clothes": dict(clothes(scene, index))}
    known["parts"] = [
        {"name": p.name, "color": p.color, "box": list(box)}
        for p in o.parts
        if (box := rendered.part_box(index, p.name)) is not None
    ]
    return {key: value for key, value in known.items() if value not in (None, "", {}, [])}
