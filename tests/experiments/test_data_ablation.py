"""The ablation of the data runs from end to end, resumes, and subtracts like from like."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from twist_scout import toyworld
from twist_scout.errors import BadConfig
from twist_scout.experiments.ablation_data import path_of
from twist_scout.experiments.ablation_runs import Recipe
from twist_scout.experiments.data_ablation import MEASURES, run_data_ablation, summary

RECIPE = Recipe(
    scenes=4,
    picture_size=120,
    positives=2,
    start="plain",
    start_steps=1,
    steps=1,
    batch_size=2,
    exam_scenes=1,
    seeds=(3,),
)
CONDITIONS = ("raw", "raw, fewer", "checked", "checked+boxes", "no negatives")


def test_every_data_set_gives_an_adapter_and_what_is_finished_is_kept(tmp_path: Path) -> None:
    told = io.StringIO()
    console = Console(file=told, width=250)
    annotator = toyworld.pocket_adapter()
    result = run_data_ablation(tmp_path, annotator=annotator, conditions=CONDITIONS, recipe=RECIPE, console=console)
    assert list(result["runs"]) == list(CONDITIONS)
    for seeds in result["runs"].values():
        assert list(seeds) == ["3"]
        assert all(0 <= scores[key] <= 1 for scores in seeds.values() for _, key, _ in MEASURES)
    ids = {name: {json.loads(line)["id"] for line in path_of(tmp_path / "data", name).open()} for name in CONDITIONS}
    assert ids["raw"] >= ids["checked"] >= ids["checked+boxes"]
    assert ids["checked"] > ids["no negatives"]
    assert ids["raw"] >= ids["raw, fewer"]
    assert len(ids["raw, fewer"]) == len(ids["checked"])
    facts = result["data"]
    assert facts["no negatives"]["negatives"] == 0 < facts["checked"]["negatives"] <= facts["raw"]["negatives"]
    assert facts["no negatives"]["records"] == facts["checked"]["records"] - facts["checked"]["negatives"]
    assert facts["checked+boxes"]["positives"]["boxes_right"] == 1
    assert "paired differences" in told.getvalue()
    assert json.loads((tmp_path / "results.json").read_text()) == result

    kept = tmp_path / "runs" / "checked-3" / "scores.json"
    kept.write_text(kept.read_text().replace("{", '{"kept": true,', 1))
    again = run_data_ablation(tmp_path, annotator=annotator, conditions=CONDITIONS, recipe=RECIPE, console=console)
    assert again["runs"]["checked"]["3"].pop("kept") is True
    assert again == result

    with pytest.raises(BadConfig, match="steps 1, not 2"):
        run_data_ablation(tmp_path, annotator=annotator, recipe=replace(RECIPE, steps=2), console=console)
    with pytest.raises(BadConfig, match="no condition 'cooked'"):
        run_data_ablation(tmp_path, conditions=("cooked",), recipe=RECIPE, console=console)


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
