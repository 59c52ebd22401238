from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from peft import IA3Config, LoraConfig, get_peft_model
from PIL import Image

from twist_scout.data.chat import prompt_text
from twist_scout.errors import BadConfig
from twist_scout.grounder import Grounder
from twist_scout.serving.model import RowModel
from twist_scout.serving.rows import Done, Event, Failed, Piece, Row
from twist_scout.serving.sampling import Sampling

from ..conftest import ADAPTER_ANSWER, BASE_ANSWER, build_tiny_model

PICTURE = Image.new("RGB", (60, 40), "red")


class Asked:
    """A row, and what it is told."""

    def __init__(
        self, model: RowModel, prompt: str, mode: str, picture: Image.Image | None = PICTURE, **options: Any
    ) -> None:
        self.events: list[Event] = []
        turns = [{"role": "user", "content": prompt}]
        text = prompt_text(model.processor, turns, 0 if picture is None else 1)
        self.row = Row(text, picture, mode, model.adapter_of(mode), self.events.append, **options)

    @property
    def done(self) -> Done:
        assert isinstance(self.events[-1], Done), self.events
        return self.events[-1]

    @property
    def failed(self) -> Failed:
        assert isinstance(self.events[-1], Failed), self.events
        return self.events[-1]


def test_one_batch_answers_every_row_in_its_own_mode(tiny: RowModel) -> None:
    asked = [Asked(tiny, f"What is it{'?' * n}", mode) for n, mode in enumerate(["understanding", "grounding"] * 3)]
    tiny.answer([one.row for one in asked])
    assert [one.done.text for one in asked] == [BASE_ANSWER, ADAPTER_ANSWER] * 3
    assert {(one.done.rows, one.done.mixed, one.done.finish) for one in asked} == {(6, True, "stop")}
    assert all(one.row.picture is None for one in asked), "pictures are let go of"


def test_rows_of_a_mixed_batch_say_what_a_grounder_says_one_by_one(babbler: RowModel) -> None:
    """The random model says something else to every picture and prompt."""
    plain = Grounder(babbler.model, babbler.processor)
    asked, alone = [], []
    for number in range(8):
        picture = Image.new("RGB", (30 + number, 40), (30 * number, 255 - 30 * number, 90))
        prompt, mode = "ab " * (number + 1), ("understanding", "grounding")[number % 2]
        asked.append(Asked(babbler, prompt, mode, picture, max_tokens=24))
        alone.append(plain.ground(picture, prompt, mode, max_new_tokens=24).text)  # type: ignore[call-overload]
    babbler.answer([one.row for one in asked])
    assert [one.done.text for one in asked] == alone
    assert len(set(alone)) > 5


def test_every_row_has_its_own_limit_and_texts_to_stop_at(tiny: RowModel) -> None:
    asked = [
        Asked(tiny, "a", "grounding", max_tokens=6),
        Asked(tiny, "b", "understanding", stop=("car",)),
        Asked(tiny, "c", "grounding", stream=True, stop=(". Step 2",)),
        Asked(tiny, "d", "grounding"),
    ]
    tiny.answer([one.row for one in asked])
    assert [one.done.text for one in asked] == [
        "Step 1: Find the",
        "a red",
        "Step 1: Find the red car [[10,20,50,80]]",
        ADAPTER_ANSWER,
    ]
    assert [one.done.finish for one in asked] == ["length", "stop", "stop", "stop"]
    assert asked[0].done.completion_tokens == 6
    pieces = [event.text for event in asked[2].events if isinstance(event, Piece)]
    assert len(pieces) > 10
    assert "".join(pieces) == asked[2].done.text


def test_tokens_are_counted(tiny: RowModel) -> None:
    asked = Asked(tiny, "hi", "understanding")
    tiny.answer([asked.row])
    words = tiny.processor.tokenizer(BASE_ANSWER)["input_ids"]
    assert asked.done.completion_tokens == len(words) + 1  # and the end
    shown = tiny.processor(text=[asked.row.text], images=[PICTURE], return_tensors="pt")["input_ids"]
    assert asked.done.prompt_tokens == shown.shape[1]


def test_a_sampled_row_does_not_touch_its_neighbours_and_draws_the_same_among_others(babbler: RowModel) -> None:
    def ask(prompt: str, seed: int | None) -> Asked:
        sampling = None if seed is None else Sampling(1.0, seed=seed)
        return Asked(babbler, prompt, "grounding", max_tokens=16, sampling=sampling)

    alone, greedy = [ask("ab", seed) for seed in (1, 2)], ask("cd", None)
    for one in (*alone, greedy):
        babbler.answer([one.row])
    together = [ask("ab", 1), ask("cd", None), ask("ab", 2)]
    babbler.answer([one.row for one in together])
    assert [one.done.text for one in together] == [alone[0].done.text, greedy.done.text, alone[1].done.text]
    assert alone[0].done.text != alone[1].done.text


