"""What the importer says of checkpoints that it cannot, or should not, read."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from twist_scout.backbones import MoeLlavaConfig, import_checkpoint
from twist_scout.backbones.families import FAMILIES, read_config
from twist_scout.backbones.import_moe_llava import match_keys
from twist_scout.errors import BadInput, BadModel

Write = Callable[..., tuple[Path, dict[str, Tensor]]]


def test_keys_that_do_not_match_are_counted_and_named(checkpoint: Write, clip: Path, tmp_path: Path) -> None:
    folder, _ = checkpoint("phi", form="safetensors", shards=1)
    tensors = load_file(folder / "model.safetensors")
    gate = tensors.pop("model.layers.2.mlp.deepspeed_moe.gate.wg.weight")
    tensors["model.layers.2.mlp.coefficient.weight"] = gate
    tensors["model.layers.1.mlp.fc1.bias"] = torch.zeros(64 + 1)
    save_file(tensors, folder / "model.safetensors")
    with pytest.raises(BadModel) as raised:
        import_checkpoint(folder, tmp_path / "out", vision_tower=clip)
    said = str(raised.value)
    assert "1 unmatched in the checkpoint: model.layers.2.mlp.coefficient.weight" in said
    assert "1 missing from it: model.language_model.layers.2.mlp.gate.wg.weight" in said
    assert f"1 of another shape: model.layers.1.mlp.fc1.bias ({64 + 1},) instead of ({64},)" in said
    assert not (tmp_path / "out").exists()


def test_a_missing_vision_tower_is_asked_for(
    checkpoint: Write, published_keys: Any, clip: Path, tmp_path: Path
) -> None:
    folder, _ = checkpoint("phi", tower=False)
    (clip / "model.safetensors").rename(clip / "elsewhere")
    with pytest.raises(BadModel, match="holds no weights"):
        import_checkpoint(folder, tmp_path / "out", vision_tower=clip)
    config = read_config(json.loads((folder / "config.json").read_text()))
    keys = published_keys("phi", 99, 32, 64, 4, vision=1024)
    shapes = {key: torch.Size(shape) for key, shape in keys.items()}
    with pytest.raises(BadModel, match=r"and \d+ more\. Pass vision_tower="):
        match_keys(shapes, config, FAMILIES["moe_llava_phi"])


class Attack:
    """What a pickle can do: run something when it is read."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return Path.touch, (self.path,)


def test_code_in_a_bin_file_is_not_run(checkpoint: Write, clip: Path, tmp_path: Path) -> None:
    folder, _ = checkpoint("phi", shards=1)
    torch.save({"lm_head.weight": Attack(tmp_path / "ran")}, folder / "pytorch_model.bin")
    with pytest.raises(BadModel, match="holds code, which is not run"):
        import_checkpoint(folder, tmp_path / "out", vision_tower=clip)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("form", ["bin", "safetensors"])
def test_a_damaged_file_is_named(checkpoint: Write, clip: Path, tmp_path: Path, form: str) -> None:
    folder, _ = checkpoint("phi", form=form)
    file = sorted(folder.glob(f"*-00002-of-00002.{form}"))[0]
    file.write_bytes(file.read_bytes()[:2000])
    with pytest.raises(BadModel, match="00002-of-00002"):
        import_checkpoint(folder, tmp_path / "out", vision_tower=clip)
    file.unlink()
    with pytest.raises(BadModel, match=r"lacks .*00002-of-00002"):
        import_checkpoint(folder, tmp_path / "out", vision_tower=clip)


def test_other_things_than_tensors_are_refused(checkpoint: Write, clip: Path, tmp_path: Path) -> None:
    folder, _ = checkpoint("phi", shards=1)
    torch.save({"lm_head.weight": torch.zeros(2), "step": 3}, folder / "pytorch_model.bin")
    with pytest.raises(BadModel, match="other than tensors"):
        import_checkpoint(folder, tmp_path / "out", vision_tower=clip)


def test_folders_are_checked(checkpoint: Write, clip: Path, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"config\.json"):
        import_checkpoint(tmp_path / "nowhere", tmp_path / "out")
    folder, _ = checkpoint("phi")
    used = tmp_path / "used"
    used.mkdir()
    (used / "note").write_text("mine")
    with pytest.raises(BadInput, match="in use"):
        import_checkpoint(folder, used, vision_tower=clip)
    empty = tmp_path / "empty"
    empty.mkdir()
    assert import_checkpoint(folder, empty, vision_tower=clip) == empty
    assert MoeLlavaConfig.from_pretrained(empty).architectures == ["MoeLlavaForConditionalGeneration"]
    (folder / "config.json").write_text("{")
    with pytest.raises(BadModel, match="no JSON"):
        import_checkpoint(folder, tmp_path / "out")
