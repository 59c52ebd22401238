from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from twist_scout.errors import BadConfig, BadInput
from twist_scout.evaluation.captioning.name_list import SHIPPED, NameList, coco_names, read_overrides

COCO = tuple(yaml.safe_load((Path(__file__).parents[3] / "benchmarks" / "data" / "coco_classes.yaml").read_text()))


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("dog", "dog"),
        ("skis", "skis"),
        ("ski", "skis"),
        ("tennis player", "person"),  # the head noun decides
        ("microwave oven", "microwave"),  # the whole name before its ending
        ("toaster oven", "toaster"),
        ("train track", None),
        ("giraffe head", None),
        ("wine glasses", "wine glass"),
        ("glasses", None),
        ("polar bear", "bear"),
        ("hot dog", "hot dog"),
        ("sea", None),
    ],
)
def test_the_list_of_the_package(name: str, label: str | None) -> None:
    assert coco_names(COCO).look_up(name) == (True, label)


def test_what_is_not_listed_is_not_guessed() -> None:
    assert coco_names(COCO).look_up("giraffee") == (False, None)
    assert coco_names(COCO).look_up("") == (False, None)


def test_every_label_of_the_list_is_one_of_coco() -> None:
    content = yaml.safe_load(SHIPPED.read_text())
    assert set(content["names"]) <= set(COCO)
    assert len(COCO) == 80
    assert coco_names(COCO).version == content["version"]
    for label in COCO:
        assert coco_names(COCO).look_up(label) == (True, label)


def test_other_classes_keep_what_concerns_them() -> None:
    names = coco_names(("dog", "sign", "umbrella"))
    assert names.look_up("puppy") == (True, "dog")
    assert names.look_up("sign") == (True, "sign")  # in COCO's list it is none
    assert names.look_up("man") == (False, None)


def test_a_name_with_two_meanings_is_refused() -> None:
    with pytest.raises(BadConfig, match="'puppy' is listed under 'dog' and under 'cat'"):
        NameList(["dog", "cat"], {"dog": ["puppy"], "cat": ["puppy"]})


@pytest.mark.parametrize("text", ['{"The Dude": "dog", "sky": null}', "The Dude: dog\nsky:\n"])
def test_overrides_are_yaml_or_json(text: str, tmp_path: Path) -> None:
    (tmp_path / "o").write_text(text)
    assert read_overrides(tmp_path / "o", COCO) == {"The Dude": "dog", "sky": None}


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("dude: dgo", BadConfig, "no class 'dgo' .* did you mean 'dog'"),
        ("dude: zzz", BadConfig, "the classes are person"),
        ("- dog", BadInput, "is no mapping"),
        ("1: dog", BadInput, "no phrase with a class"),
        ("{", BadInput, "neither YAML nor JSON"),
        ("a: [", BadInput, "neither YAML nor JSON"),
    ],
)
def test_a_bad_override_is_said(text: str, error: type[Exception], message: str, tmp_path: Path) -> None:
    (tmp_path / "o.yaml").write_text(text)
    with pytest.raises(error, match=message):
        read_overrides(tmp_path / "o.yaml", COCO)
    with pytest.raises(BadInput, match="cannot be read"):
        read_overrides(tmp_path / "none.yaml", COCO)
