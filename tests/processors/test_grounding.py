"""`Grounder` on every family: an adapter is taught one answer, and its box comes back in the original picture."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from peft import get_peft_model
from PIL import Image
from transformers import AutoModelForImageTextToText

from twist_scout import Grounder, TwistConfig
from twist_scout.boxes import Box
from twist_scout.data.collator import GroundingCollator
from twist_scout.errors import BadInput
from twist_scout.processor_loading import load_processor

from .conftest import SIZES, example
from .family import Family
from .sight import bright_box, overview
from .test_frames import lit

ANSWER = "The dog [[20,30,60,80]]."
SEEN = (0.2, 0.3, 0.6, 0.8)
LESSONS = [("wide", "Where is the dog?"), ("tall", "Where is it?"), ("photo", "Where is the dog? And it?")]


def teach(model: Any, batch: dict[str, torch.Tensor], *, steps: int = 400) -> None:
    """Train what is trainable until greedy decoding says every labelled token."""
    labels = batch["labels"][:, 1:]
    labelled = labels != -100
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=1e-2, weight_decay=0.0)
    model.train()
    for _ in range(steps):
        output = model(**batch)
        said = output.logits[:, :-1].argmax(-1)
        if torch.equal(said[labelled], labels[labelled]):
            return
        output.loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    raise AssertionError(f"the adapter did not learn its sentence (loss {output.loss.item():.3f})")


@pytest.fixture(scope="session")
def grounders(
    folders: Callable[[Family], Path], pictures: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[Family], Grounder]:
    """A grounder for each family, with a TWIST adapter that answers the lessons; trained and saved once."""
    built: dict[str, Grounder] = {}

    def get(family: Family) -> Grounder:
        if family.name not in built:
            folder = folders(family)
            adapter = tmp_path_factory.mktemp(family.name) / "adapter"
            batch = GroundingCollator(load_processor(folder), image_root=pictures)(
                [example(picture, question, ANSWER) for picture, question in LESSONS]
            )
            del batch["step_ids"]
            torch.manual_seed(0)
            model = get_peft_model(AutoModelForImageTextToText.from_pretrained(folder), TwistConfig(layers="all"))
            teach(model, batch)
            model.save_pretrained(adapter)
            built[family.name] = Grounder.from_pretrained(folder, adapter, "cpu")
        return built[family.name]

    return get


def test_boxes_come_back_in_pixels_of_the_original_picture(
    family: Family, grounders: Callable[[Family], Grounder], pictures: Path
) -> None:
    """The box is drawn into a picture of the same size: there the model must see it where its answer says."""
    grounder = grounders(family)
    answers = grounder.ground([pictures / f"{p}.png" for p, _ in LESSONS], [q for _, q in LESSONS], "grounding")
    for (name, _), answer in zip(LESSONS, answers, strict=True):
        assert answer.text == ANSWER
        assert [phrase.text for phrase in answer.phrases] == ["The dog"]
        corners = answer.boxes[0].as_tuple()
        picture, drawn = lit(SIZES[name], corners)
        sight = overview(family.name, grounder.processor, picture)
        edges = np.array(sight.shape[::-1] * 2)
        rounding = np.array([1 / n for n in picture.size] * 2) * edges  # the rectangle lies on whole pixels
        assert (np.abs(np.array(bright_box(sight)) - SEEN) * edges <= 1.0 + rounding).all()
        assert drawn.iou(Box(*corners)) > 0.9


def test_pictures_of_different_sizes_answer_in_a_batch_as_they_do_alone(
    family: Family, grounders: Callable[[Family], Grounder], pictures: Path
) -> None:
    grounder = grounders(family)
    shown = [Image.open(pictures / f"{name}.png") for name in ("photo", "tiny", "wide", "tall", "square")]
    prompts = ["Where is the dog? And it?", "Find it.", "Where is the dog?", "Where is it?", "Is it here?"]
    together = grounder.ground(shown, prompts, "grounding", max_new_tokens=24)
    alone = [grounder.ground(p, q, "grounding", max_new_tokens=24) for p, q in zip(shown, prompts, strict=True)]
    assert [answer.text for answer in together] == [answer.text for answer in alone]
    assert [answer.boxes for answer in together] == [answer.boxes for answer in alone]


def test_prompts_with_and_without_a_picture_go_together(
    family: Family, grounders: Callable[[Family], Grounder], pictures: Path
) -> None:
    grounder = grounders(family)
    images = [pictures / "wide.png", None, pictures / "tall.png", None]
    prompts = ["Where is the dog?", "What is a dog?", "Where is it?", "Yes or no?"]
    together = grounder.ground(images, prompts, max_new_tokens=12)
    alone = [grounder.ground(i, q, max_new_tokens=12) for i, q in zip(images, prompts, strict=True)]
    assert [answer.text for answer in together] == [answer.text for answer in alone]
    assert [answer.mode for answer in together] == ["grounding", "understanding"] * 2
    assert together[0].text == ANSWER[: len(together[0].text)]


def test_a_prompt_cannot_smuggle_in_a_picture_or_a_video(
    family: Family, grounders: Callable[[Family], Grounder], pictures: Path
) -> None:
    grounder = grounders(family)
    for kind in ("image_token", "video_token"):
        mark = getattr(grounder.processor, kind, None)
        if mark is not None:
            with pytest.raises(BadInput, match="reads as a picture"):
                grounder.ground(pictures / "wide.png", f"Where is {mark} it?")
