"""The page in a real browser, clicked as a person clicks."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from twist_scout.app.choices import Choice, choices_of
from twist_scout.serving.limits import Limits

from ..conftest import ADAPTER_ANSWER
from ..scout.pages.browser import Browser
from .running import Page, pair, served

ANSWERED = (
    "document.querySelector('.said') && !document.querySelector('.said[aria-busy]') "
    "&& !document.getElementById('ask').disabled"
)
EXAMPLES = "document.querySelectorAll('#examples button').length > 3"


@pytest.fixture
def opened(browser: Browser, page: Page) -> Browser:
    """The page with its first scene, and the model loaded."""
    return at(browser, page)


def at(browser: Browser, page: Page, **options: object) -> Browser:
    browser.open("about:blank#")
    browser.run("1")
    browser.events.clear()
    browser.open(page.url, **options)  # type: ignore[arg-type]
    browser.wait(f"{EXAMPLES} && document.getElementById('seal').textContent.includes('forgotten: nothing')")
    return browser


def text(browser: Browser, selector: str) -> str:
    return browser.run(f"document.querySelector({json.dumps(selector)})?.textContent ?? ''")


def count(browser: Browser, selector: str) -> int:
    return browser.run(f"document.querySelectorAll({json.dumps(selector)}).length")


def asked(browser: Browser, prompt: str) -> Browser:
    browser.run(f"document.getElementById('prompt').value = {json.dumps(prompt)}")
    browser.click("#ask")
    browser.wait(ANSWERED)
    return browser


def file(name: str, kind: str, content: bytes) -> str:
    """Script for a file as a page gets it."""
    data = base64.b64encode(content).decode()
    return (
        f"new File([Uint8Array.from(atob('{data}'), (c) => c.charCodeAt(0))], {json.dumps(name)}, {{ type: '{kind}' }})"
    )


def all_there(counts: dict[str, int]) -> str:
    """Whether so many elements match each selector, for the page to answer."""
    return " && ".join(f"document.querySelectorAll('{part}').length === {n}" for part, n in counts.items())


def becomes(browser: Browser, counts: dict[str, int]) -> None:
    """Wait until so many elements match each selector: a page answers the mouse when it gets to it."""
    browser.wait(all_there(counts))


def handed(browser: Browser, event: str, made: str) -> None:
    """Drop or paste files."""
    transfer = f"(() => {{ const t = new DataTransfer(); t.items.add({made}); return t; }})()"
    kind, field = ("DragEvent", "dataTransfer") if event == "drop" else ("ClipboardEvent", "clipboardData")
    browser.run(
        f"document.dispatchEvent(new {kind}('{event}', {{ {field}: {transfer}, bubbles: true, cancelable: true }})), 1"
    )


def test_from_an_example_to_a_lit_box(opened: Browser) -> None:
    opened.click("input[value=grounding]")
    opened.click("#examples button")
    opened.wait(ANSWERED)
    assert text(opened, ".said .line .phrase").startswith("the red car")
    assert text(opened, ".tag-chip.grounding") == "pointing: adapter on"
    assert [count(opened, s) for s in (".said .line", ".box", ".box.on", "#desk.lit")] == [2, 1, 0, 0]
    opened.hover(".said .number")  # the step lights its box
    becomes(opened, {".box.on": 1, "#desk.lit": 1, ".phrase.on": 1})
    opened.hover("#said")
    opened.hover("#prompt")
    becomes(opened, {".box.on": 0})
    opened.hover(".box .edge")  # the box lights its words
    becomes(opened, {".phrase.on": 1})
    assert opened.complaints == []


def test_the_drawn_box_is_where_the_answer_says(opened: Browser) -> None:
    opened.click("input[value=grounding]")
    asked(opened, "Where?")
    found = opened.run(
        "(() => { const p = document.getElementById('picture').getBoundingClientRect(); "
        "const b = document.querySelector('.box .edge').getBoundingClientRect(); "
        "const [x, y] = [(v) => (v - p.left) / p.width, (v) => (v - p.top) / p.height]; "
        "return [x(b.left), y(b.top), x(b.right), y(b.bottom)]; })()"
    )
    assert found == pytest.approx([0.1, 0.2, 0.5, 0.8], abs=0.01)


def test_the_keyboard_reaches_phrases_steps_and_boxes(opened: Browser) -> None:
    opened.click("input[value=grounding]")
    asked(opened, "Where?")
    for selector in (".said .phrase", ".said .line", ".box"):
        lit = all_there({".box.on": 1, ".phrase.on": 1})
        opened.wait(f"(document.activeElement.blur(), document.querySelector('{selector}').focus(), {lit})")
        assert opened.run("document.activeElement.matches('[tabindex=\"0\"]')")
    assert opened.run("document.querySelector('.box').getAttribute('aria-label')") == "1: the red car"


def test_enter_asks_and_shift_enter_does_not(opened: Browser) -> None:
    opened.run(
        "document.getElementById('prompt').value = 'Write a poem.', document.getElementById('prompt').focus(), 1"
    )
    opened.press("Enter")
    opened.wait(ANSWERED)
    assert text(opened, ".tag-chip.understanding") == "talking: base model alone"
    assert "%" in text(opened, ".probability")
    assert "Talks" in text(opened, ".said .note")
    assert count(opened, ".box") == 0


def test_the_decision_is_told_while_typing_and_overruled(opened: Browser) -> None:
    for letter in "Where is the red car? Give its box.":
        opened.run("document.getElementById('prompt').focus(), 1")
        opened("Input.insertText", text=letter)
    opened.wait("document.getElementById('guess').textContent.startsWith('will point (')")
    opened.click("input[value=understanding]")
    opened.wait("document.getElementById('guess').textContent.startsWith('will talk, as you said')")
    opened.click("#ask")
    opened.wait(ANSWERED)
    assert text(opened, ".probability") == "asked for"
    assert count(opened, ".tag-chip.understanding") == 1


def test_base_and_grounded_answers_side_by_side(opened: Browser) -> None:
    opened.click("#compare")
    asked(opened, "Where is the red car? Give its box.")
    assert opened.run("[...document.querySelectorAll('.said .tag-chip:first-child')].map((e) => e.textContent)") == [
        "pointing: adapter on",
        "talking: base model alone",
    ]
    assert (
        opened.run("[...document.querySelectorAll('.said .answer')].map((e) => e.textContent.trim())")[1] == "a red car"
    )
    left, right = opened.run("[...document.querySelectorAll('.said')].map((e) => e.getBoundingClientRect().x)")
    assert left < right


def test_the_conversation_is_kept_and_can_be_gone_back_to(opened: Browser) -> None:
    opened.click("input[value=grounding]")
    asked(opened, "<b>First</b>?")
    first = opened.run("document.getElementById('picture').src")
    opened.click("#scene")
    opened.wait("document.getElementById('seed').value === '8'")
    assert count(opened, ".box") == 0
    asked(opened, "Second?")
    assert opened.run("[...document.querySelectorAll('#turns b')].map((e) => e.textContent)") == [
        "Second?",
        "<b>First</b>?",
    ]
    opened.click("#turns li:last-child button")
    assert opened.run("document.getElementById('picture').src") == first
    assert opened.run("document.getElementById('seed').value") == "7"
    assert [count(opened, s) for s in (".said", ".box", "#turns [aria-current]")] == [1, 1, 1]


def test_follow_ups_carry_what_was_said(opened: Browser) -> None:
    opened.run(
        "window.sent = []; const old = window.fetch; window.fetch = (path, options) => { "
        "if (path.endsWith('/chat')) window.sent.push(JSON.parse(options.body)); return old(path, options); }, 1"
    )
    opened.click("input[value=grounding]")
    asked(opened, "First?")
    asked(opened, "Alone?")
    opened.click("#follow")
    asked(opened, "Second?")
    first, alone, second = opened.run("window.sent")
    assert [len(request["messages"]) for request in (first, alone, second)] == [1, 1, 5]
    assert [turn["role"] for turn in second["messages"]] == ["user", "assistant", "user", "assistant", "user"]
    assert second["messages"][1]["content"] == ADAPTER_ANSWER
    assert [type(turn["content"]) for turn in second["messages"]] == [list, str, str, str, str]


def test_pictures_are_chosen_dropped_and_pasted(opened: Browser, tmp_path: Path) -> None:
    from PIL import Image

    path = tmp_path / "red.png"
    Image.new("RGB", (30, 20), "red").save(path)
    node = opened("DOM.querySelector", nodeId=opened("DOM.getDocument")["root"]["nodeId"], selector="#file")["nodeId"]
    opened("DOM.setFileInputFiles", files=[str(path)], nodeId=node)
    opened.wait("document.getElementById('caption').textContent === 'red.png, 30 × 20 pixels'")
    for event, name in (("drop", "dropped.png"), ("paste", "pasted.png")):
        handed(opened, event, file(name, "image/png", path.read_bytes()))
        opened.wait(f"document.getElementById('caption').textContent === '{name}, 30 × 20 pixels'")
    opened.click("input[value=grounding]")
    asked(opened, "Where?")
    assert opened.run("document.querySelector('#drawings svg').getAttribute('viewBox')") == "0 0 30 20"


def test_what_is_no_picture_is_told_and_the_old_one_stays(opened: Browser) -> None:
    before = opened.run("document.getElementById('picture').src")
    for name, kind, told in (
        ("a.txt", "text/plain", "a.txt is not a picture"),
        ("b.png", "image/png", "b.png is not a picture"),
    ):
        handed(opened, "drop", file(name, kind, b"hello"))
        opened.wait(
            f"!document.getElementById('problem').hidden && document.getElementById('told').textContent.startsWith('{told}')"
        )
        opened.click("#dismiss")
        assert opened.run("document.getElementById('problem').hidden")
    asked_nothing = "document.getElementById('prompt').value = '', document.getElementById('form').requestSubmit(), 1"
    opened.run(asked_nothing)
    opened.wait("document.getElementById('told').textContent.startsWith('The question is empty')")
    assert opened.run("document.getElementById('picture').src") == before


def test_a_picture_that_is_too_large_is_told(browser: Browser, tiny_base: Path, certified: Path) -> None:
    with served(pair(tiny_base, certified), Limits(batch=2, queue=1, body=400_000, pixels=300_000)) as page:
        at(browser, page)
        handed(browser, "drop", "new File([new Uint8Array(500000)], 'big.png', { type: 'image/png' })")
        browser.wait("document.getElementById('told').textContent.startsWith('big.png is too large')")
        with page.app.shelf.ready(0).intake.place():  # the only one
            browser.run(
                "document.getElementById('prompt').value = 'Where?', document.getElementById('form').requestSubmit(), 1"
            )
            browser.wait("document.getElementById('told').textContent.startsWith('The server is busy')")
        asked(browser, "Where?")
        assert browser.run("document.getElementById('problem').hidden")


def test_a_command_that_has_ended_is_told(browser: Browser, tiny_base: Path, certified: Path) -> None:
    with served(pair(tiny_base, certified)) as page:
        at(browser, page)
    browser.run(
        "document.getElementById('prompt').value = 'Where?', document.getElementById('form').requestSubmit(), 1"
    )
    browser.wait(
        "document.getElementById('told').textContent.startsWith('The command that serves this page has ended')"
    )
    assert not browser.run("document.getElementById('ask').disabled")


def test_a_model_that_cannot_be_loaded_is_told(browser: Browser, tmp_path: Path) -> None:
    with served([Choice("broken", str(tmp_path), None)]) as page:
        browser.open("about:blank#")
        browser.open(page.url)
        browser.wait("document.getElementById('told').textContent.startsWith('broken cannot be loaded: ')")
        assert text(browser, "#seal") == "not loaded"


@pytest.mark.slow
def test_the_pocket_points(browser: Browser) -> None:
    with served(choices_of([], [])) as page:
        at(browser, page)
        browser.click("input[value=grounding]")
        browser.click("#compare")
        browser.click("#examples button")
        browser.wait(ANSWERED)
        assert count(browser, ".box") >= 1
        assert count(browser, ".said:first-child .phrase") >= 1
        assert count(browser, ".said:last-child .phrase") == 0  # the base has never seen a box
        browser.click("#verify")
        browser.wait("document.getElementById('verified').textContent.endsWith('identical')")
        assert browser.complaints == []


def test_another_model_is_chosen(opened: Browser) -> None:
    opened.run("const m = document.getElementById('model'); m.value = '1'; m.dispatchEvent(new Event('change')), 1")
    opened.wait("document.getElementById('seal').textContent === 'no adapter'")
    assert opened.run(
        "document.querySelector('input[value=grounding]').disabled && document.getElementById('compare').disabled"
    )
    asked(opened, "Where is the red car? Give its box.")
    assert text(opened, ".said .answer").strip() == "a red car"


def test_the_certificate_is_shown_and_checked(opened: Browser) -> None:
    assert text(opened, "#summary").startswith("forgotten: nothing")
    opened.click("#verify")
    opened.wait("document.getElementById('verified').textContent.endsWith('identical')")


@pytest.fixture
def downloads(opened: Browser, tmp_path: Path) -> Path:
    opened("Page.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path))
    return tmp_path


def test_picture_and_json_are_saved(opened: Browser, downloads: Path) -> None:
    import time

    from PIL import Image

    opened.click("input[value=grounding]")
    asked(opened, "Where?")
    opened.click("#draw")
    opened.click("#json")
    wanted = [downloads / "scene-7-grounded.png", downloads / "scene-7.json"]
    end = time.monotonic() + 15
    while not all(path.is_file() and path.stat().st_size for path in wanted):
        assert time.monotonic() < end, list(downloads.iterdir())
        time.sleep(0.05)
    with Image.open(wanted[0]) as drawn:
        assert drawn.size == (480, 480)
    told = json.loads(wanted[1].read_text("utf-8"))
    assert told["prompt"] == "Where?"
    assert told["answers"][0]["phrases"][0]["boxes"] == [[48.0, 96.0, 240.0, 384.0]]


def test_without_the_key_the_page_says_what_to_do(browser: Browser, page: Page) -> None:
    browser.open("about:blank#")
    browser.open(page.url)
    browser.run("sessionStorage.clear(), 1")
    browser.open("about:blank#")
    browser.open(page.url.partition("#")[0])
    browser.wait("document.getElementById('told').textContent.startsWith('The key in the address is missing')")


@pytest.mark.parametrize("dark", [False, True])
def test_a_phone_shows_everything_in_one_column(browser: Browser, page: Page, dark: bool) -> None:
    at(browser, page, width=360, height=740, dark=dark)
    browser.click("input[value=grounding]")
    asked(browser, "Where?")
    assert browser.run("document.documentElement.scrollWidth <= innerWidth")
    wide = (
        "[...document.querySelectorAll('main *')].filter((e) => e.getBoundingClientRect().right > innerWidth + 1 "
        "&& !e.closest('.unseen')).map((e) => e.tagName + e.id)"
    )
    assert browser.run(wide) == []


def test_everything_that_can_be_used_has_a_name(opened: Browser) -> None:
    asked(opened, "Where is the red car? Give its box.")
    nameless = opened.run(
        "[...document.querySelectorAll('button, input, select, textarea, a[href]')].filter((e) => !(e.getAttribute('aria-label') "
        "|| e.labels?.length || e.textContent.trim())).map((e) => e.outerHTML)"
    )
    assert nameless == []


@pytest.mark.parametrize("dark", [False, True])
def test_words_stand_out_from_their_ground(browser: Browser, page: Page, dark: bool) -> None:
    """WCAG AA: 4.5 to 1 for the words of the page, as they are painted."""
    at(browser, page, dark=dark)
    browser.click("#compare")
    asked(browser, "Where is the red car? Give its box.")
    weak = browser.run(_CONTRAST)
    assert weak == []
    assert browser.complaints == []


_CONTRAST = """(() => {
  const canvas = document.createElement("canvas"); canvas.width = canvas.height = 1;
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  const over = (colors) => {
    pen.clearRect(0, 0, 1, 1);
    for (const color of colors) { pen.fillStyle = color; pen.fillRect(0, 0, 1, 1); }
    return [...pen.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const light = (rgb) => {
    const [r, g, b] = rgb.map((v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const weak = [], told = "h1, h2, p, label, legend, button, span, a, b, dd, dt, summary, textarea, select, footer";
  for (const e of document.querySelectorAll(told)) {
    const words = [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
    if (!words || !e.checkVisibility() || e.closest(".unseen, [disabled]")) continue;
    const grounds = [];
    for (let at = e; at; at = at.parentElement) grounds.unshift(getComputedStyle(at).backgroundColor);
    const ground = over(grounds), ink = over([...grounds, getComputedStyle(e).color]);
    const [a, b] = [light(ground), light(ink)].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) weak.push(`${e.tagName}.${e.className}: ${e.textContent.trim().slice(0, 30)}: ${ratio.toFixed(2)}`);
  }
  return weak;
})()"""
