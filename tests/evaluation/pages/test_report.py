"""The page of a result: whole, legible, and deaf to whatever a model wrote."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from twist_scout.boxes.box import Box
from twist_scout.errors import BadInput
from twist_scout.evaluation.pages import Answer, Case, write_report
from twist_scout.evaluation.result import EvaluationResult, ResultTable

from ...scout.pages.browser import Browser
from ...scout.pages.test_view import ATTACKS as OLD_ATTACKS

ATTACKS = [*OLD_ATTACKS, "\ud83d lone \udc00", "]]>&amp;&#60;script&#62;", "\x1b]0;broken\x07", "%s{0}{{ title }}"]
BOX = Box(0.1, 0.2, 0.6, 0.8)
OTHER = Box(0.15, 0.2, 0.6, 0.9)


@dataclass
class Counted:
    """A result whose every text can be chosen."""

    text: str = "Acc@0.5 0.5000"
    made: list[ResultTable] = field(
        default_factory=lambda: [ResultTable("By size", ["size", "acc"], [["small", "0.5"]])]
    )

    @property
    def protocol(self) -> str:
        return "referring/1"

    def __str__(self) -> str:
        return self.text

    def to_dict(self) -> dict[str, Any]:
        return {"accuracy": 0.5, "said": self.text}

    def tables(self) -> list[ResultTable]:
        return self.made

    def scores(self) -> Mapping[str, float]:
        return {"1": 1.0, "2": 0.0}


class Page(HTMLParser):
    """The elements of a page with their attributes, and its text."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def count(self, tag: str) -> int:
        return sum(name == tag for name, _ in self.tags)


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "a.png"
    Image.new("RGB", (600, 400), "teal").save(path)
    return path


def good(picture: Path | None, **others: Any) -> Case:
    return Case(
        "7", "best", picture, None, "Where is the hat?", "It is the hat [[10,20,60,80]].",
        [("hat", OTHER)], [("the hat", BOX)], 0.8, **others,
    )  # fmt: skip


def attacked(picture: Path) -> list[Case]:
    made = []
    for attack in ATTACKS:
        reply = Answer(attack, attack, [(attack, BOX)], 0.1)
        made.append(
            Case(attack, attack, picture, (600, 400), attack, attack, [(attack, BOX)], [(attack, BOX), ("", BOX)], 1.0,
                 attack, attack, others=[reply])
        )  # fmt: skip
    bad = Path(ATTACKS[1].replace("/", "") + ".png")
    return [*made, Case("gone", "worst", bad, (10, 10)), Case("zero", "worst", picture.with_name("\0"), (0, -1))]


def test_a_result_made_here_is_a_result() -> None:
    assert isinstance(Counted(), EvaluationResult)


def test_the_page_holds_everything(tmp_path: Path, picture: Path) -> None:
    path = write_report(tmp_path / "new" / "r.html", "My run", Counted(), [good(picture)])
    page = Page(path)
    for said in (
        "My run",
        "referring/1",
        "Acc@0.5 0.5000",
        "By size",
        "small",
        "Where is the hat?",
        "600 × 400",
        "0.800",
    ):
        assert said in page.text
    numbers = page.text.split("All numbers")[1].split("Written by")[0]
    assert json.loads(numbers) == {"protocol": "referring/1", **Counted().to_dict()}
    sources = [a["src"] for tag, a in page.tags if tag == "img"]
    assert len(sources) == 1
    assert sources[0].startswith("data:image/")
    assert list(path.parent.iterdir()) == [path]


def test_nothing_a_model_wrote_becomes_part_of_the_page(tmp_path: Path, picture: Path) -> None:
    table = ResultTable(ATTACKS[0], ATTACKS[:2], [ATTACKS[2:4]], ATTACKS[4])
    path = write_report(tmp_path / "r.html", ATTACKS[0], Counted(ATTACKS[4], [table]), attacked(picture))
    page = Page(path)
    assert page.count("script") == page.count("style") == 1
    assert not {"a", "iframe", "link", "object", "embed", "form", "base"} & {name for name, _ in page.tags}
    assert page.count("article") == len(ATTACKS) + 2
    for name, attributes in page.tags:
        assert not any(key.startswith("on") for key in attributes)
        assert "href" not in attributes
        assert name == "img" or "src" not in attributes
        if "src" in attributes:
            assert (attributes["src"] or "").startswith("data:image/")
    assert page.text.count("{{ 7 * 7 }}") >= 3


def test_a_browser_runs_nothing_of_it_and_asks_for_nothing(tmp_path: Path, picture: Path, browser: Browser) -> None:
    path = write_report(tmp_path / "r.html", "safe", Counted(ATTACKS[4]), attacked(picture))
    browser.open(path.as_uri())
    for number in range(1, len(ATTACKS) + 1):
        browser.hover(f".group:nth-of-type({number}) .phrase")
    assert browser.run("document.title") == "safe"
    assert browser.run("document.querySelectorAll('.sample').length") == len(ATTACKS) + 2
    assert browser.complaints == []
    assert {request for request in browser.requests if not request.startswith("data:")} == {path.as_uri()}


