"""The site is built with strict links, and loads nothing from elsewhere."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOADED = re.compile(
    r"<(?:script|img|iframe)[^>]*\ssrc=[\"']?https?:|<link[^>]*rel=[\"']?(?:stylesheet|preload|preconnect)[^>]*https?:|import\(?\s*[\"']https?:"
)


@pytest.mark.slow
def test_the_site_is_built_and_stands_alone(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--strict", "--site-dir", str(tmp_path)]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False, env={**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    )
    assert done.returncode == 0, done.stderr
    pages = {page: page.read_text("utf-8") for page in tmp_path.rglob("*.html")}
    assert len(pages) > 25
    for page, text in pages.items():
        assert not LOADED.search(text), page
    commands = (tmp_path / "command-line" / "index.html").read_text("utf-8")
    assert "twist-scout eval referring" in commands
    assert "--all-conventions" in commands
    assert "num_experts" in (tmp_path / "api" / "twist" / "index.html").read_text("utf-8")
