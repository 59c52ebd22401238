"""A family's folder opens whether or not torchvision is there, and what is saved again opens again."""

from __future__ import annotations

import pickle
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from transformers.utils import is_torchvision_available

from twist_scout.errors import BadInput
from twist_scout.loading import load_base
from twist_scout.processor_loading import VideoSettings, load_processor

from .family import Family

PICTURE = Image.new("RGB", (150, 90), "red")


def run(processor: Any) -> dict[str, torch.Tensor]:
    text = f"{processor.image_token}What is this?"
    return dict(processor(text=[text], images=[[PICTURE]], return_tensors="pt"))


def test_a_folder_opens_as_model_and_processor(family: Family, folder: Path) -> None:
    model, processor = load_base(folder)
    assert type(processor).__name__ == family.image["processor_class"]
    with torch.inference_mode():
        batch = {k: v for k, v in run(processor).items() if k != "labels"}
        assert model(**batch).logits.isfinite().all()


@pytest.mark.parametrize("with_config", [True, False])
def test_a_saved_processor_is_the_same_again(family: Family, folder: Path, tmp_path: Path, with_config: bool) -> None:
    first = load_processor(folder)
    first.save_pretrained(tmp_path)
    if with_config:
        (tmp_path / "config.json").write_bytes((folder / "config.json").read_bytes())
    again = load_processor(tmp_path)
    assert type(again) is type(first)
    assert again.to_dict() == first.to_dict()
    before, after = run(first), run(again)
    assert before.keys() == after.keys()
    assert all(torch.equal(before[key], after[key]) for key in before)


def test_a_processor_survives_being_sent_to_another_process(family: Family, folder: Path) -> None:
    first = load_processor(folder)
    again = pickle.loads(pickle.dumps(first))
    assert torch.equal(run(first)["input_ids"], run(again)["input_ids"])


@pytest.mark.skipif(is_torchvision_available(), reason="with torchvision the part for videos is the real one")
@pytest.mark.parametrize("name", ["llava_onevision", "smolvlm", "qwen2_vl", "qwen2_5_vl", "qwen3_vl", "internvl"])
def test_the_settings_for_videos_are_kept(name: str, load: Any) -> None:
    """So that a processor that was loaded without torchvision and saved is whole where torchvision is."""
    processor = load(name)
    settings = processor.video_processor
    assert isinstance(settings, VideoSettings)
    assert processor.to_dict()["video_processor"] == settings
    kinds = {"qwen2_5_vl": "Qwen2VL", "llava_onevision": "LlavaOnevision", "internvl": "InternVL", "smolvlm": "SmolVLM"}
    kind = kinds.get(name) or type(processor).__name__.removesuffix("Processor")
    assert settings.video_processor_type == f"{kind}VideoProcessor"
    with pytest.raises(BadInput, match="torchvision"):
        settings([PICTURE])


def test_smolvlm_can_say_numbers_in_words(load: Any) -> None:
    """Its processor refuses to be made without a way to, although only videos need one."""
    kind = type(load("smolvlm"))
    assert sys.modules[kind.__module__].num2words(12) == "twelve"  # type: ignore[attr-defined]


def test_a_folder_without_a_processor_says_what_transformers_says(folders: Any, tmp_path: Path) -> None:
    with pytest.raises((OSError, ValueError), match=r"processor|tokenizer|file"):
        load_processor(tmp_path)
