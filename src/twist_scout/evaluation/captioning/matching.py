"""One-to-one matching of boxes with objects, without scores."""

from __future__ import annotations

import numpy as np

from twist_scout.evaluation.captioning.arrays import Flags, Ints, Pairs


def greedy_matching(pairs: Pairs) -> Pairs:
    """Pairs taken from the highest IoU down, every detection and every object once."""
    order = np.lexsort((pairs.thing, pairs.detection, -pairs.iou))
    used_detections, used_things = set[int](), set[int]()
    taken = []
    for row, detection, thing in zip(
        order.tolist(), pairs.detection[order].tolist(), pairs.thing[order].tolist(), strict=True
    ):
        if detection not in used_detections and thing not in used_things:
            used_detections.add(detection)
            used_things.add(thing)
            taken.append(row)
    return pairs.take(np.array(sorted(taken), dtype=np.int64))


def largest_matching(pairs: Pairs, last: Flags) -> dict[int, int]:
    """As many pairs as can be had, every detection and every object once.

    The number of pairs, and how many of them are with detections that come last, do not depend on any order: the sets
    of detections that can be matched together are the independent sets of a matroid, on which greed is optimal.

    Args:
        pairs: what may be matched.
        last: (N,) detections that are only tried after all others.

    Returns:
        The object of each matched detection.
    """
    alone = only_choice(pairs)
    contested = pairs.take(~alone)
    best_first = contested.take(np.lexsort((-contested.iou, contested.detection)))
    matching = _Matching()
    for detection, thing in zip(best_first.detection.tolist(), best_first.thing.tolist(), strict=True):
        matching.choices.setdefault(detection, []).append(thing)
    for detection in sorted(matching.choices, key=lambda row: (bool(last[row]), row)):
        matching.add(detection)
    found = dict(zip(pairs.detection[alone].tolist(), pairs.thing[alone].tolist(), strict=True))
    return found | matching.held


def only_choice(pairs: Pairs) -> Flags:
    """Which pairs are each other's only choice: they are in every largest matching, and in every greedy one."""

    def single(rows: Ints) -> Flags:
        only: Flags = np.bincount(rows, minlength=1)[rows] == 1
        return only

    return single(pairs.detection) & single(pairs.thing)


class _Matching:
    """A matching that grows by augmenting paths."""

    def __init__(self) -> None:
        self.choices: dict[int, list[int]] = {}  # detection -> objects, best first
        self.held: dict[int, int] = {}  # detection -> object
        self._owner: dict[int, int] = {}  # object -> detection
        self._settled = set[int]()  # objects that no longer path can free

    def add(self, start: int) -> None:
        """Give one more detection an object, moving others to their next choices where that is needed."""
        came_from: dict[int, int] = {}  # object -> the detection that would take it
        waiting = [start]
        while waiting:
            following = []
            for detection in waiting:
                for thing in self.choices[detection]:
                    if thing in came_from or thing in self._settled:
                        continue
                    came_from[thing] = detection
                    if thing not in self._owner:
                        self._take(thing, came_from, start)
                        return
                    following.append(self._owner[thing])
            waiting = following
        self._settled |= came_from.keys()  # a search that fails once fails for ever

    def _take(self, thing: int, came_from: dict[int, int], start: int) -> None:
        """Walk the path back: each detection takes the object it reached and leaves its own to the one before."""
        while True:
            taker = came_from[thing]
            left = self.held.get(taker)
            self.held[taker], self._owner[thing] = thing, taker
            if taker == start or left is None:
                return
            thing = left
