"""The ablation of the data runs from end to end, resumes, and subtracts like from like."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from twist_scout import toyworld
from twist_scout.errors import BadConfig
from twist_scout.experiments.ablation_data import CONDITIONS, path_of, read_answers, write_conditions
from twist_scout.experiments.ablation_runs import Recipe
from twist_scout.experiments.data_ablation import MEASURES, run_data_ablation, summary
from twist_scout.scout.sources import open_source

RECIPE = Recipe(scenes=4, positives=2, start="annotator", steps=1, batch_size=2, exam_scenes=1, seeds=(3,))


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("ablation")
    told = io.StringIO()
    result = run_ablation(folder, told)
    assert "paired differences" in told.getvalue()
    return folder, result


def run_ablation(folder: Path, told: io.StringIO, recipe: Recipe = RECIPE) -> dict[str, Any]:
    return run_data_ablation(
        folder,
        annotator=toyworld.pocket_adapter(),
        conditions=("raw", "checked"),
        recipe=recipe,
        console=Console(file=told, width=250),
    )


def test_every_data_set_gives_an_adapter_and_its_scores(finished: tuple[Path, dict[str, Any]]) -> None:
    folder, result = finished
    assert json.loads((folder / "results.json").read_text()) == result
    assert list(result["runs"]) == ["raw", "checked"]
    for seeds in result["runs"].values():
        scores = seeds["3"]
        assert all(0 <= scores[key] <= 1 for _, key, _ in MEASURES if key != "step_loss")
        assert scores["step_loss"] < result["start"]["step_loss"] + 0.5  # a new adapter's is above 5


def test_what_is_finished_is_kept_and_recipes_do_not_mix(finished: tuple[Path, dict[str, Any]]) -> None:
    folder, result = finished
    kept = folder / "runs" / "checked-3" / "scores.json"
    kept.write_text(kept.read_text().replace("{", '{"kept": true,', 1))
    again = run_ablation(folder, io.StringIO())
    assert again["runs"]["checked"]["3"].pop("kept") is True
    assert again == result
    with pytest.raises(BadConfig, match="steps 1, not 2"):
        run_ablation(folder, io.StringIO(), replace(RECIPE, steps=2))


def test_conditions_differ_in_their_checks_and_negatives_alone(
    finished: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    folder, _ = finished
    items = {item.id: item for item in open_source(folder / "scenes" / "truth.jsonl")}
    facts = write_conditions(read_answers(folder / "built"), items, tmp_path, CONDITIONS)
    ids = {name: {json.loads(line)["id"] for line in path_of(tmp_path, name).open()} for name in CONDITIONS}
    assert ids["raw"] >= ids["checked"] >= ids["checked+boxes"]
    assert ids["checked"] > ids["no negatives"]
    assert ids["raw"] >= ids["raw, fewer"]
    assert len(ids["raw, fewer"]) == len(ids["checked"])
    assert facts["no negatives"]["negatives"] == 0 < facts["checked"]["negatives"] <= facts["raw"]["negatives"]
    assert facts["no negatives"]["records"] == facts["checked"]["records"] - facts["checked"]["negatives"]
    assert facts["checked+boxes"]["positives"]["boxes_right"] == 1


def test_there_is_no_other_condition(tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match="no condition 'cooked'"):
        run_data_ablation(tmp_path, conditions=("cooked",), recipe=RECIPE)


def test_differences_are_between_runs_of_one_seed() -> None:
    def scores(value: float) -> dict[str, float]:
        return {key: value for _, key, _ in MEASURES}

    runs = {
        "raw": {"0": scores(0.1), "1": scores(0.5)},
        "checked": {"0": scores(0.2), "1": scores(0.8)},
        "no negatives": {"1": scores(0.9)},
    }
    found = summary(runs)
    assert found["means"]["raw"]["step_boxes"]["mean"] == pytest.approx(0.3)
    assert found["differences"]["checked - raw"]["rec_acc50"]["by_seed"] == pytest.approx([0.1, 0.3])
    assert found["differences"]["checked - raw"]["rec_acc50"]["mean"] == pytest.approx(0.2)
    assert found["differences"]["checked - no negatives"]["rec_acc50"]["by_seed"] == pytest.approx([-0.1])
    assert "checked+boxes - raw" not in found["differences"]
