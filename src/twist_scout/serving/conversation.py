"""From a request's messages to what this project's models take: turns of plain text, and one picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from twist_scout.serving.errors import bad
from twist_scout.serving.protocol import ImagePart, Message, TextPart


@dataclass(frozen=True, slots=True)
class Conversation:
    """What a model is asked.

    Attributes:
        turns: ``{"role", "content"}``, content being a string; the last is the user's.
        picture: where the picture is; None without one. Training puts pictures at the start of the first user turn, and so
            does the server, whichever turn a picture came with.
        prompt: what the user said last: the router decides by this.
    """

    turns: list[dict[str, str]]
    picture: str | None
    prompt: str


def read_conversation(messages: Sequence[Message], marks: Sequence[str] = ()) -> Conversation:
    """Bring messages into the form that models take.

    Args:
        messages: of a request.
        marks: what a model reads as a picture when it stands in a text.

    Raises:
        ApiError: status 400: the last turn is not the user's or says nothing, a text holds such a mark, there is more than
            one picture, or a picture is not in a user's turn.
    """
    turns: list[dict[str, str]] = []
    pictures: dict[str, None] = {}
    for number, message in enumerate(messages):
        parts = message.content
        if not isinstance(parts, list):
            parts = [TextPart(type="text", text=parts or "")]
        shown = [part.image_url.url for part in parts if isinstance(part, ImagePart)]
        if shown and message.role != "user":
            raise bad("Pictures go into messages of the user.", f"messages.{number}.content")
        pictures |= dict.fromkeys(shown)
        text = "\n".join(part.text for part in parts if isinstance(part, TextPart))
        _check(text, marks, f"messages.{number}.content")
        turns.append({"role": "system" if message.role == "developer" else message.role, "content": text})
    last = len(turns) - 1
    if turns[last]["role"] != "user":
        raise bad("The last message has to be the user's: it is what will be answered.", f"messages.{last}.role")
    if not turns[last]["content"].strip():
        told = "The prompt is empty: say what to look for or ask a question."
        raise bad(told, f"messages.{last}.content")
    if len(pictures) > 1:
        told = f"There are {len(pictures)} pictures: a conversation is about one, whose pixels the boxes count."
        raise bad(told, "messages", "too_many_images")
    return Conversation(turns, next(iter(pictures), None), turns[last]["content"])


def fold_system(turns: Sequence[dict[str, str]]) -> list[dict[str, str]]:
    """The turns for a template that has no place for system messages: they stand above the next user turn's text."""
    folded: list[dict[str, str]] = []
    pending: list[str] = []
    for turn in turns:
        if turn["role"] == "system":
            pending.append(turn["content"])
        elif turn["role"] == "user" and pending:
            folded.append({"role": "user", "content": "\n\n".join([*pending, turn["content"]])})
            pending = []
        else:
            folded.append(turn)
    return folded


def _check(text: str, marks: Sequence[str], where: str) -> None:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise bad("The text holds half a character (a lone surrogate).", where) from error
    if held := [mark for mark in marks if mark in text]:
        raise bad(f"The text holds {held[0]!r}, which this model reads as a picture: take it out.", where)
