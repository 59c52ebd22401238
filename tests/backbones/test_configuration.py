from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from twist_scout.backbones import MoeLlavaConfig
from twist_scout.errors import BadConfig

Build = Callable[..., MoeLlavaConfig]


@pytest.mark.parametrize(
    ("rule", "numbers"),
    [
        ("sparse", [0, 2]),
        ("dense", [0, 1, 2, 3]),
        ("first_half", [0, 1]),
        ("second_half", [2, 3]),
        ([3, 1, 1], [1, 3]),
    ],
)
def test_layer_rules_are_those_of_moe_llava(tiny_config: Build, rule: Any, numbers: list[int]) -> None:
    assert tiny_config(moe_layers=rule).moe_layer_numbers == numbers


def test_the_defaults_are_the_published_run_and_never_drop_in_evaluation(tiny_config: Build) -> None:
    config = tiny_config()
    published = (config.moe_num_experts, config.moe_top_k, config.moe_capacity_factor, config.moe_eval_capacity_factor)
    assert published == (4, 2, 1.5, 2.0)
    assert (config.moe_min_capacity, config.router_aux_loss_coef) == (0, 0.01)
    assert not config.drops_in_evaluation
    assert tiny_config(moe_eval_capacity_factor=1.9).drops_in_evaluation
    assert tiny_config(moe_top_k=1).drops_in_evaluation


def test_it_survives_json(tiny_config: Build, tmp_path: Any) -> None:
    config = tiny_config(moe_layers=[1, 2], moe_top_k=1)
    config.save_pretrained(tmp_path)
    again = MoeLlavaConfig.from_pretrained(tmp_path)
    assert again.to_dict() == config.to_dict()
    assert again.moe_layer_numbers == [1, 2]


@pytest.mark.parametrize(
    "wrong",
    [
        {"moe_layers": "odd"},
        {"moe_layers": [4]},
        {"moe_layers": []},
        {"moe_top_k": 3},
        {"moe_num_experts": 1},
        {"moe_capacity_factor": 0},
        {"moe_eval_capacity_factor": -1.0},
    ],
)
def test_values_that_do_not_fit_are_refused(tiny_config: Build, wrong: dict[str, Any]) -> None:
    (name,) = wrong
    with pytest.raises(BadConfig, match=name):
        tiny_config(**wrong)
