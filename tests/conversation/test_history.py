from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from twist_scout.boxes.grounded import GroundedText
from twist_scout.conversation import history
from twist_scout.conversation.history import ChatGrounder, Turn
from twist_scout.errors import BadInput


@pytest.fixture(scope="module")
def grounder(tiny_base: Path, tiny_adapter: Path) -> ChatGrounder:
    return ChatGrounder.from_pretrained(tiny_base, tiny_adapter, "cpu")  # type: ignore[return-value]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the model was shown."""
    texts: list[str] = []
    process = history.process

    def seen(processor, chats, pictures, **options):  # type: ignore[no-untyped-def]
        texts.extend(chat.text for chat in chats)
        return process(processor, chats, pictures, **options)

    monkeypatch.setattr(history, "process", seen)
    return texts


PICTURE = Image.new("RGB", (40, 20))
BEFORE = [Turn("Where is it?", GroundedText.parse("The car [[10,20,50,80]]."))]


def test_without_history_the_answer_is_the_grounders(grounder: ChatGrounder) -> None:
    for mode in ("grounding", "understanding"):
        alone = grounder.ground(PICTURE, "Where is the car?", mode)  # type: ignore[call-overload]
        answer, decision = grounder.reply(PICTURE, [], "Where is the car?", mode)  # type: ignore[arg-type]
        assert answer == alone
        assert (decision.mode, answer.probability) == (mode, None)
    assert grounder.reply(PICTURE, [], "Where is the car?", "grounding")[0].boxes[0].to_pixels(40, 20) == (4, 4, 20, 16)


def test_the_base_is_shown_no_boxes_and_the_twin_is(grounder: ChatGrounder, asked: list[str]) -> None:
    grounder.reply(PICTURE, BEFORE, "And now?", "understanding")
    grounder.reply(PICTURE, BEFORE, "And now?", "grounding")
    base, twin = asked
    assert "Where is it?" in base and "The car." in base and "[[" not in base  # noqa: PT018
    assert "The car [[10,20,50,80]]." in twin
    assert base.count("<image>") == twin.count("<image>") == 1
    assert base.index("Where is it?") < base.index("The car") < base.index("And now?")


def test_auto_decides_by_the_last_question(grounder: ChatGrounder) -> None:
    answer, decision = grounder.reply(PICTURE, BEFORE, "Write a short poem.", "auto")
    assert decision.mode == answer.mode == "understanding"
    assert answer.probability == decision.probability is not None
    answer, _ = grounder.reply(None, [], "Point to the red car and give its bounding box.")
    assert answer.mode == "grounding"


def test_templates_that_take_one_question_are_known(
    grounder: ChatGrounder, tiny_base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert grounder.reads_history
    one = ChatGrounder.from_pretrained(tiny_base, device="cpu")
    whole = one.processor.chat_template
    for template in (
        "{{ messages[-1]['content'][-1]['text'] }}",
        "{% if messages|length > 1 %}{{ raise_exception('no') }}{% endif %}",
    ):
        one.processor.chat_template = template
        assert not ChatGrounder(one.model, one.processor).reads_history
    one.processor.chat_template = whole


def test_what_is_no_question_is_refused(grounder: ChatGrounder) -> None:
    for prompt in (" ", "an <image> too many"):
        with pytest.raises(BadInput):
            grounder.reply(PICTURE, [], prompt)
