from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch

from twist_scout.errors import BadModel
from twist_scout.loading import load_adapter, load_base, resolve_folders
from twist_scout.toyworld import pocket_adapter, pocket_base


def copy_of(folder: Path, target: Path) -> Path:
    shutil.copytree(folder, target)
    return target


def test_the_base_loads_in_evaluation_mode_in_full_precision_on_a_cpu(tiny_base: Path) -> None:
    model, processor = load_base(tiny_base)
    assert not model.training
    assert model.dtype == torch.float32
    assert processor.tokenizer.eos_token == "<end>"


@pytest.mark.parametrize("name", ["missing", "./missing", "a/b/c"])
def test_a_folder_that_does_not_exist(name: str) -> None:
    with pytest.raises(BadModel, match="does not exist"):
        load_base(name)


def test_a_folder_that_is_not_a_model(tmp_path: Path) -> None:
    with pytest.raises(BadModel, match=r"no config\.json"):
        load_base(tmp_path)


def test_a_file_instead_of_a_folder(tmp_path: Path) -> None:
    file = tmp_path / "model.safetensors"
    file.write_bytes(b"")
    with pytest.raises(BadModel, match="is a file"):
        load_base(file)


def test_a_model_of_another_kind(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "bert", "architectures": ["BertModel"]}))
    with pytest.raises(BadModel, match="cannot be loaded as a vision-language model"):
        load_base(tmp_path)


def test_damaged_weights(tiny_base: Path, tmp_path: Path) -> None:
    broken = copy_of(tiny_base, tmp_path / "broken")
    weights = broken / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:5000])
    with pytest.raises(BadModel, match="cannot be loaded"):
        load_base(broken)


def test_a_model_without_its_processor(tiny_base: Path, tmp_path: Path) -> None:
    bare = copy_of(tiny_base, tmp_path / "bare")
    for file in bare.iterdir():
        if file.name not in ("config.json", "model.safetensors", "generation_config.json"):
            file.unlink()
    with pytest.raises(BadModel, match="processor"):
        load_base(bare)


def test_a_folder_that_is_not_an_adapter(tiny_base: Path, tmp_path: Path) -> None:
    model, _ = load_base(tiny_base)
    with pytest.raises(BadModel, match=r"no adapter_config\.json"):
        load_adapter(model, tmp_path)
    with pytest.raises(BadModel, match="does not exist"):
        load_adapter(model, tmp_path / "missing")
    with pytest.raises(BadModel, match="neither a folder here nor"):
        load_adapter(model, "nobody/nothing")
    (tmp_path / "adapter_config.json").write_text("{")
    with pytest.raises(BadModel, match="cannot be read"):
        load_adapter(model, tmp_path)


def test_an_adapter_of_a_larger_base(tiny_adapter: Path, make_tiny_model: object) -> None:
    other = make_tiny_model(layers=4)  # type: ignore[operator]
    with pytest.raises(BadModel, match="does not fit"):
        load_adapter(other, tiny_adapter)


def test_an_adapter_whose_weights_are_cut_short(tiny_base: Path, tiny_adapter: Path, tmp_path: Path) -> None:
    model, _ = load_base(tiny_base)
    broken = copy_of(tiny_adapter, tmp_path / "broken")
    weights = broken / "adapter_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(BadModel, match="damaged"):
        load_adapter(model, broken)


def test_nothing_given_means_the_shipped_pocket() -> None:
    assert resolve_folders(None, None) == (pocket_base(), pocket_adapter())


def test_a_base_alone_has_no_adapter_and_an_adapter_alone_names_its_base(tiny_base: Path, tiny_adapter: Path) -> None:
    assert resolve_folders(tiny_base, None) == (tiny_base, None)
    assert resolve_folders(None, tiny_adapter) == (str(tiny_base), tiny_adapter)


def test_models_that_several_threads_load_at_once_leave_transformers_as_it_was(tiny_base: Path) -> None:
    """What transformers switches off while it loads would stay off where two loads overlap."""
    from concurrent.futures import ThreadPoolExecutor

    from transformers import PreTrainedModel

    before = PreTrainedModel.tie_weights
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(load_base, [tiny_base] * 8))
    assert PreTrainedModel.tie_weights is before
