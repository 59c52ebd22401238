"""Every block of Python and every console of the documents runs, page by page, as a reader would run it."""

from __future__ import annotations

import contextlib
import re
import shlex
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from twist_scout.cli import main
from twist_scout.loading import load_base
from twist_scout.serving.app import Service
from twist_scout.serving.model import RowModel
from twist_scout.serving.server import bind, make_server, url_of
from twist_scout.toyworld import render, sample_scene

from ..backbones.conftest import checkpoint, clip  # noqa: F401 - fixtures
from ..serving.running import Running

ROOT = Path(__file__).parents[2]
PAGES = {str(path.relative_to(ROOT)): path for path in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))}
BLOCK = re.compile(r"^```(python|console|yaml title=\"(?P<file>[^\"]+)\")\n(?P<body>.*?)^```", re.MULTILINE | re.DOTALL)
#: Of the scene whose picture the pages ask about.
SCENE = 0
#: Commands that serve until they are stopped; tests/cli/test_serve.py and test_app_page.py run them.
SERVERS = ("app", "serve")
#: So that a page that trains for thousands of steps trains for two.
SHORTER = {"max_steps: 2000": "max_steps: 2", "save_steps: 500": "save_steps: 2", "batch_size: 4": "batch_size: 1"}


def blocks(page: Path) -> list[tuple[str, str, str]]:
    """Kind, file name and content of the blocks that run."""
    found = BLOCK.finditer(page.read_text("utf-8"))
    return [(match[1].partition(" ")[0], match["file"] or "", match["body"]) for match in found]


RUN = [name for name, page in PAGES.items() if blocks(page)]


def test_pages_whose_blocks_run_are_found() -> None:
    assert {"README.md", "docs/index.md", "docs/first-adapter.md", "docs/serving.md"} <= set(RUN)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tiny_base: Path) -> Path:
    """A folder with what the pages take for granted: pictures, and a model."""
    monkeypatch.chdir(tmp_path)
    picture = render(sample_scene(SCENE), 240).image
    for name in ("scene.png", "street.png", "street.jpg"):
        picture.save(tmp_path / name)
    shutil.copytree(tiny_base, tmp_path / "your" / "model")
    return tmp_path


def prepare_your_own_model(desk: Path, names: dict[str, Any]) -> None:
    from twist_scout.data.inputs import prompt_inputs

    base, processor = load_base(desk / "your" / "model")
    picture = Image.open(desk / "scene.png")
    names["base"] = base
    names["batch"] = prompt_inputs(processor, ["Where is it?"] * 3, [picture] * 3)
    names["batches"] = [names["batch"]]


def prepare_scout(desk: Path, names: dict[str, Any]) -> None:
    assert main(["toyworld", "sample", "--seed", "0", "--count", "2", "--out", "scenes"]) == 0
    assert main(["scout", "build", "scenes", "--out", "data", "--llm", "rules", "--mllm", "rules"]) == 0


def prepare_router(desk: Path, names: dict[str, Any]) -> None:
    (desk / "prompts.jsonl").write_text(
        '{"prompt": "Find the dog.", "mode": "grounding"}\n{"prompt": "What does the note say?", "mode": "understanding"}\n'
    )


PREPARE: dict[str, Callable[[Path, dict[str, Any]], None]] = {
    "docs/your-own-model.md": prepare_your_own_model,
    "docs/scout.md": prepare_scout,
    "docs/router.md": prepare_router,
}


def nothing(desk: Path, names: dict[str, Any]) -> None:
    """Most pages take no more for granted than the desk has."""


@contextlib.contextmanager
def served(folder: Path) -> Iterator[str]:
    """The page's server, on a port of its own."""
    service = Service(RowModel(*load_base(folder)), "pocket", None)
    taken = bind("127.0.0.1", 0)
    server = make_server(service)
    thread = threading.Thread(target=lambda: server.run(sockets=[taken]))
    thread.start()
    running = Running(url_of(taken), service, server, thread)
    try:
        running.wait(lambda: server.started)
        yield running.url
    finally:
        running.end()


def type_in(console: str, page: str) -> None:
    """Give the commands of a console block, one after another."""
    for line in console.replace("\\\n", " ").splitlines():
        if not line.startswith("$ twist-scout "):
            continue
        words = shlex.split(line.removeprefix("$ twist-scout "), comments=True)
        if words[0] in SERVERS:
            continue
        if words[:2] == ["route", "train"]:
            words += ["--steps", "4"]
        if words[0] == "label":
            words += ["--max-new-tokens", "24"]
        assert main(words) in (0, 1), f"{page}: {line}"


@pytest.mark.slow
@pytest.mark.parametrize("name", RUN)
def test_the_blocks_run(
    name: str,
    desk: Path,
    checkpoint: Callable[..., tuple[Path, dict[str, Any]]],  # noqa: F811
    clip: Path,  # noqa: F811
) -> None:
    names: dict[str, Any] = {}
    PREPARE.get(name, nothing)(desk, names)
    found = blocks(PAGES[name])
    text = "".join(body for _, _, body in found)
    if "MoE-LLaVA-Phi2-2.7B-4e" in text:
        shutil.move(checkpoint()[0], desk / "MoE-LLaVA-Phi2-2.7B-4e")
    with contextlib.ExitStack() as stack:
        url = stack.enter_context(served(desk / "your" / "model")) if "127.0.0.1:8000" in text else ""
        for kind, file, body in found:
            if kind == "yaml":
                for long, short in SHORTER.items():
                    body = body.replace(long, short)
                (desk / file).write_text(body, "utf-8")
            elif kind == "console":
                type_in(body, name)
            else:
                exec(compile(body.replace("http://127.0.0.1:8000/v1", url), name, "exec"), names)
