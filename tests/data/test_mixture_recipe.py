from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from twist_scout.data.dataset import ExampleDataset
from twist_scout.data.mixture import Mixture
from twist_scout.data.mixture_recipe import MixtureRecipe, open_examples
from twist_scout.data.records import Example, write_examples
from twist_scout.errors import BadConfig, BadInput


def make(id: str, image: str) -> Example:
    messages = [{"role": "user", "content": "?"}, {"role": "assistant", "content": "!"}]
    return Example(id=id, image=image, width=4, height=4, task="rec", messages=messages)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    write_examples(tmp_path / "rec.jsonl", [make(f"r{n}", f"COCO_train2014_{n:012d}.jpg") for n in range(6)])
    write_examples(tmp_path / "own.jsonl", [make(f"o{n}", f"{n:012d}.jpg") for n in range(4)])
    return tmp_path


def recipe(data: Path, **values: Any) -> Path:
    parts = {"rec": {"data": str(data / "rec.jsonl"), "size": 9}, "own": {"data": [str(data / "own.jsonl")]}}
    path = data / "mix.yaml"
    path.write_text(yaml.safe_dump({"parts": parts, **values}, sort_keys=False))
    return path


def test_a_recipe_is_a_mixture(data: Path) -> None:
    mixture = MixtureRecipe.load(recipe(data, seed=3, epochs=2)).mixture()
    assert [(count.name, count.taken) for count in mixture.counts] == [("rec", 9), ("own", 4)]
    assert (mixture.seed, len(mixture)) == (3, 26)
    assert Path(mixture[0].image).parent == data


def test_the_papers_sizes_unless_the_recipe_says_otherwise(data: Path) -> None:
    file = str(data / "rec.jsonl")

    def taken(**part: Any) -> int:
        recipe = MixtureRecipe.model_validate({"parts": {"gic": {"data": file, **part}}})
        return recipe.mixture().counts[0].taken

    assert taken() == 108_000
    assert taken(size="all") == 6
    assert taken(size=5) == 5
    assert taken(weight=0.5) == 3


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"parts": {}}, "parts"),
        ({"parts": {"a": {}}}, r"parts\.a\.data"),
        ({"parts": {"a": {"data": "x", "sise": 3}}}, r"parts\.a\.sise: there is no such key"),
        ({"parts": {"a": {"data": "x", "size": -3}}}, r"parts\.a\.size"),
        ({"parts": {"a": {"data": "x", "size": 1, "weight": 2}}}, "give one of them"),
        ({"seed": "x"}, "seed"),
        ({"leakage": {"against": []}}, "leakage.against"),
        ({"leakage": {"against": ["x"], "action": "ask"}}, "leakage.action"),
    ],
)
def test_a_mistake_is_one_sentence(data: Path, values: dict[str, Any], words: str) -> None:
    with pytest.raises(BadConfig, match=rf"mix\.yaml, .*{words}") as caught:
        MixtureRecipe.load(recipe(data, **values))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", ["- a", "a: [", "", "\xff"])
def test_a_file_that_is_no_recipe(tmp_path: Path, content: str) -> None:
    path = tmp_path / "mix.yaml"
    path.write_bytes(content.encode("latin1"))
    with pytest.raises(BadConfig, match=r"mix\.yaml"):
        MixtureRecipe.load(path)
    with pytest.raises(BadConfig, match="cannot be read"):
        MixtureRecipe.load(tmp_path / "no.yaml")


def test_evaluation_pictures_are_refused_or_dropped(data: Path) -> None:
    (data / "val.txt").write_text("2\n3\n")
    against = {"against": str(data / "val.txt")}
    with pytest.raises(BadInput, match=r"4 training pictures are evaluation pictures: .*000000000002.*id coco:2"):
        MixtureRecipe.load(recipe(data, leakage=against)).mixture()
    mixture = MixtureRecipe.load(recipe(data, leakage={**against, "action": "drop"})).mixture()
    assert [(count.records, count.taken, count.refused) for count in mixture.counts] == [(4, 9, 2), (2, 2, 2)]
    assert not {mixture[n].id for n in range(len(mixture))} & {"r2", "r3", "o2", "o3"}
    (data / "val.txt").write_text("77\n")
    assert len(MixtureRecipe.load(recipe(data, leakage=against)).mixture()) == 13


def test_training_data_are_files_or_one_recipe(data: Path) -> None:
    assert isinstance(open_examples(data / "rec.jsonl"), ExampleDataset)
    assert isinstance(open_examples([str(recipe(data))]), Mixture)
    assert len(open_examples([data / "rec.jsonl", data / "own.jsonl"])) == 10
    with pytest.raises(BadConfig, match=r"mix\.yaml is a mixture's recipe"):
        open_examples([data / "rec.jsonl", recipe(data)])


def test_folders_of_pictures_can_be_given_for_all_or_for_one(data: Path) -> None:
    mixture = open_examples(recipe(data), image_root="elsewhere")
    assert {str(Path(mixture[n].image).parent) for n in range(len(mixture))} == {"elsewhere"}
    parts = {"own": {"data": str(data / "own.jsonl"), "image_root": "mine"}}
    assert open_examples(recipe(data, parts=parts), image_root="elsewhere")[0].image.startswith("mine")


def test_the_shipped_recipe_is_the_papers() -> None:
    shipped = MixtureRecipe.load(Path(__file__).parents[2] / "recipes" / "paper-mixture.yaml")
    assert set(shipped.parts) == {"rec", "gic", "scout"}
    assert all(part.size is None and part.weight is None for part in shipped.parts.values())
    assert shipped.leakage is not None
