"""Prompts in the form of a model's own chat template, also of one that knows no system turn."""

from __future__ import annotations

from typing import Any

import jinja2

Turns = list[dict[str, Any]]


def chat_turns(template_owner: Any, turns: Turns) -> str:
    """What the chat template makes of a conversation, up to where the answer begins.

    Where the template refuses a system turn, its words go in front of the first user turn.

    Args:
        template_owner: a tokenizer or processor with a chat template.
        turns: ``{"role", "content"}`` each; the content is a string or a list of parts.
    """
    try:
        return _apply(template_owner, turns)
    except jinja2.TemplateError:
        if not turns or turns[0]["role"] != "system":
            raise
        return _apply(template_owner, _without_system(turns))


def _apply(owner: Any, turns: Turns) -> str:
    return str(owner.apply_chat_template(turns, add_generation_prompt=True, tokenize=False))


def _without_system(turns: Turns) -> Turns:
    system, first, *others = turns
    said, content = _words(system["content"]), first["content"]
    if isinstance(content, str):
        merged: Any = f"{said}\n\n{content}"
    else:
        at = next(i for i, part in enumerate(content) if part["type"] == "text")
        words = {"type": "text", "text": f"{said}\n\n{content[at]['text']}"}
        merged = [*content[:at], words, *content[at + 1 :]]
    return [{**first, "content": merged}, *others]


def _words(content: Any) -> str:
    return content if isinstance(content, str) else "".join(part.get("text", "") for part in content)