def test_a_phrase_lights_up_its_box_and_a_box_its_phrase(tmp_path: Path, picture: Path, browser: Browser) -> None:
    path = write_report(tmp_path / "r.html", "x", Counted(), [good(picture)])
    browser.open(path.as_uri())

    def lit(what: str) -> list[str]:
        return browser.run(f"[...document.querySelectorAll('{what}.on')].map(e => e.dataset.box ?? e.textContent)")

    browser.hover(".reply .phrase")
    assert (lit(".box"), lit(".phrase")) == (["0"], ["the hat1"])
    browser.hover(".meant .phrase")
    assert (lit(".box"), lit(".phrase")) == (["1"], ["hatT"])
    browser.hover(".mark[data-box='0']")
    assert (lit(".box"), lit(".phrase")) == (["0"], ["the hat1"])
    browser.hover("h1")
    assert lit(".box") == []


def test_the_legend_hides_boxes_and_styles_differ(tmp_path: Path, picture: Path, browser: Browser) -> None:
    path = write_report(tmp_path / "r.html", "x", Counted(), [good(picture)])
    for dark in (False, True):
        browser.open(path.as_uri(), dark=dark)
        style = "getComputedStyle(document.querySelector('.box.{} .edge'))"
        truth, said = (browser.run(f"[{s}.stroke, {s}.strokeDasharray]") for s in map(style.format, ("truth", "said")))
        assert truth[0] != said[0]
        assert truth[1] == "none" != said[1]
    browser.click("[data-hides=truth]")
    shown = "['truth', 'said'].map(k => getComputedStyle(document.querySelector('.box.' + k)).display)"
    assert browser.run(shown) == ["none", "inline"]


def test_boxes_lie_where_they_should(tmp_path: Path, picture: Path, browser: Browser) -> None:
    path = write_report(tmp_path / "r.html", "x", Counted(), [good(picture)])
    browser.open(path.as_uri())
    for index, box in enumerate((BOX, OTHER)):
        seen = browser.run(
            "(() => { const p = document.querySelector('.stage img').getBoundingClientRect();"
            f"const e = document.querySelector('.box[data-box=\"{index}\"] .edge'), r = e.getBBox(), m = e.getScreenCTM();"
            "return [(r.x * m.a + m.e - p.x) / p.width, (r.y * m.d + m.f - p.y) / p.height,"
            "((r.x + r.width) * m.a + m.e - p.x) / p.width, ((r.y + r.height) * m.d + m.f - p.y) / p.height]; })()"
        )
        assert seen == pytest.approx(box.as_tuple(), abs=0.01)


def test_many_pictures_go_beside_the_page_and_are_seen(tmp_path: Path, picture: Path, browser: Browser) -> None:
    path = write_report(tmp_path / "a page#1.html", "x", Counted(), [good(picture), good(picture)], embedded=1)
    assert len(list((tmp_path / "a page#1_pictures").iterdir())) == 1
    assert path.stat().st_size < 60_000
    browser.open(path.as_uri())
    browser.wait("[...document.images].every(i => i.complete && i.naturalWidth === 600)")
    assert browser.complaints == []


def test_a_missing_picture_is_an_empty_frame_with_its_size(tmp_path: Path) -> None:
    cases = [Case("1", "worst", tmp_path / "no.jpg", (640, 480), predicted=[("", BOX)]), Case("2", "worst")]
    page = Page(write_report(tmp_path / "r.html", "x", Counted(), cases))
    assert page.count("img") == 0
    assert "640 × 480 pixels\n" in page.text
    assert "no.jpg does not exist" in page.text
    assert page.text.count("no picture") == 1


def test_a_page_without_cases_is_a_page(tmp_path: Path) -> None:
    page = Page(write_report(tmp_path / "r.html", "x", Counted()))
    assert page.count("script") == page.count("article") == 0
    assert "By size" in page.text


def test_columns_of_numbers_stand_right(tmp_path: Path) -> None:
    rows = [["a", "0.5", "−0.1 to 0.2", "first"], ["b", "–", "1", "2nd box"]]
    table = ResultTable("t", ["name", "acc", "range", "box"], rows)
    page = Page(write_report(tmp_path / "r.html", "x", Counted(made=[table, ResultTable("none", ["a", "b"], [])])))
    right = [
        a.get("class") == "number-column" for tag, a in page.tags if tag in ("td", "th") and a.get("scope") != "row"
    ]
    assert right == [False, True, True, False, *[True, True, False] * 2, False, False]


def test_search_and_sections(tmp_path: Path, picture: Path, browser: Browser) -> None:
    cases = [good(picture), Case("x", "worst", answer="a zebra"), Case("y", "flipped", note="zebra too")]
    browser.open(write_report(tmp_path / "r.html", "x", Counted(), cases).as_uri())
    assert browser.run("[...document.querySelectorAll('h2')].map(h => h.textContent)") == [
        "Best 1",
        "Worst 1",
        "Flipped 1",
    ]
    browser.run("(() => { const s = document.getElementById('search'); s.value = 'ZEBRA';"
                " s.dispatchEvent(new Event('input')); })()")  # fmt: skip
    seen = "[...document.querySelectorAll('h2')].filter(h => h.offsetParent !== null).map(h => h.textContent)"
    assert browser.run(seen) == ["Worst 1", "Flipped 1"]
    browser.click("[data-value=flipped]")
    assert browser.run(seen) == ["Flipped 1"]


def test_a_place_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be written"):
        write_report(tmp_path, "x", Counted())
