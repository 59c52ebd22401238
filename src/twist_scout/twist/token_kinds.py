"""What each token of a batch is: a piece of the picture, of a box, or of the words around them."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from twist_scout.boxes.dialects import Dialect, get_dialect

#: ``box digits`` are tokens with a digit inside a box that the dialect can find. The brackets and
#: commas of a box are ``text``, as are all other words of the prompt and of the answer.
KINDS = ("image", "text", "box digits")
IMAGE, TEXT, BOX_DIGITS = range(len(KINDS))
#: Stands where a batch is padded.
PADDING = -1

_IMAGE_TOKENS = ("image_token_id", "image_token_index", "video_token_id", "video_token_index")


def image_token_ids(config: Any) -> set[int]:
    """Ids that stand for a piece of a picture, as a model's config names them; none if it names none."""
    named = (getattr(config, name, None) for name in _IMAGE_TOKENS)
    return {value for value in named if isinstance(value, int) and not isinstance(value, bool)}


def token_kinds(
    input_ids: Tensor,
    attention_mask: Tensor | None = None,
    *,
    tokenizer: Any,
    image_ids: set[int],
    dialect: str | Dialect = "scout",
) -> Tensor:
    """The kind of every token.

    Boxes are looked for in the text that the tokens spell, so any batch will do: prompts, training
    rows or generated answers.

    Args:
        input_ids: (batch, tokens).
        attention_mask: (batch, tokens), 0 for padding; None: there is none.
        tokenizer: spells the tokens.
        image_ids: the tokens that stand for pictures, from :func:`image_token_ids`.
        dialect: how boxes are written.

    Returns:
        (batch, tokens), indices into :data:`KINDS`, and :data:`PADDING`.
    """
    codec = get_dialect(dialect)
    spelling: dict[int, str] = {}
    kinds = torch.full_like(input_ids, PADDING, device="cpu")
    for row, ids in enumerate(input_ids.tolist()):
        for number in set(ids) - spelling.keys():
            spelling[number] = "" if number in image_ids else tokenizer.decode([number])
        kinds[row] = torch.tensor(_kinds_of_row(ids, spelling, image_ids, codec))
    if attention_mask is not None:
        kinds[attention_mask.cpu() == 0] = PADDING
    return kinds.to(input_ids.device)


def _kinds_of_row(ids: list[int], spelling: dict[int, str], image_ids: set[int], dialect: Dialect) -> list[int]:
    pieces = [spelling[number] for number in ids]
    kinds = [IMAGE if number in image_ids else TEXT for number in ids]
    spans = iter(dialect.find("".join(pieces)))
    span, start = next(spans, None), 0
    for place, piece in enumerate(pieces):
        end = start + len(piece)
        while span is not None and span.end <= start:
            span = next(spans, None)
        if span is None:
            break
        inside = piece[max(0, span.start - start) : span.end - start]  # a token may reach out of its box
        if any(character.isdigit() for character in inside):
            kinds[place] = BOX_DIGITS
        start = end
    return kinds
