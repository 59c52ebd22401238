from __future__ import annotations

import base64
import io
import re
from html.parser import HTMLParser
from pathlib import Path

from PIL import Image

from twist_scout.boxes import GroundedText
from twist_scout.experiments.report import Example, Report, TableRow, render_report, write_report

PICTURE = Image.new("RGB", (64, 48), "white")
ANSWER = GroundedText.parse("Step 1: Find the car [[10,10,50,60]]. Step 2: So the answer is <b>red</b>.")


def report(**changes: object) -> Report:
    values: dict[str, object] = {
        "title": "Twist & Scout",
        "summary": "Before < after.",
        "columns": ("base", "adapter"),
        "rows": (
            TableRow("REC Acc@0.5", (0.0, 0.75)),
            TableRow("wrongly rejected", (0.5, 0.1), lower_is_better=True),
            TableRow("understanding", (0.9, 0.9)),
            TableRow("AP50", (None, 0.4)),
        ),
        "certified": True,
        "certificate": (("frozen tensors", "12"),),
        "examples": (Example(PICTURE, "Where is the car?", (("base", ANSWER),)),),
    }
    return Report(**{**values, **changes})  # type: ignore[arg-type]


class Tags(HTMLParser):
    """Raises nothing on broken nesting, so count it."""

    void = frozenset(("meta", "img", "br", "link"))

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.outside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.outside += [v for k, v in attrs if k in ("src", "href") and v and not v.startswith("data:")]
        if tag not in self.void:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_whole_and_needs_nothing_from_outside() -> None:
    tags = Tags()
    tags.feed(render_report(report()))
    assert tags.open == []
    assert tags.outside == []


def test_what_models_write_cannot_become_markup() -> None:
    page = render_report(report(title="<script>alert(1)</script>"))
    assert "<script>" not in page
    assert "&lt;b&gt;red&lt;/b&gt;" in page


def test_the_better_value_is_marked_and_equal_ones_are_not() -> None:
    page = render_report(report())
    rows = {r.split("</td>")[0].split("<td>")[1]: r for r in re.findall(r"<tr><td>.*?</tr>", page, re.S)}
    assert re.search(r"best\">75\.0 %", rows["REC Acc@0.5"])
    wrong = next(v for k, v in rows.items() if k.startswith("wrongly"))
    assert re.search(r"best\">10\.0 %", wrong)
    assert "best" not in rows["understanding"]
    assert "–" in rows["AP50"]


def test_the_pictures_are_inside_with_their_boxes() -> None:
    page = render_report(report())
    data = re.search(r'src="data:image/png;base64,([^"]+)"', page)
    assert data
    picture = Image.open(io.BytesIO(base64.b64decode(data[1])))
    assert picture.size == PICTURE.size
    assert len(picture.convert("RGB").getcolors() or []) > 1


def test_a_failed_certificate_is_shown_as_one() -> None:
    assert "Forgotten: nothing" in render_report(report())
    failed = render_report(report(certified=False))
    assert "Forgotten: nothing" not in failed
    assert "was changed" in failed
    assert "What was forgotten" not in render_report(report(certified=None))


def test_the_file_is_written(tmp_path: Path) -> None:
    path = write_report(report(), tmp_path / "report.html")
    assert path.read_text(encoding="utf-8").startswith("<!doctype html>")
