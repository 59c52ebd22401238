"""A report in one HTML file: tables, the certificate, and pictures with drawn boxes. It needs no
network and no other file.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from PIL import Image

from twist_scout.boxes.grounded import GroundedText
from twist_scout.picture import draw_grounded


@dataclass(frozen=True, slots=True)
class TableRow:
    """One measure.

    Attributes:
        name: what is measured.
        values: one per column, in [0, 1]; ``None`` where it was not measured.
        lower_is_better: for rates of mistakes.
    """

    name: str
    values: Sequence[float | None]
    lower_is_better: bool = False


@dataclass(frozen=True, slots=True)
class Example:
    """One picture and prompt, answered by several models.

    Attributes:
        picture: the original picture.
        prompt: what was asked.
        answers: (name of the model, its answer), in the order of the columns.
    """

    picture: Image.Image
    prompt: str
    answers: Sequence[tuple[str, GroundedText]]


@dataclass(frozen=True, slots=True)
class Report:
    """Everything the page shows.

    Attributes:
        title: headline.
        summary: one or two sentences under it.
        columns: names of the models compared; the first is "before".
        rows: the headline table.
        facts: (name, value) pairs about the run: times, parameters, the command that repeats it.
        certified: verdict of the certificate; ``None`` where there is none.
        certificate: (what was checked, the finding) pairs.
        examples: pictures, answered by every model.
    """

    title: str
    summary: str
    columns: Sequence[str]
    rows: Sequence[TableRow]
    facts: Sequence[tuple[str, str]] = ()
    certified: bool | None = None
    certificate: Sequence[tuple[str, str]] = ()
    examples: Sequence[Example] = ()


def render_report(report: Report) -> str:
    """The page as HTML text; whatever models wrote into it is escaped."""
    from jinja2 import Environment, StrictUndefined

    template = files("twist_scout.experiments").joinpath("templates/report.html.j2")
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined)
    environment.filters["percent"] = _percent
    page = environment.from_string(template.read_text(encoding="utf-8"))
    return page.render(report=report, rows=_best(report.rows), examples=_views(report.examples))


def write_report(report: Report, path: str | Path) -> Path:
    """Render the page and write it."""
    path = Path(path)
    path.write_text(render_report(report), encoding="utf-8")
    return path


def data_url(picture: Image.Image) -> str:
    """A picture as a PNG inside a URL."""
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")


def _best(rows: Sequence[TableRow]) -> list[dict[str, Any]]:
    """Rows with the best value marked, where columns differ."""
    marked = []
    for row in rows:
        known = [v for v in row.values if v is not None]
        best = (min if row.lower_is_better else max)(known) if len(set(known)) > 1 else None
        cells = [{"value": v, "best": v is not None and v == best} for v in row.values]
        marked.append({"name": row.name, "cells": cells, "lower": row.lower_is_better})
    return marked


def _views(examples: Sequence[Example]) -> list[Mapping[str, Any]]:
    return [
        {
            "prompt": example.prompt,
            "answers": [
                {
                    "name": name,
                    "picture": data_url(draw_grounded(example.picture, answer)),
                    "size": example.picture.size,
                    "steps": answer.steps,
                    "text": answer.text or "(says nothing)",
                    "boxes": len(answer.boxes),
                    "rejected": answer.rejected,
                }
                for name, answer in example.answers
            ],
        }
        for example in examples
    ]


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f} %"
