"""What the models are told."""

from __future__ import annotations

import pytest

from twist_scout.errors import BadConfig
from twist_scout.scout.prompts import FIELDS, Prompts


@pytest.mark.parametrize("kind", ["default", "trained"])
@pytest.mark.parametrize("name", FIELDS)
def test_every_shipped_prompt_fills_in_and_ends_with_a_question_to_the_model(kind, name):
    messages = Prompts(kind)[name].messages(**dict.fromkeys(FIELDS[name], "XYZZY"))
    assert messages[-1].role == "user"
    assert "{{" not in "".join(message.text for message in messages)
    roles = [message.role for message in messages if message.role != "system"]
    assert roles == ["user", "assistant"] * (len(roles) // 2) + ["user"]


def test_what_is_filled_in_is_not_read_as_a_template():
    caption = "A sign says {{ 7 * 7 }} {% raw %} <b>"
    assert caption in Prompts()["questions"].messages(description=caption, count=2)[-1].text


def test_own_prompts_take_the_place_of_shipped_ones(tmp_path):
    (tmp_path / "answers.yaml").write_text("version: mine\nuser: '{{ question }} Point!'\n")
    prompts = Prompts(folder=tmp_path)
    assert prompts["answers"].messages(question="Where?", box="-")[0].text == "Where? Point!"
    assert prompts.versions("answers", "captions") == {"answers": "mine", "captions": "1"}


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("answers.yaml", "version: '1'\nuser: '{{ nothing }}'", "cannot be filled in"),
        ("answers.yaml", "version: '1'\nuser: '{{ question'", "cannot be filled in"),
        ("answers.yaml", "version: '1'", "user: Field required"),
        ("answers.yaml", "user: [", "should be YAML"),
        ("poems.yaml", "version: '1'\nuser: x", "no prompt of the engine"),
    ],
)
def test_a_wrong_prompt_is_found_before_the_run(tmp_path, name, text, problem):
    (tmp_path / name).write_text(text)
    with pytest.raises(BadConfig, match=problem):
        Prompts(folder=tmp_path)


def test_a_folder_without_prompts_is_an_error(tmp_path):
    with pytest.raises(BadConfig, match="holds no prompts"):
        Prompts(folder=tmp_path)
