from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from twist_scout.data.chat import end_of_turn, prompt_text, takes_suffix, training_text
from twist_scout.errors import BadInput, BadModel

TALK = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "Where is it?"},
    {"role": "assistant", "content": "Here."},
    {"role": "user", "content": "And now?"},
    {"role": "assistant", "content": "There."},
]
#: As LLaVA-OneVision: the space after the role is missing at the end of a prompt.
SPACED = (
    "{% for m in messages %}<|im_start|>{{ m['role'] + ' ' }}{% for c in m['content'] %}"
    "{% if c['type'] == 'image' %}<image>{% else %}{{ '\\n' + c['text'] }}{% endif %}{% endfor %}<|im_end|>{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)


def said(text: str, spans: list[tuple[int, int]]) -> list[str]:
    return [text[start:end] for start, end in spans]


@pytest.mark.parametrize("template", ["chatml", "bare"])
def test_every_answer_begins_where_its_prompt_ends_and_has_an_end(template: str, processors: Any) -> None:
    processor = processors("byte", template)
    chat = training_text(processor, TALK)
    assert [answer.lstrip() for answer in said(chat.text, chat.answers)] == ["Here.<|im_end|>", "There.<|im_end|>"]
    assert chat.text.startswith(prompt_text(processor, TALK[:2]))
    assert chat.text[: chat.answers[0][0]] == prompt_text(processor, TALK[:2])
    assert chat.text.endswith("There.<|im_end|>")


def test_words_that_end_with_a_special_token_are_not_taken_for_the_end(processors: Any) -> None:
    talk = [TALK[1], {"role": "assistant", "content": "Here <|im_start|>"}]
    chat = training_text(processors("byte", "bare"), talk)
    assert said(chat.text, chat.answers) == [" Here <|im_start|><|im_end|>"]


def test_where_white_space_differs_training_shows_the_prompts(processors: Any) -> None:
    own = processors("byte", "chatml")
    processor = SimpleNamespace(
        tokenizer=own.tokenizer,
        chat_template=SPACED,
        apply_chat_template=lambda chat, **options: own.apply_chat_template(chat, chat_template=SPACED, **options),
    )
    chat = training_text(processor, TALK)
    assert said(chat.text, chat.answers) == ["Here.<|im_end|>", "There.<|im_end|>"]
    assert chat.text[: chat.answers[0][0]] == prompt_text(processor, TALK[:2])
    assert chat.text.count("<|im_start|>assistant\n") == 2
    assert chat.text.count("<|im_start|>user \n") == 1  # the second turn; the first has its picture there


def test_the_end_of_a_turn_is_the_templates_or_else_the_sequences(processors: Any) -> None:
    assert end_of_turn(processors("byte", "chatml")) == "<|im_end|>"
    assert end_of_turn(processors("byte", "bare")) == "<|im_end|>"
    with pytest.raises(BadModel, match="rewrites earlier text"):
        end_of_turn(processors("byte", "unstable"))


def test_a_conversation_needs_an_answer_and_a_processor_a_template(processors: Any) -> None:
    processor = processors()
    assert not takes_suffix(processor)
    with pytest.raises(BadInput, match="no assistant turn"):
        training_text(processor, TALK[:2])
    with pytest.raises(BadModel, match="no chat template"):
        prompt_text(SimpleNamespace(tokenizer=processor.tokenizer, chat_template=None), TALK[:2])
