from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from twist_scout.cli import main
from twist_scout.data.records import Example, read_examples, write_examples
from twist_scout.toyworld.examples import write_dataset


def make(id: str) -> Example:
    messages = [{"role": "user", "content": "?"}, {"role": "assistant", "content": "!"}]
    return Example(id=id, image=f"{id}.png", width=4, height=4, task="rec", messages=messages)


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    for name, count in (("rec", 3), ("scout", 10)):
        write_examples(tmp_path / name / "a.jsonl", [make(str(n)) for n in range(count)])
    parts = {
        "rec": {"data": str(tmp_path / "rec" / "a.jsonl"), "size": 7},
        "scout": {"data": str(tmp_path / "scout" / "a.jsonl"), "weight": 0.5},
    }
    path = tmp_path / "mix.yaml"
    path.write_text(yaml.safe_dump({"parts": parts}, sort_keys=False))
    return path


def test_a_mixture_is_written_with_unique_ids(recipe: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = recipe.parent / "mixed.jsonl"
    assert main(["data", "mix", str(recipe), "--out", str(out)]) == 0
    ids = [example.id for example in read_examples(out)]
    assert len(set(ids)) == len(ids) == 12
    assert {id.partition("/")[0] for id in ids} == {"rec", "scout"}
    assert {example.image for example in read_examples(out)} >= {"rec/0.png", "rec/1.png", "rec/2.png"}
    told = capsys.readouterr().err
    assert "rec: 7 of 3 records, each 2 or 3 times" in told
    assert "scout: 5 of 10 records" in told
    small = recipe.parent / "small.jsonl"
    assert main(["data", "mix", str(recipe), "--out", str(small), "--limit", "5"]) == 0
    assert small.read_text().splitlines() == out.read_text().splitlines()[:5]


def test_a_recipe_with_evaluation_pictures_is_refused(recipe: Path, capsys: pytest.CaptureFixture[str]) -> None:
    values = yaml.safe_load(recipe.read_text())
    for name in ("rec", "scout"):
        file = Path(values["parts"][name]["data"])
        write_examples(file, [make(f"{n:012d}") for n in range(3)])
    (recipe.parent / "val.txt").write_text("1\n")
    values["leakage"] = {"against": [str(recipe.parent / "val.txt")]}
    recipe.write_text(yaml.safe_dump(values))
    out = recipe.parent / "mixed.jsonl"
    assert main(["data", "mix", str(recipe), "--out", str(out)]) == 2
    assert "2 training pictures are evaluation pictures" in capsys.readouterr().err
    assert not out.exists()
    values["leakage"]["action"] = "drop"
    recipe.write_text(yaml.safe_dump(values))
    assert main(["data", "mix", str(recipe), "--out", str(out)]) == 0
    assert not [e for e in read_examples(out) if "000000000001" in e.image]
    assert "1 refused" in capsys.readouterr().err


def test_a_run_is_trained_on_a_recipe(tiny_base: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    data = write_dataset(tmp_path / "data", range(3), size=48, per_scene=2)
    recipe = tmp_path / "mix.yaml"
    recipe.write_text(yaml.safe_dump({"parts": {"scout": {"data": str(data), "size": 9}}}))
    values = {
        "base": str(tiny_base),
        "data": str(recipe),
        "output_dir": str(tmp_path / "run"),
        "max_steps": 2,
        "batch_size": 2,
        "certificate_prompts": 1,
        "device": "cpu",
    }
    (tmp_path / "run.yaml").write_text(yaml.safe_dump(values))
    assert main(["train", str(tmp_path / "run.yaml")]) == 0
    output = capfd.readouterr().out
    assert "9 examples" in output
    assert "scout: 9 of" in output
    assert (tmp_path / "run" / "adapter_model.safetensors").exists()
