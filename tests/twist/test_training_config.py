from __future__ import annotations

import pytest
import yaml

from twist_scout.errors import BadConfig
from twist_scout.twist.config import TwistConfig
from twist_scout.twist.training_config import TrainingConfig

MINIMAL = "base: b\ndata: a.jsonl\noutput_dir: o\n"


@pytest.fixture
def write(tmp_path):
    def write(text: str):
        path = tmp_path / "run.yaml"
        path.write_text(text)
        return path

    return write


def test_a_minimal_file_and_the_defaults(write):
    config = TrainingConfig.load(write(MINIMAL))
    assert config.data == ["a.jsonl"]
    assert (config.learning_rate, config.schedule, config.warmup) == (2e-5, "cosine", 0.03)
    assert (config.loss.context, config.loss.reduction) == ("full", "token_mean")
    assert config.twist_config() == TwistConfig()


def test_overrides_replace_values_of_the_file_at_any_depth(write):
    path = write(MINIMAL + "learning_rate: 1e-3\ntwist: {num_experts: 4, init: mean}\n")
    overrides = ["learning_rate=3e-4", "twist.top_k=2", "loss.context=isolated", "data=[x, y]"]
    config = TrainingConfig.load(path, [*overrides, "image_root=null", "twist.layers=[0, 2]"])
    assert config.learning_rate == 3e-4
    assert config.data == ["x", "y"]
    assert config.loss.context == "isolated"
    twist = config.twist_config()
    assert (twist.num_experts, twist.init, twist.top_k) == (4, "mean", 2)
    assert twist.layers == [0, 2]


def test_resolved_is_read_back_as_the_same_run(write, tmp_path):
    config = TrainingConfig.load(write(MINIMAL), ["twist.alpha_init=5e-1", "max_length=77"])
    assert config.twist["alpha_init"] == 0.5
    config.save(tmp_path / "sub" / "again.yaml")
    assert TrainingConfig.load(tmp_path / "sub" / "again.yaml") == config
    values = yaml.safe_load(config.resolved())
    assert values["twist"]["router_aux_loss_coef"] == 0.01  # defaults are spelled out
    assert set(values) == set(TrainingConfig.model_fields)


@pytest.mark.parametrize(
    ("override", "meant"),
    [
        ("learning_rat=1", "learning_rate"),
        ("lr=1", "learning_rate"),
        ("twist.num_expert=2", "twist.num_experts"),
        ("num_experts=2", "twist.num_experts"),
        ("twsit.top_k=2", "twist.top_k"),
        ("loss.contxt=full", "loss.context"),
        ("per_device_train_batch_size=2", "batch_size"),
        ("sed=2", "seed"),
    ],
)
def test_unknown_keys_name_the_nearest_one(write, override, meant):
    with pytest.raises(BadConfig) as caught:
        TrainingConfig.load(write(MINIMAL), [override])
    assert str(caught.value) == f"There is no key {override.split('=')[0]!r}: did you mean {meant!r}?"


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("learning_rate=-1", "learning_rate: .* greater than 0, but it is -1"),
        ("learning_rate=fast", "learning_rate: .*'fast'"),
        ("loss.reduction=mean", "loss.reduction: .*'token_mean'.*'mean'"),
        ("twist.top_k=5", "top_k is 5"),
        ("twist=4", "twist: "),
        ("dialect=morse", "no box dialect 'morse'"),
        ("schedule=random", "schedule is one of linear, cosine"),
        ("data=[]", "data: "),
        ("base=", "base: "),
        ("learning_rate", "write key=value"),
        ("data=[a", "not valid YAML"),
    ],
)
def test_values_that_do_not_fit(write, override, words):
    with pytest.raises(BadConfig, match=words) as caught:
        TrainingConfig.load(write(MINIMAL), [override])
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("base: b\ndata: a\n", "'output_dir' is missing"),
        ("- a\n- b\n", "key: value"),
        ("base: [\n", "not valid YAML"),
        (MINIMAL + "seed: 1\nseed: 2\n", "'seed' is given twice"),
    ],
)
def test_files_that_are_not_a_run(write, text, words):
    with pytest.raises(BadConfig, match=words) as caught:
        TrainingConfig.load(write(text))
    assert "\n" not in str(caught.value)


def test_a_missing_file(tmp_path):
    with pytest.raises(BadConfig, match="cannot be read"):
        TrainingConfig.load(tmp_path / "none.yaml")
