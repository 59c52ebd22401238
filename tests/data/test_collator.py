from __future__ import annotations

import pytest
import torch
from PIL import Image

from twist_scout.data.collator import GroundingCollator
from twist_scout.data.records import Example
from twist_scout.errors import BadConfig, BadImage, BadInput, BadModel

STEPS = "Step 1: Find the dog <box:0>. Step 2: So the answer is red."


@pytest.fixture
def folder(tmp_path):
    for name, color in (("a.png", "red"), ("b.png", "blue")):
        Image.new("RGB", (40, 20), color).save(tmp_path / name)
    return tmp_path


def make(*turns: str, id: str = "1", image: str = "a.png", system: str = "", **changes) -> Example:
    messages = [{"role": "system", "content": system}] if system else []
    messages += [{"role": ("user", "assistant")[i % 2], "content": text} for i, text in enumerate(turns)]
    fields = {"width": 40, "height": 20, "task": "scout", "boxes": [(4, 2, 20, 10)], **changes}
    return Example(id=id, image=image, messages=messages, **fields)


def learned(processor, batch, row: int = 0) -> list[tuple[str, int]]:
    """Runs of labelled tokens as text, each with its step."""
    runs: list[tuple[list[int], int]] = []
    previous = 0
    for label, step in zip(batch["labels"][row].tolist(), batch["step_ids"][row].tolist(), strict=True):
        assert (label == -100) == (step == 0)
        if step:
            if step != previous:
                runs.append(([], step))
            runs[-1][0].append(label)
        previous = step
    return [(processor.tokenizer.decode(ids, skip_special_tokens=False), step) for ids, step in runs]


@pytest.mark.parametrize("tokenizer", ["byte", "metaspace"])
def test_labels_are_exactly_the_assistants_tokens(tokenizer, processors, folder):
    processor = processors(tokenizer)
    collate = GroundingCollator(processor, image_root=folder)
    batch = collate([make("Where is the dog?", STEPS, "And it?", "It is <box:0>.", system="Be brief.")])
    runs = [(text.strip(), step) for text, step in learned(processor, batch)]
    assert runs == [
        ("Step 1: Find the dog [[10,10,50,50]].", 1),
        ("Step 2: So the answer is red.<|im_end|>", 2),
        ("It is [[10,10,50,50]].<|im_end|>", 1),
    ]
    assert torch.equal(batch["labels"][batch["labels"] != -100], batch["input_ids"][batch["labels"] != -100])


@pytest.mark.parametrize("tokenizer", ["byte", "metaspace"])
@pytest.mark.parametrize("template", ["chatml", "bare"])
def test_training_shows_what_generation_will_be_prompted_with(tokenizer, template, processors, folder):
    """The unlabelled tokens before the first answer are exactly the prompt of inference."""
    processor = processors(tokenizer, template)
    question = {
        "role": "user",
        "content": [{"type": "image"}, {"type": "text", "text": "Where is it?"}],
    }
    prompt = processor.apply_chat_template([question], add_generation_prompt=True)
    picture = Image.open(folder / "a.png")
    asked = processor(text=[prompt], images=[[picture]], return_tensors="pt")
    batch = GroundingCollator(processor, image_root=folder)([make("Where is it?", "The dog.")])
    first = int((batch["labels"][0] != -100).nonzero()[0])
    assert torch.equal(batch["input_ids"][:, :first], asked["input_ids"])
    assert torch.equal(batch["pixel_values"], asked["pixel_values"])


def test_a_template_without_an_end_of_turn_gets_one(processors, folder):
    processor = processors("byte", "bare")
    batch = GroundingCollator(processor, image_root=folder)([make("Where?", "Here.", "And?", "There.")])
    assert learned(processor, batch) == [(" Here.<|im_end|>", 1), (" There.<|im_end|>", 1)]


def test_rows_do_not_depend_on_the_batch_and_are_padded_on_the_right(processors, folder):
    processor = processors()
    collate = GroundingCollator(processor, image_root=folder)
    examples = [make("Where?", STEPS, id="1"), make("?", "Yes.", id="2", image="b.png")]
    together, alone = collate(examples), collate(examples[1:])
    length = alone["input_ids"].shape[1]
    for key in ("input_ids", "labels", "step_ids", "attention_mask"):
        assert torch.equal(together[key][1:, :length], alone[key])
    assert (together["attention_mask"][1, length:] == 0).all()
    assert (together["labels"][1, length:] == -100).all()
    assert torch.equal(together["pixel_values"][1:], alone["pixel_values"])


def test_pictures_are_expanded_once_per_example(processors, folder):
    processor = processors()
    batch = GroundingCollator(processor, image_root=folder)([make("a", "b", "c", "d", "e", "f")])
    assert (batch["input_ids"] == processor.image_token_id).sum() == 16
    assert batch["pixel_values"].shape == (1, 3, 16, 16)


@pytest.mark.parametrize(("frame", "text"), [("stretched", "[[10,10,50,50]]"), ("padded", "[[10,30,50,50]]")])
def test_boxes_are_written_in_the_models_frame(frame, text, processors, folder):
    processor = processors()
    batch = GroundingCollator(processor, frame=frame, image_root=folder)([make("?", "<box:0>")])
    assert learned(processor, batch) == [(text + "<|im_end|>", 1)]


def test_long_examples_are_never_cut(processors, folder):
    processor = processors()
    short, long = make("?", "Yes.", id="s"), make("?", STEPS, id="l")
    size = GroundingCollator(processor, image_root=folder)([short])["input_ids"].shape[1]
    with pytest.raises(BadInput, match=f"Example 'l' has .* max_length is {size}"):
        GroundingCollator(processor, image_root=folder, max_length=size)([short, long])
    dropping = GroundingCollator(processor, image_root=folder, max_length=size, too_long="drop")
    batch = dropping([long, short, long])
    assert batch["dropped"] == 2
    assert learned(processor, batch) == [("Yes.<|im_end|>", 1)]
    assert dropping([short])["dropped"] == 0
    nothing = dropping([long, long])
    assert nothing["dropped"] == 2
    assert learned(processor, nothing) == []
    assert nothing["pixel_values"].shape[0] == 1


def test_bad_examples_are_named(processors, folder):
    collate = GroundingCollator(processors(), image_root=folder)
    with pytest.raises(BadInput, match=r"Example '1'.*no assistant turn"):
        collate([make("Where?")])
    with pytest.raises(BadInput, match=r"Example '1'.* '<image>' 2 times"):
        collate([make("Where <image>?", "Here.")])
    with pytest.raises(BadImage, match=r"40 x 20 .* example '1' says 20 x 40"):
        collate([make("?", "Yes.", width=20, height=40, boxes=[])])
    with pytest.raises(BadImage, match="does not exist"):
        collate([make("?", "Yes.", image="c.png")])
    with pytest.raises(BadImage, match="out of the data folder"):
        GroundingCollator(processors(), image_root=folder, confined=True)([make("?", "Yes.", image="../a.png")])


def test_bad_set_ups_are_explained(processors, folder):
    with pytest.raises(BadConfig, match="no box dialect"):
        GroundingCollator(processors(), dialect="morse")
    with pytest.raises(BadConfig, match="'raise' or 'drop'"):
        GroundingCollator(processors(), too_long="cut")  # type: ignore[arg-type]
    with pytest.raises(BadModel, match="rewrites earlier text"):
        GroundingCollator(processors("byte", "unstable"), image_root=folder)([make("?", "Yes.")])
