"""Many questions about one picture in one row: the picture's tokens are computed once.

Most tokens of a grounding example are the picture's. Examples that share a picture also share everything up to the end of
its tokens, so a row can hold that prefix once and the rest of each example behind it::

    picture, question 1, answer 1, question 2, answer 2, ...

    what a token of example 2 sees:   picture | question 2, answer 2 up to itself

With a block mask and positions that start again behind the picture, every example computes exactly what it computes alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.utils.data import Dataset

from twist_scout.data.collator import IGNORED, GroundingCollator
from twist_scout.data.records import Example
from twist_scout.errors import BadConfig, BadInput


class GroupedByPicture(Dataset[list[Example]]):
    """Examples of a data set in groups that share a picture.

    Args:
        examples: a map-style data set of examples.
        per_row: the most examples in one group.
    """

    def __init__(self, examples: Dataset[Example], per_row: int) -> None:
        if per_row < 1:
            raise BadConfig(f"A row holds at least one example, not {per_row}.")
        self.examples = examples
        members: dict[str, list[int]] = defaultdict(list)
        for index in range(len(examples)):  # type: ignore[arg-type]
            members[examples[index].image].append(index)
        self._groups = [
            group[start : start + per_row]
            for group in members.values()
            for start in range(0, len(group), per_row)
        ]

    def __len__(self) -> int:
        return len(self._groups)

    def __getitem__(self, index: int) -> list[Example]:
        """The examples of group ``index``."""
        return [self.examples[i] for i in self._groups[index]]


class PackingCollator:
    """Turns groups of examples that share a picture into a batch with one row per group.

    The batch holds ``input_ids``, ``labels``, ``step_ids`` and ``position_ids`` ``(groups, tokens)``, ``attention_mask``
    ``(groups, 1, tokens, tokens)`` booleans, true where attention is allowed, and the picture inputs, one picture a group.

    Args:
        collator: makes the batch of single examples that is packed.

    Fits decoders with plain positions; models with three-axis positions (Qwen2-VL and kin) train unpacked.
    """

    def __init__(self, collator: GroundingCollator) -> None:
        if collator.max_length is not None:
            raise BadConfig("max_length does not go with packing: leave one of the two out.")
        self.collator = collator

    def __call__(self, groups: Sequence[Sequence[Example]]) -> dict[str, Tensor]:
        """Build the batch of these groups.

        Raises:
            BadInput: examples of a group differ before the end of their picture, or the processor returns inputs per token
                that packing does not know.
        """
        flat = [example for group in groups for example in group]
        batch = self.collator(flat)
        tokens = {k: batch.pop(k) for k in ("input_ids", "attention_mask", "labels", "step_ids")}
        firsts = torch.tensor([sum(map(len, groups[:n])) for n in range(len(groups))])
        pictures = {}
        for key, value in batch.items():
            if len(value) != len(flat) or value.shape[:2] == tokens["input_ids"].shape:
                raise BadInput(
                    f"The processor returns {key!r} in a form that cannot be packed: train with pack=1."
                )
            pictures[key] = value[firsts]
        rows = []
        for first, group in zip(firsts.tolist(), groups, strict=True):
            members = {k: v[first : first + len(group)] for k, v in tokens.items()}
            rows.append(_pack_row(members, self._prefix(members, group)))
        return {**_stack(rows, self.collator.processor.tokenizer.pad_token_id), **pictures}

    def _prefix(self, members: dict[str, Tensor], group: Sequence[Example]) -> int:
        """Length of what all members share; the whole picture must be in it."""
        ids = members["input_ids"]
        picture = self.collator.processor.image_token_id
        same = (ids == ids[:1]).all(0) & (members["labels"] == IGNORED).all(0)
        shared = int(same.long().cumprod(0).sum())
        last = int((ids[0] == picture).nonzero()[-1])
        if last >= shared:
            names = ", ".join(repr(e.id) for e in group)
            raise BadInput(
                f"Examples {names} cannot be packed: they do not share their picture's tokens."
            )
        return last + 1


def _pack_row(members: dict[str, Tensor], prefix: int) -> dict[str, Tensor]:
    """One packed row, unpadded; ``owner`` is 0 for the prefix and n for the n-th example."""
    real = members["attention_mask"].bool()
    real[:, :prefix] = False
    owner = real.long() * torch.arange(1, len(real) + 1)[:, None]
    place = torch.arange(real.shape[1]).expand_as(real)

    def joined(head: Tensor, rest: Tensor) -> Tensor:
        return torch.cat([head[:prefix], rest[real]])

    return {
        "input_ids": joined(members["input_ids"][0], members["input_ids"]),
        "labels": joined(members["labels"][0], members["labels"]),
        "step_ids": joined(members["step_ids"][0], members["step_ids"]),
        "position_ids": joined(place[0], place),
        "owner": joined(torch.zeros_like(owner[0]), owner),
    }


def _stack(rows: list[dict[str, Tensor]], pad: int) -> dict[str, Tensor]:
    """Pad rows on the right and write the block mask."""
    fill = {"input_ids": pad, "labels": IGNORED, "step_ids": 0, "position_ids": 0, "owner": -1}
    out = {
        key: torch.nn.utils.rnn.pad_sequence(
            [row[key] for row in rows], batch_first=True, padding_value=value
        )
        for key, value in fill.items()
    }
    owner = out.pop("owner")
    length = owner.shape[1]
    causal = torch.ones(length, length, dtype=torch.bool).tril()
    own = (owner[:, :, None] == owner[:, None, :]) | (owner[:, None, :] == 0)
    out["attention_mask"] = (own & causal & (owner[:, :, None] >= 0) & (owner[:, None, :] >= 0))[
        :, None
    ]
    return out
