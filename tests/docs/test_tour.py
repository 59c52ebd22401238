"""The tour runs, and the repository's copy shows what it printed."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import nbformat
import pytest

FOLDER = Path(__file__).parents[2] / "docs"


def run_tour() -> ModuleType:
    spec = importlib.util.spec_from_file_location("run_tour", FOLDER / "run_tour.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
def test_the_tour_runs() -> None:
    notebook = run_tour().executed(FOLDER / "tour.ipynb")
    said = str([cell.outputs for cell in notebook.cells if cell.cell_type == "code"])
    assert "'True'" in said  # understanding mode is the base, to the bit
    assert "forgotten: nothing" in said
    assert "REC Acc@0.5" in said


def test_the_tour_can_be_read_without_being_run() -> None:
    cells = [cell for cell in nbformat.read(FOLDER / "tour.ipynb", 4).cells if cell.cell_type == "code"]
    quiet = [cell.source for cell in cells if not cell.outputs]
    assert quiet == [cells[0].source]  # the imports
