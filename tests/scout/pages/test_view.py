"""The page of samples: it says what it should, holds all it needs, and whatever stands in the data stays text."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from PIL import Image

from twist_scout.data.records import write_examples
from twist_scout.errors import BadInput, BadRecord
from twist_scout.scout.pages.view import view_page

from ..data_set import examples, record, write_data_set
from .browser import Browser

ATTACKS = [
    "<script>document.title='broken'</script>",
    "<img src=x onerror=\"document.title='broken'\">",
    "\"><svg onload=document.title='broken'>",
    "' onmouseover='document.title=1' x='",
    "</style></script><script>document.title='broken'</script>",
    "javascript:document.title='broken'",
    "{{ 7 * 7 }} {% raw %} ${7*7} <!-- -->",
    "<a href='//evil.example/x'>here</a> <iframe src='https://evil.example'></iframe>",
    "\u202e reversed \x00\x1b[31m",
]


class Tags(HTMLParser):
    """The elements and attributes of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def count(self, tag: str) -> int:
        return sum(name == tag for name, _ in self.found)


def attacked(folder: Path) -> None:
    """A data set of which every text is an attack."""
    made = []
    for number, attack in enumerate(ATTACKS):
        safe = attack.replace("<box", "")
        one = record(
            f"{attack}{number}", f"{number}.png", (60, 40),
            [f"Where is {safe}?", f"Step 1: Find {safe} <box:0>. Step 2: {safe} So the answer is {safe}."],
            [(5, 5, 50, 30)], meta={"kind": attack, "missing": attack, "expected": attack},
        )  # fmt: skip
        told = {attack: attack, "source": attack, "item": attack}
        made.append(one.model_copy(update={"meta": {**one.meta, "verdicts": {attack: attack}, "provenance": told}}))
        Image.new("RGB", (60, 40), "teal").save(folder / f"{number}.png")
    broken = made[0].model_copy(update={"id": "no picture", "image": f"{ATTACKS[1]}.png"})
    write_examples(folder / "train.jsonl", [*made, broken])


def test_nothing_that_stands_in_the_data_becomes_part_of_the_page(tmp_path: Path) -> None:
    attacked(tmp_path)
    page = view_page(tmp_path / "train.jsonl")
    tags = Tags(page)
    assert tags.count("script") == tags.count("style") == 1
    assert not {"a", "iframe", "link", "object", "embed", "form"} & {name for name, _ in tags.found}
    assert tags.count("svg") == len(ATTACKS) + 1
    for name, attributes in tags.found:
        assert not any(key.startswith("on") for key in attributes)
        assert "href" not in attributes
        if "src" in attributes:
            assert name == "img"
            assert attributes["src"].startswith("data:image/")
    assert "49" not in re.sub(r"base64,[^\"]*", "", page).split("{{ 7 * 7 }}")[1][:30]


def test_a_browser_runs_nothing_of_it_and_asks_for_nothing(tmp_path: Path, browser: Browser) -> None:
    attacked(tmp_path)
    (tmp_path / "view.html").write_text(view_page(tmp_path / "train.jsonl"), "utf-8")
    url = (tmp_path / "view.html").as_uri()
    browser.open(url)
    title = browser.run("document.title")
    for number in range(1, len(ATTACKS) + 1):
        browser.hover(f".sample:nth-of-type({number}) .phrase")
    assert browser.run("document.title") == title
    assert browser.run("document.querySelectorAll('.sample').length") == len(ATTACKS) + 1
    assert browser.complaints == []
    assert {request for request in browser.requests if not request.startswith("data:")} == {url}


def test_hovering_lights_up_boxes_and_phrases(tmp_path: Path, browser: Browser) -> None:
    write_data_set(tmp_path)
    (tmp_path / "view.html").write_text(view_page(tmp_path / "train.jsonl"), "utf-8")
    browser.open((tmp_path / "view.html").as_uri())

    def lit(what: str) -> list[str]:
        return browser.run(f"[...document.querySelectorAll('{what}.on')].map(e => e.dataset.box ?? e.textContent)")

    assert lit(".box") == []
    browser.hover(".sample:nth-of-type(1) .line:nth-child(1) .number")
    assert lit(".box") == ["0"]
    assert lit(".phrase") == ["the man1", "the man1"]
    browser.hover(".sample:nth-of-type(1) .line:nth-child(3) .phrase")
    assert lit(".box") == ["1"]
    browser.hover(".sample:nth-of-type(2) .line:nth-child(1) .number")
    assert sorted(lit(".box")) == ["0", "1"]
    browser.hover(".sample:nth-of-type(3) [data-box='0'] .tag")
    assert lit(".phrase") == ["a woman1"]
    browser.hover("h1")
    assert lit(".box") == []


