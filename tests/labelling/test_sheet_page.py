"""The contact sheet, as a person uses it: filter, mark what is wrong, save."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from twist_scout.labelling.review import apply_review, read_review
from twist_scout.labelling.sheet_page import doubtful_first, shortened_tag, write_page

from ..scout.pages.browser import Browser
from .conftest import Labelled

SHOWN = "[...document.querySelectorAll('.tile')].filter((tile) => !tile.hidden).map((tile) => tile.dataset.name).join()"


@pytest.fixture
def page(labelled: Labelled, tmp_path: Path) -> Path:
    path = tmp_path / "sheets" / "sheet.html"
    write_page(path, labelled.labels, labelled.report, labelled.folder, most=10)
    return path


def test_doubtful_pictures_come_first(labelled: Labelled) -> None:
    assert [picture.name for picture in doubtful_first(labelled.labels.pictures)] == ["1.png", "a b/ü&#.png", "2.png"]


def test_whatever_is_shown_is_escaped(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert "broken.jpg is &lt;damaged&gt;" in text
    assert "a b/ü&amp;#.png" in text
    assert text.count("data:image/png") == 3
    assert "connect-src &#39;none&#39;" in text
    assert shortened_tag("a very long name of a class") == "a very long name of…"


def test_a_large_folder_shows_its_most_doubtful_pictures(labelled: Labelled, tmp_path: Path) -> None:
    write_page(tmp_path / "s.html", labelled.labels, labelled.report, labelled.folder, most=1)
    text = (tmp_path / "s.html").read_text(encoding="utf-8")
    assert text.count('<article class="sample tile"') == 1
    assert "The 1 most doubtful of 3 pictures are here" in text


def test_filtering_and_sorting(page: Path, browser: Browser) -> None:
    browser.open(page.as_uri())
    browser.run("localStorage.clear()")
    assert browser.run(SHOWN) == "1.png,a b/ü&#.png,2.png"
    browser.click(".chip[data-label='0']")
    assert browser.run(SHOWN) == "1.png"
    assert browser.run("document.querySelectorAll('.tile:not([hidden]) .box:not(.away)').length") == 2
    browser.click("#all")
    browser.click(".chip[data-label='empty']")
    assert browser.run(SHOWN) == "2.png"
    browser.click("#all")
    browser.run(
        "(() => { const o = document.getElementById('order'); o.value = 'name'; o.dispatchEvent(new Event('change')); })()"
    )
    assert browser.run(SHOWN) == "1.png,2.png,a b/ü&#.png"
    browser.run("(() => { search.value = 'Ü'; search.dispatchEvent(new Event('input')); })()")
    assert browser.run(SHOWN) == "a b/ü&#.png"
    assert not [url for url in browser.requests if not url.startswith(("file:", "data:"))]
    assert browser.complaints == []


def test_marks_are_saved_kept_and_applied(page: Path, labelled: Labelled, browser: Browser, tmp_path: Path) -> None:
    browser("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path))
    browser.open(page.as_uri())
    browser.run("localStorage.clear()")
    browser.open(page.as_uri())
    browser.click(".tile .found .phrase.k1")  # the red car of the first picture
    browser.click(".tile .mark[data-box='1']")  # its second dog
    assert browser.run("document.getElementById('save').textContent") == "Save review.json: 2 wrong"
    browser.open(page.as_uri())  # marks outlive the page
    assert browser.run("document.querySelectorAll('.box.wrong').length") == 2
    browser.click(".tile .mark[data-box='1']")
    assert browser.run("document.querySelectorAll('.box.wrong').length") == 1
    browser.click("#save")
    file = tmp_path / "review.json"
    for _ in range(200):
        if file.is_file():
            break
        time.sleep(0.05)
    assert json.loads(file.read_text())["wrong"] == [{"image": "1.png", "label": "red car", "box": [4, 6, 30, 40]}]
    labels, removed = apply_review(labelled.labels, read_review(file), 0.7)
    assert removed == 1
    assert [box.label for box in labels.pictures[0].boxes] == [0, 0]
    assert browser.complaints == []
