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

import numpy as np
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
            group[start : start + per_row] for group in members.values() for start in range(0, len(group), per_row)
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
        batch = self.collator([group[0] for group in groups])
        ids = batch.pop("input_ids")
        real = batch.pop("attention_mask").bool()
        for known in ("labels", "step_ids"):
            batch.pop(known)
        for key, value in batch.items():
            if len(value) != len(groups) or value.shape[:2] == ids.shape:
                raise BadInput(f"The processor returns {key!r} in a form that cannot be packed: train with pack=1.")
        rows = [self._row(ids[n][real[n]], group) for n, group in enumerate(groups)]
        return {**_stack(rows, self.collator.processor.tokenizer.pad_token_id), **batch}

    def _row(self, first: Tensor, group: Sequence[Example]) -> dict[str, Tensor]:
        """One packed row, unpadded.

        The first example has been through the processor, which gives the picture's tokens; of the others only what follows
        the picture is new. ``owner`` is 0 for the prefix and n for the n-th example.

        Args:
            first: (tokens,) ids of the first example.
            group: all examples of the row.
        """
        picture = self.collator.processor.image_token_id
        prefix = int((first == picture).nonzero()[-1]) + 1
        parts = {
            "input_ids": [first[:prefix]],
            "labels": [torch.full((prefix,), IGNORED)],
            "step_ids": [torch.zeros(prefix, dtype=torch.long)],
            "position_ids": [torch.arange(prefix)],
            "owner": [torch.zeros(prefix, dtype=torch.long)],
        }
        head: list[int] | None = None
        for n, example in enumerate(group, start=1):
            ids, steps = self.collator.tokens(example)
            begin = int(np.flatnonzero(ids == picture)[-1]) + 1
            rest, numbers = torch.from_numpy(ids[begin:]), torch.from_numpy(steps[begin:])
            if head is None:
                head = ids[:begin].tolist()
            if ids[:begin].tolist() != head or (n == 1 and not torch.equal(rest, first[prefix:])):
                names = ", ".join(repr(e.id) for e in group)
                raise BadInput(
                    f"Examples {names} cannot be packed: they differ before the end of their picture; set pack=1."
                )
            parts["input_ids"].append(rest)
            parts["labels"].append(torch.where(numbers > 0, rest, IGNORED))
            parts["step_ids"].append(numbers)
            parts["position_ids"].append(torch.arange(prefix, prefix + len(rest)))
            parts["owner"].append(torch.full((len(rest),), n))
        return {key: torch.cat(value) for key, value in parts.items()}


def _stack(rows: list[dict[str, Tensor]], pad: int) -> dict[str, Tensor]:
    """Pad rows on the right and write the block mask."""
    fill = {"input_ids": pad, "labels": IGNORED, "step_ids": 0, "position_ids": 0, "owner": -1}
    out = {
        key: torch.nn.utils.rnn.pad_sequence([row[key] for row in rows], batch_first=True, padding_value=value)
        for key, value in fill.items()
    }
    owner = out.pop("owner")
    length = owner.shape[1]
    causal = torch.ones(length, length, dtype=torch.bool).tril()
    own = (owner[:, :, None] == owner[:, None, :]) | (owner[:, None, :] == 0)
    out["attention_mask"] = (own & causal & (owner[:, :, None] >= 0) & (owner[:, None, :] >= 0))[:, None]
    return out
