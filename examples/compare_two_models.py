"""Compare two models on the same pictures, and write a page of those on which they differ.

python examples/compare_two_models.py FOLDER
"""

from __future__ import annotations

import random
import sys
from pathlib import Path

from twist_scout import evaluation as ev
from twist_scout.boxes import Box, GroundedText
from twist_scout.toyworld import render, sample_scene


def main(folder: Path, count: int = 60) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    rng, truth, said = random.Random(0), {}, {"careful": {}, "hasty": {}}
    for seed in range(count):
        drawn = render(sample_scene(seed), 240)
        drawn.image.save(folder / f"{seed}.png")
        truth[str(seed)] = Box(*(edge / 240 for edge in drawn.boxes[0]))
        for name, spread in (("careful", 0.04), ("hasty", 0.1)):  # stand-ins for two models
            shifts = [rng.gauss(0, spread), rng.gauss(0, spread)] * 2
            corners = [min(max(v + s, 0), 1) for v, s in zip(truth[str(seed)].as_tuple(), shifts, strict=True)]
            said[name][str(seed)] = "It is at [[{:.0f},{:.0f},{:.0f},{:.0f}]].".format(*(99 * v for v in corners))
    records = {name: [ev.ReferringRecord(said[name][id], box, id) for id, box in truth.items()] for name in said}
    result = ev.compare({name: ev.evaluate_referring(each) for name, each in records.items()})
    print(result)
    cases = []
    for name, id in [(name, id) for id in result.flipped(8) for name in said]:
        read = GroundedText.parse(said[name][id]).boxes
        picture, meant = folder / f"{id}.png", [("", truth[id])]
        cases.append(ev.Case(id, name, picture, None, "", said[name][id], meant, [("", box) for box in read]))
    print(ev.write_report(folder / "differences.html", "Careful and hasty", result, cases))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
