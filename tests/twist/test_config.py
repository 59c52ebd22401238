from __future__ import annotations

import dataclasses

import pytest
from peft import PeftConfig

from twist_scout.errors import BadConfig
from twist_scout.twist import TwistConfig


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ({"num_experts": 0}, "num_experts.*at least 1.*0"),
        ({"num_experts": 2.0}, "num_experts.*whole number.*2.0"),
        ({"num_experts": True}, "num_experts.*True"),
        ({"top_k": 3}, "top_k is 3.*num_experts \\(2\\)"),
        ({"top_k": 0}, "top_k.*at least 1"),
        ({"layers": "sparse"}, "auto, alternate, all, moe.*'sparse'"),
        ({"layers": []}, r"layers.*\[\]"),
        ({"layers": [0, -2]}, "layers.*-2"),
        ({"layers": [0, "1"]}, "layers.*'1'"),
        ({"layers": 3}, "layers.*3"),
        ({"init": "random"}, "first, most_used, mean, copy\\+noise.*'random'"),
        ({"init_noise": -1}, "init_noise.*-1"),
        ({"expert_rank": 0}, "expert_rank.*0"),
        ({"expert_dtype": "int8"}, "float32, bfloat16, float16.*'int8'"),
        ({"alpha_init": 1.0}, "strictly between 0 and 1.*disable_adapter"),
        ({"alpha_init": 0}, "override_alpha"),
        ({"alpha_init": "half"}, "'auto' or a number.*'half'"),
        ({"alpha_init": float("nan")}, "alpha_init.*nan"),
        ({"alpha_scope": "head"}, "shared, layer.*'head'"),
        ({"alpha_learned": 1}, "true or false"),
        ({"router_aux_loss": "switch"}, "deepspeed, hf.*'switch'"),
        ({"router_aux_loss_coef": -0.1}, "router_aux_loss_coef.*-0.1"),
        ({"router_aux_loss_coef": float("inf")}, "router_aux_loss_coef.*inf"),
    ],
)
def test_a_value_that_does_not_fit_is_named_with_what_does(options, names):
    with pytest.raises(BadConfig, match=names):
        TwistConfig(**options)


def test_an_unknown_option_is_an_error():
    with pytest.raises(TypeError, match="num_expert"):
        TwistConfig(num_expert=2)


def test_every_option_is_explained():
    own = {f.name: f for f in dataclasses.fields(TwistConfig)}
    for name in own.keys() - {f.name for f in dataclasses.fields(PeftConfig)}:
        assert own[name].metadata["help"].endswith("."), name
        assert f" {name}:" in TwistConfig.__doc__, name


def test_a_stored_config_comes_back(tmp_path):
    config = TwistConfig(
        num_experts=4,
        top_k=2,
        layers=(3, 1, 1),
        init="most_used",
        expert_use={3: [1, 2], 1: [0, 5]},
    )
    config.save_pretrained(tmp_path)
    again = PeftConfig.from_pretrained(tmp_path)
    assert isinstance(again, TwistConfig)
    assert again.layers == [1, 3]
    assert again.expert_use == {"3": [1, 2], "1": [0, 5]}
    assert again == config
