"""Write the README's results table from the exams that were run.

The exams themselves::

    cd benchmarks/results
    twist-scout toyworld evaluate --scenes 1000 --json > pocket-adapter.json
    twist-scout toyworld evaluate --scenes 1000 --json --model POCKET_BASE_FOLDER > pocket-base.json
    python ../readme_table.py

``twist_scout.toyworld.pocket_base()`` says where the base's folder is.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
BEGIN, END = "<!-- results:begin -->\n", "<!-- results:end -->"
ROWS = (
    ("image understanding, accuracy", "understanding_accuracy"),
    ("referring expressions, Acc@0.5", "rec_acc50"),
    ("localisation by name, mIoU", "localization_miou"),
    ("grounded captions, AP50", "gic_ap50"),
    ("absent objects refused", "rejection"),
    ("present objects wrongly refused", "false_rejection"),
)


def table(base: dict[str, Any], adapted: dict[str, Any]) -> str:
    """The Markdown table."""
    lines = [
        f"| {adapted['scenes']:,} unseen scenes | base | with the adapter | held-out pairs |",
        "|---|---:|---:|---:|",
    ]
    for name, key in ROWS:
        cells = (base[key], adapted[key], (adapted["held_out_pairs"] or {}).get(key))
        lines.append(f"| {name} | " + " | ".join("–" if v is None else f"{v:.3f}" for v in cells) + " |")
    same = "yes" if adapted["bit_equal"] else "NO"
    prompts = adapted["bit_equal_prompts"]
    lines.append(f"| understanding-mode logits equal to the base's, to the bit ({prompts} prompts) | | {same} | |")
    return "\n".join(lines) + "\n"


def rendered() -> str:
    """The README with the table of the stored results."""
    base, adapted = (
        json.loads((ROOT / "benchmarks" / "results" / f"{name}.json").read_text("utf-8"))
        for name in ("pocket-base", "pocket-adapter")
    )
    text = (ROOT / "README.md").read_text("utf-8")
    head, rest = text.split(BEGIN)
    return head + BEGIN + table(base, adapted) + END + rest.split(END)[1]


if __name__ == "__main__":
    (ROOT / "README.md").write_text(rendered(), "utf-8")