def test_a_conversation_that_is_too_long_costs_its_own_row_alone(tiny: RowModel) -> None:
    asked = [Asked(tiny, "x" * 600, "grounding"), Asked(tiny, "a", "understanding")]
    tiny.answer([one.row for one in asked])
    assert (asked[0].failed.error.status, asked[0].failed.error.code) == (400, "context_length_exceeded")
    assert "511" in str(asked[0].failed.error)
    assert asked[1].done.text == BASE_ANSWER


@pytest.mark.parametrize("wanted", [None, 1000])
def test_the_end_of_the_context_cuts_an_answer(babbler: RowModel, wanted: int | None) -> None:
    """Clients ask for thousands of tokens as a matter of course."""
    asked = Asked(babbler, "x" * 470, "understanding", max_tokens=wanted)
    babbler.answer([asked.row])
    assert asked.done.prompt_tokens + asked.done.completion_tokens == 512
    assert asked.done.finish == "length"


@pytest.fixture
def wrapped(tiny_processor: Any) -> Any:
    def make(config: Any) -> RowModel:
        torch.manual_seed(0)
        model = get_peft_model(build_tiny_model(tiny_processor), config)
        with torch.no_grad():
            for name, value in model.named_parameters():
                if "lora_" in name or "ia3_" in name:
                    value.copy_(torch.randn_like(value))
        return RowModel(model, tiny_processor)

    return make


def test_lora_rows_share_batches_too(wrapped: Any) -> None:
    model = wrapped(LoraConfig(target_modules=r".*language_model.*(q_proj|v_proj)"))
    assert model.probe() == "modes share batches"
    check_modes(model, mixed=True)


def test_an_adapter_that_cannot_tell_rows_apart_gets_batches_of_one_mode(wrapped: Any) -> None:
    """Peft's IA3 takes adapter_names and ignores them: understanding rows would be damaged without a word."""
    model = wrapped(IA3Config(target_modules=r".*language_model.*(k_proj|v_proj)", feedforward_modules=[]))
    assert model.probe().startswith("modes go apart")
    assert model.kind(Asked(model, "a", "grounding").row) != model.kind(Asked(model, "a", "understanding").row)
    check_modes(model, mixed=False)


def check_modes(model: RowModel, mixed: bool) -> None:
    plain = Grounder(model.model, model.processor)
    asked = [Asked(model, f"a{n}", mode, max_tokens=12) for n, mode in enumerate(["understanding", "grounding"] * 2)]
    batches: dict[Any, list[Asked]] = {}
    for one in asked:
        batches.setdefault(model.kind(one.row), []).append(one)
    assert len(batches) == (1 if mixed else 2)
    for batch in batches.values():
        model.answer([one.row for one in batch])
    said = [one.done.text for one in asked]
    told = [plain.ground(PICTURE, f"a{n}", one.row.mode, max_new_tokens=12).text for n, one in enumerate(asked)]  # type: ignore[arg-type]
    assert said == told
    assert said[0] != said[1]


def test_a_model_without_adapter_is_the_base_in_every_mode(tiny_base: Path) -> None:
    model: RowModel = RowModel.from_pretrained(tiny_base, device="cpu")  # type: ignore[assignment]
    assert model.probe().startswith("no adapter")
    asked = [Asked(model, "a", mode) for mode in ("understanding", "grounding")]
    model.answer([one.row for one in asked])
    assert [one.done.text for one in asked] == [BASE_ANSWER] * 2
    assert not asked[0].done.mixed


def test_more_skills_than_grounding_are_adapters_of_their_names(tiny_base: Path, tiny_adapter: Path) -> None:
    model: RowModel = RowModel.from_pretrained(tiny_base, tiny_adapter, "cpu")  # type: ignore[assignment]
    model.model.load_adapter(str(tiny_adapter), "counting")
    model.model.eval()
    assert model.modes == ("understanding", "grounding", "counting")
    assert [model.adapter_of(mode) for mode in model.modes] == ["__base__", "default", "counting"]
    model.probe()
    asked = [Asked(model, "a", mode) for mode in model.modes]
    model.answer([one.row for one in asked])
    assert [one.done.text for one in asked] == [BASE_ANSWER, ADAPTER_ANSWER, ADAPTER_ANSWER]


def test_a_mode_without_adapter_is_said(tiny: RowModel) -> None:
    with pytest.raises(BadConfig, match="--skill"):
        tiny.adapter_of("ocr")
