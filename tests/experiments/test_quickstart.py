from __future__ import annotations

import io
import re
from pathlib import Path

from rich.console import Console

from twist_scout.experiments.quickstart import Recipe, run_quickstart

RECIPE = Recipe(scenes=4, per_scene=2, picture_size=48, steps=2, batch_size=2, exam_scenes=2)


def test_the_whole_story_with_a_tiny_model(tiny_base: Path, tiny_adapter: Path, tmp_path: Path) -> None:
    told = io.StringIO()
    console = Console(file=told, width=200)
    result = run_quickstart(tmp_path, base=tiny_base, shipped=tiny_adapter, recipe=RECIPE, console=console)
    assert result.certificate.passed
    assert list(result.exams) == ["base", "after quickstart", "shipped adapter"]
    assert result.exams["base"].bit_equal is None
    assert result.exams["after quickstart"].bit_equal is True
    base, after = (result.exams[n].scores.understanding for n in ("base", "after quickstart"))
    assert base == after
    page = result.report.read_text(encoding="utf-8")
    assert page.count("<figure>") == 6 * 3
    assert "Forgotten: nothing" in page
    assert (result.adapter / "certificate.json").exists()
    assert (result.adapter / "adapter_model.safetensors").exists()
    story = told.getvalue()
    assert re.search(r"Drawing scenes .* 4/4 ", story)
    assert "a red car" in story  # what the base says instead of pointing
    assert "forgotten: nothing" in story
    assert "REC Acc@0.5" in story


def test_without_a_shipped_adapter_two_columns_are_compared(tiny_base: Path, tmp_path: Path) -> None:
    result = run_quickstart(tmp_path, base=tiny_base, recipe=RECIPE, console=Console(file=io.StringIO()))
    assert list(result.exams) == ["base", "after quickstart"]