def test_filters_and_search_choose_samples(tmp_path: Path, browser: Browser) -> None:
    write_data_set(tmp_path)
    (tmp_path / "view.html").write_text(view_page(tmp_path / "train.jsonl"), "utf-8")
    browser.open((tmp_path / "view.html").as_uri())

    def shown() -> list[str]:
        found = "[...document.querySelectorAll('.sample')].filter(s => !s.hidden).map(s => s.querySelector('.id').textContent)"
        assert browser.run("document.getElementById('shown').textContent") == str(browser.run(f"{found}.length"))
        return browser.run(found)

    everything = shown()
    assert len(everything) == 4
    browser.click("[data-value=negative]")
    assert shown() == ["small:2:0"]
    browser.click("[data-value=scout]")
    assert shown() == everything
    browser.click("[data-value=where]")
    assert shown() == ["small:1:1"]
    browser.click("#all")
    assert shown() == everything
    browser.run("(() => { const s = document.getElementById('search'); s.value = 'orange HAT';"
                " s.dispatchEvent(new Event('input')); })()")  # fmt: skip
    assert shown() == ["small:1:0"]
    browser.run("(() => { const s = document.getElementById('search'); s.value = 'zebra';"
                " s.dispatchEvent(new Event('input')); })()")  # fmt: skip
    assert shown() == []
    assert browser.run("document.getElementById('nothing').hidden") is False


def test_boxes_lie_where_they_should(tmp_path: Path, browser: Browser) -> None:
    made = write_data_set(tmp_path)
    (tmp_path / "view.html").write_text(view_page(tmp_path / "train.jsonl"), "utf-8")
    browser.open((tmp_path / "view.html").as_uri())
    for number, example in enumerate(made, start=1):
        for index in range(len(example.boxes)):
            seen = browser.run(
                f"(() => {{ const s = document.querySelector('.sample:nth-of-type({number})');"
                "const p = s.querySelector('img').getBoundingClientRect();"
                f"const r = s.querySelector('[data-box=\"{index}\"] .edge').getBBox();"
                "const m = s.querySelector('.edge').getScreenCTM();"
                "return [(r.x * m.a + m.e - p.x) / p.width, (r.y * m.d + m.f - p.y) / p.height,"
                "((r.x + r.width) * m.a + m.e - p.x) / p.width, ((r.y + r.height) * m.d + m.f - p.y) / p.height]; })()"
            )
            assert seen == pytest.approx(example.box(index).as_tuple(), abs=0.01)


def test_what_was_turned_down_can_be_seen_as_well(tmp_path: Path) -> None:
    write_data_set(tmp_path)
    page = view_page(tmp_path / "train.jsonl", count=4, rejects=True)
    assert page.count('data-outcome="rejected"') == 2
    assert page.count('data-outcome="kept"') == 2
    assert "I &lt;b&gt;do&lt;/b&gt;" in page
    assert "rejected: unreadable" in page
    assert view_page(tmp_path / "train.jsonl", rejects=False).count("rejected:") == 0


def test_the_same_seed_gives_the_same_page(tmp_path: Path) -> None:
    write_data_set(tmp_path)
    pages = [view_page(tmp_path / "train.jsonl", count=2, seed=seed) for seed in (1, 1, 2, 3, 4)]
    assert pages[0] == pages[1]
    assert len(set(pages[1:])) > 1


def test_a_page_without_samples_is_a_page(tmp_path: Path) -> None:
    write_examples(tmp_path / "train.jsonl", [])
    assert "No sample matches." in view_page(tmp_path / "train.jsonl")


def test_files_that_are_none(tmp_path: Path) -> None:
    write_examples(tmp_path / "train.jsonl", examples())
    with pytest.raises(BadInput, match="rejects"):
        view_page(tmp_path / "train.jsonl", rejects=True)
    (tmp_path / "rejects.jsonl").write_text("{}\n")
    with pytest.raises(BadRecord, match="line 1"):
        view_page(tmp_path / "train.jsonl", rejects=True)
