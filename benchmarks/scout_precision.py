"""Do the checks lift precision, and what do they catch? Answers of a model on scenes whose truth is known.

::

    twist-scout toyworld sample --seed 1 --count 400 --out scenes
    twist-scout scout build scenes --out built --llm rules --mllm pocket
    python benchmarks/scout_precision.py scenes built

First, what is right before and after the checks. A box is right if it overlaps (IoU at least 0.5) a thing of the name,
the colour and the size that its phrase says; a record if all its boxes are and its answer is the one expected. Rules
write the questions, so positives alone are counted: the contradictions are right by construction.

Second, errors of four kinds are put into the model's own right answers (twist_scout.experiments.injected_errors). A right
answer that is turned down is a false alarm. `same_thing` looks stricter than the truth does: a thing must have the same
box in all steps, and both of two boxes that differ can overlap the thing by a half. So its threshold is tried out.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from twist_scout.data.records import Example
from twist_scout.experiments.ablation_data import NEEDS_BOXES, item_of, read_answers
from twist_scout.experiments.injected_errors import measure_checks
from twist_scout.experiments.precision import Precision, is_right
from twist_scout.scout.checks import CHECKS, CheckSettings, check, failures
from twist_scout.scout.items import SourceItem
from twist_scout.scout.sources import open_source

RESULTS = Path(__file__).parent / "results" / "scout_precision.json"
#: What is skipped in each row: everything, what needs the truth, what needs boxes, nothing.
ROWS = {
    "no checks": frozenset(CHECKS),
    "without the truth": NEEDS_BOXES | {"expected"},
    "without boxes and colours of the truth": NEEDS_BOXES,
    "all checks": frozenset[str](),
}
#: Thresholds of `same_thing` that are tried out beside the default.
SAME_BOX = (0.5, 0.6, 0.7)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("scenes", help="folder of `twist-scout toyworld sample`")
    parser.add_argument("built", type=Path, help="folder of `twist-scout scout build` on those scenes")
    parser.add_argument("--json", type=Path, default=RESULTS, help="write the numbers to this file")
    given = parser.parse_args()
    items = {item.id: item for item in open_source(given.scenes)}
    pairs = [(answer, item_of(answer, items)) for answer in read_answers(given.built) if not answer.negative]
    right = [(example, item) for example, item in pairs if is_right(example, item)]
    default = CheckSettings().same_box
    result = {
        "scenes": len(items),
        "answers": len(pairs),
        "rows": {name: precision(pairs, CheckSettings(skip=skip)) for name, skip in ROWS.items()},
        "injected": {"same_box": default, **injected(right, CheckSettings())},
        "injected_without_boxes": {"same_box": default, **injected(right, CheckSettings(skip=NEEDS_BOXES))},
        "by_same_box": {
            str(threshold): {
                "injected": injected(right, CheckSettings(same_box=threshold)),
                "precision_without_boxes": precision(pairs, CheckSettings(skip=NEEDS_BOXES, same_box=threshold)),
            }
            for threshold in SAME_BOX
        },
    }
    tell(result)
    given.json.parent.mkdir(parents=True, exist_ok=True)
    given.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


def precision(pairs: list[tuple[Example, SourceItem]], settings: CheckSettings) -> dict[str, Any]:
    """Of what passes the checks, how much is right."""
    counted = Precision()
    for example, item in pairs:
        if not failures(check(example, item, settings)):
            counted.add(example, item)
    return counted.to_dict()


def injected(right: list[tuple[Example, SourceItem]], settings: CheckSettings) -> dict[str, Any]:
    """Caught errors and false alarms, with the share of each kind that was caught."""
    report = measure_checks(right, settings=settings)
    by_kind = {kind: report.caught[kind] / number for kind, number in report.injected.items()}
    return {**report.to_dict(), "recall_by_kind": by_kind}


def tell(result: dict[str, Any]) -> None:
    for name, row in result["rows"].items():
        print(
            f"{name:40} {row['records']:6} records {row['records_right']:.3f} right "
            f"{row['boxes']:6} boxes {row['boxes_right']:.3f} right"
        )
    rows = {"all checks": result["injected"], "without boxes of the source": result["injected_without_boxes"]}
    rows |= {f"all checks, same_box {name}": row["injected"] for name, row in result["by_same_box"].items()}
    for name, row in rows.items():
        kinds = ", ".join(f"{kind} {share:.3f}" for kind, share in row["recall_by_kind"].items())
        print(
            f"{name:40} {row['records']:6} right records: {row['false_alarm_rate']:.3f} turned down; "
            f"{row['recall']:.3f} of {sum(row['injected'].values())} errors caught ({kinds})"
        )


if __name__ == "__main__":
    main()
