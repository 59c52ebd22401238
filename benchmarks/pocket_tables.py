"""Write the pocket's numbers into the README and its model card, from the exams that were run.

The exams themselves::

    cd benchmarks/results
    twist-scout toyworld evaluate --scenes 1000 --by split --json > pocket-adapter.json
    twist-scout toyworld evaluate --scenes 1000 --json --model POCKET_BASE_FOLDER > pocket-base.json
    python ../pocket_tables.py

``twist_scout.toyworld.pocket_base()`` says where the base's folder is.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
README, CARD = ROOT / "README.md", ROOT / "docs" / "pocket.md"
ROWS = (
    ("image understanding, accuracy", "understanding_accuracy"),
    ("referring expressions, Acc@0.5", "rec_acc50"),
    ("localisation by name, mIoU", "localization_miou"),
    ("grounded captions, AP50", "gic_ap50"),
    ("step by step: final answer right", "steps_final"),
    ("step by step: boxes at IoU ≥ 0.5", "steps_boxes"),
    ("absent objects refused", "rejection"),
    ("present objects wrongly refused", "false_rejection"),
)
#: What the columns of the splits are called.
SPLITS = {
    "pairs": "held-out colours",
    "relations": "held-out deeds",
    "wordings": "unseen wordings",
    "crowded": "six things",
    "diagram": "line diagrams",
}


def results() -> tuple[dict[str, Any], dict[str, Any]]:
    """The stored exams of the base and of the base with its adapter."""
    base, adapted = (
        json.loads((ROOT / "benchmarks" / "results" / f"{name}.json").read_text("utf-8"))
        for name in ("pocket-base", "pocket-adapter")
    )
    return base, adapted


def headline(base: dict[str, Any], adapted: dict[str, Any]) -> str:
    """Base and adapter, with the adapter's 95 % intervals."""
    lines = [
        f"| {adapted['scenes']:,} unseen scenes | base | with the adapter | 95 % interval |",
        "|---|---:|---:|---:|",
    ]
    for name, key in ROWS:
        low, high = adapted["intervals"][key]
        lines.append(f"| {name} | {_cell(base[key])} | {_cell(adapted[key])} | {low:.3f} to {high:.3f} |")
    same = "yes" if adapted["bit_equal"] else "NO"
    prompts = adapted["bit_equal_prompts"]
    lines.append(f"| understanding-mode logits equal to the base's, to the bit ({prompts} prompts) | | {same} | |")
    return "\n".join(lines) + "\n"


def splits(adapted: dict[str, Any]) -> str:
    """The adapter where one thing is harder than in training."""
    names = [name for name in SPLITS if name in adapted["splits"]]
    head = " | ".join(("plain", *(SPLITS[name] for name in names)))
    lines = [f"| | {head} |", "|---|" + "---:|" * (len(names) + 1)]
    for title, key in ROWS:
        cells = " | ".join(_cell(adapted["splits"][name][key]) for name in ("plain", *names))
        lines.append(f"| {title} | {cells} |")
    return "\n".join(lines) + "\n"


def kinds(adapted: dict[str, Any]) -> str:
    """Accuracy of every kind of understanding question, the hardest last."""
    found = sorted(adapted["understanding_by_kind"].items(), key=lambda pair: (-pair[1], pair[0]))
    rows = [f"| {kind} | {share:.3f} |" for kind, share in found]
    return "\n".join(["| question | accuracy |", "|---|---:|", *rows]) + "\n"


def rendered() -> dict[Path, str]:
    """The README and the card with the tables of the stored results."""
    base, adapted = results()
    tables = {"results": headline(base, adapted), "splits": splits(adapted), "kinds": kinds(adapted)}
    return {path: _filled(path.read_text("utf-8"), tables) for path in (README, CARD)}


def _filled(text: str, tables: dict[str, str]) -> str:
    for name, table in tables.items():
        begin, end = f"<!-- {name}:begin -->\n", f"<!-- {name}:end -->"
        if begin in text:
            head, rest = text.split(begin)
            text = head + begin + table + end + rest.split(end)[1]
    return text


def _cell(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


if __name__ == "__main__":
    for path, text in rendered().items():
        path.write_text(text, "utf-8")
