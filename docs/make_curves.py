"""Draw how the pocket base learnt each kind of question: ``python docs/make_curves.py``.

``curves.svg`` holds one small chart per kind; along each the decoder's stages one after the other, as far as they
asked that kind.
"""

from __future__ import annotations

import json
from html import escape
from itertools import groupby
from pathlib import Path

from twist_scout.toyworld import pocket_base

OUT = Path(__file__).parent / "pictures" / "curves.svg"
COLUMNS, WIDTH, HEIGHT, GAP, TOP = 6, 150, 76, 22, 46
#: Stages in which the decoder learns, each with its colour.
STAGES = {
    "bind": "#8250df",
    "talk": "#0969da",
    "compare": "#bf5700",
    "list": "#bc2f86",
    "join": "#1a7f37",
    "tell": "#cf222e",
    "polish": "#0a7d8c",
    "experts": "#24292f",
    "finish": "#9a6700",
}


def series(rows: list[dict[str, float | str]]) -> tuple[dict[str, list[tuple[str, float, float]]], float]:
    """(stage, steps so far, accuracy) of every kind, and all steps together."""
    found: dict[str, list[tuple[str, float, float]]] = {}
    before = 0.0
    for stage in STAGES:
        mine = [row for row in rows if row["stage"] == stage]
        for row in mine:
            for kind, value in row.items():
                if kind not in ("stage", "step", "loss", "seconds"):
                    found.setdefault(kind, []).append((stage, before + float(row["step"]), float(value)))
        before += max(float(row["step"]) for row in mine)
    return found, before


def chart(kind: str, points: list[tuple[str, float, float]], total: float, left: float, top: float) -> str:
    """One kind: a line per stage and the last accuracy."""
    parts = [f'<g transform="translate({left} {top})">']
    parts.append(f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#f6f8fa"/>')
    parts.append(f'<text x="0" y="-5" font-weight="600">{escape(kind)}</text>')
    parts.append(f'<text x="{WIDTH}" y="-5" text-anchor="end" fill="#57606a">{points[-1][2]:.2f}</text>')
    for stage, group in groupby(points, key=lambda point: point[0]):
        dots = [(step / total * WIDTH, (1 - value) * HEIGHT) for _, step, value in group]
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y in dots)
        parts.append(f'<polyline points="{line}" fill="none" stroke="{STAGES[stage]}" stroke-width="1.6"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="1.6" fill="{STAGES[stage]}"/>' for x, y in dots]
    return "".join([*parts, "</g>"])


def main() -> None:
    """Write the picture."""
    lines = (pocket_base() / "curves.jsonl").read_text("utf-8").splitlines()
    kinds, total = series([json.loads(line) for line in lines])
    rows = -(-len(kinds) // COLUMNS)
    width, height = COLUMNS * (WIDTH + GAP) + GAP, TOP + rows * (HEIGHT + GAP + 8) + 6
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="11">',
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
    ]
    for n, (stage, color) in enumerate(STAGES.items()):
        parts.append(f'<rect x="{GAP + 90 * n}" y="10" width="10" height="10" fill="{color}"/>')
        parts.append(f'<text x="{GAP + 14 + 90 * n}" y="19">{stage}</text>')
    for n, (kind, points) in enumerate(kinds.items()):
        left, top = GAP + n % COLUMNS * (WIDTH + GAP), TOP + n // COLUMNS * (HEIGHT + GAP + 8)
        parts.append(chart(kind, points, total, left, top))
    OUT.write_text("\n".join([*parts, "</svg>"]) + "\n", encoding="utf-8")
    print(OUT)


if __name__ == "__main__":
    main()
