"""Do the checks lift precision? Answers of a model on scenes whose truth is known, before and after the checks.

::

    twist-scout toyworld sample --seed 1 --count 400 --out scenes
    twist-scout scout build scenes --out built --llm rules --mllm pocket
    python benchmarks/scout_precision.py scenes built --json benchmarks/results/scout_precision.json

A box is right if it overlaps (IoU at least 0.5) a thing of the name, and of the colour, that its phrase says. Rules write
the questions, so positives alone are counted: the contradictions are right by construction.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from twist_scout.boxes.box import corner_iou
from twist_scout.data.kinds import may_be
from twist_scout.data.records import Example
from twist_scout.scout.checks import CheckSettings, check, failures
from twist_scout.scout.checks.reading import read_record
from twist_scout.scout.items import SourceItem
from twist_scout.scout.sources import open_source

#: What is skipped in each row: everything, what needs the truth, nothing.
ROWS = {
    "no checks": None,
    "without the truth": frozenset(("annotation", "attributes", "absence", "expected")),
    "without boxes and colours of the truth": frozenset(("annotation", "attributes", "absence")),
    "all checks": frozenset[str](),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("scenes", help="folder of `twist-scout toyworld sample`")
    parser.add_argument("built", type=Path, help="folder of `twist-scout scout build` on those scenes")
    parser.add_argument("--json", type=Path, help="write the numbers to this file")
    given = parser.parse_args()
    items = {item.id: item for item in open_source(given.scenes)}
    examples = [example for example in _answers(given.built) if not example.negative]
    result = {name: _row(examples, items, skip) for name, skip in ROWS.items()}
    for name, row in result.items():
        print(f"{name:40} {row['records']:6} records {row['boxes']:6} boxes {row['right']:.3f} right")
    if given.json:
        given.json.write_text(json.dumps({"answers": len(examples), "rows": result}, indent=1) + "\n", encoding="utf-8")


def _answers(built: Path) -> Iterator[Example]:
    """Every answer that could be read, kept or not."""
    for line in (built / "train.jsonl").open(encoding="utf-8"):
        yield Example.model_validate_json(line)
    for line in (built / "rejects.jsonl").open(encoding="utf-8"):
        if (example := json.loads(line).get("example")) is not None:
            yield Example.model_validate(example)


def _row(examples: list[Example], items: dict[str, SourceItem], skip: frozenset[str] | None) -> dict[str, Any]:
    kept, right = 0, []
    for example in examples:
        item = items[example.meta["provenance"]["item"]]
        if skip is not None and failures(check(example, item, CheckSettings(skip=skip))):
            continue
        kept += 1
        right += _right_boxes(example, item)
    return {"records": kept, "boxes": len(right), "right": sum(right) / max(1, len(right))}


def _right_boxes(example: Example, item: SourceItem) -> Iterator[bool]:
    for mention in read_record(example).mentions:
        named = [entity for entity in item.entities if may_be(entity.name, mention.head)]
        colored = [entity for entity in named if entity.attributes.get("color") in mention.adjectives]
        places = [item.boxes[index] for entity in colored or named for index in entity.boxes]
        for index in mention.boxes:
            yield max((corner_iou(example.boxes[index], place) for place in places), default=0.0) >= 0.5


if __name__ == "__main__":
    main()
