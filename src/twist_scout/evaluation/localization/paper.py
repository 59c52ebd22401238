"""Whether a subset is the one that the paper reports on (§5.1)."""

from __future__ import annotations

from twist_scout.evaluation.localization.queries import MAX_OBJECTS, LocalizationSubset

PAPER_IMAGES = {"coco": 3582, "voc": 2062, "lvis": 6016}
"""Pictures of each subset as the paper's text lists them."""

_TITLES = {"coco": "COCO", "voc": "PVOC", "lvis": "LVIS"}
_FILES = {"coco": "instances_val2017.json", "voc": "VOC2007, split test", "lvis": "lvis_v1_val.json"}
_SWAPPED = {"coco": "voc", "voc": "coco"}


def remark_on_size(subset: LocalizationSubset) -> tuple[str, bool]:
    """What to say about the number of pictures, and whether it is a warning.

    The paper lists COCO, PVOC and LVIS with 3,582, 2,062 and 6,016 pictures. The first two look swapped: a picture of COCO
    holds more than twice as many objects as one of VOC2007, so fewer of its pictures have at most three, and PIN's own
    order is PVOC, COCO, LVIS. Either of the two numbers is therefore taken for the paper's subset.
    """
    count = f"{subset.images:,} pictures"
    if subset.dataset not in PAPER_IMAGES:
        return f"{count}; the paper reports on none of this kind.", False
    title, stated = _TITLES[subset.dataset], PAPER_IMAGES[subset.dataset]
    if subset.images == stated:
        return f"{count}, the number that the paper gives for {title}.", False
    other = _SWAPPED.get(subset.dataset)
    if other is not None and subset.images == PAPER_IMAGES[other]:
        return (
            f"{count}, the number that the paper gives for {_TITLES[other]}. Its numbers for COCO and PVOC look swapped, "
            f"so this is its subset of {title}.",
            False,
        )
    listed = f"{stated:,} for {title}"
    if other is not None:
        listed += f" and {PAPER_IMAGES[other]:,} for {_TITLES[other]} (the two look swapped)"
    limit = "" if subset.max_objects == MAX_OBJECTS else f" and at most {MAX_OBJECTS} annotations"
    return (
        f"{count}, which is not the paper's subset: it gives {listed}. "
        f"Its numbers are about {_FILES[subset.dataset]}{limit}.",
        True,
    )
