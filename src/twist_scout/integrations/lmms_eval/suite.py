"""Answers to the requests of a suite: each routed to its expert, like ones together, all in their own order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import torch
from PIL import Image

from twist_scout.boxes.dialects import get_dialect
from twist_scout.boxes.grounded import GroundedText
from twist_scout.errors import BadInput
from twist_scout.predicting.answering import BatchGrounder
from twist_scout.predicting.questions import Mode
from twist_scout.routing.switching import adapter_for

AUTO = "auto"
MAX_NEW_TOKENS = 1024


@dataclass(frozen=True)
class SuiteRequest:
    """One request of a suite.

    Attributes:
        prompt: what is asked.
        picture: loads the picture; None for a request about none.
        max_new_tokens: where to cut a long answer.
        until: texts that end the answer; they are no part of it.
    """

    prompt: str
    picture: Callable[[], Image.Image] | None = None
    max_new_tokens: int = MAX_NEW_TOKENS
    until: tuple[str, ...] = ()


class SuiteGrounder(BatchGrounder):
    """A `BatchGrounder` that also weighs answers which it did not write."""

    def routes(self, mode: str, prompts: Sequence[str]) -> list[Mode]:
        """The mode that answers each prompt: the router's choice where the mode is ``auto``.

        Raises:
            BadConfig: there is no such mode.
        """
        # The router may know more skills than grounding: whatever the name, it is that of an adapter.
        return [cast(Mode, decision.mode) for decision in self.decisions(cast(Any, mode), prompts)]

    @torch.inference_mode()
    def loss(self, picture: Image.Image | None, prompt: str, continuation: str, mode: Mode) -> tuple[float, bool]:
        """Mean negative log-likelihood of a continuation's tokens, and whether greedy search would write it.

        Raises:
            BadInput: the continuation is empty, or the prompt cannot be asked.
        """
        ids = self.processor.tokenizer(continuation, add_special_tokens=False)["input_ids"]
        if not ids:
            raise BadInput("A continuation to weigh is empty: there is nothing to weigh.")
        inputs = _extended(self._prepared([picture], [prompt]), ids)
        with adapter_for(self.model, mode):
            logits = self.model(**inputs).logits
        predicted = logits[0, -len(ids) - 1 : -1].float()  # (tokens, vocabulary)
        wanted = torch.tensor(ids, device=predicted.device)
        loss = torch.nn.functional.cross_entropy(predicted, wanted)
        return float(loss), bool((predicted.argmax(dim=-1) == wanted).all())


class SuiteRunner:
    """Answers requests with a base and its adapter.

    Args:
        grounder: the model.
        mode: which expert answers; with ``auto`` the router decides for each request by its prompt.
        boxes: write the boxes of answers in this dialect, of the whole original picture, instead of the model's own.
        batch_size: requests at a time.

    Attributes:
        routed: how many requests each expert answered.

    Raises:
        BadConfig: there is no such mode, or no such dialect.
    """

    def __init__(
        self, grounder: SuiteGrounder, mode: str = AUTO, boxes: str | None = None, batch_size: int = 1
    ) -> None:
        if boxes is not None:
            get_dialect(boxes)
        grounder.routes(mode, [])
        self.grounder = grounder
        self.mode, self.boxes, self.batch_size = mode, boxes, max(1, batch_size)
        self.routed: Counter[str] = Counter()

    def answers(
        self, requests: Sequence[SuiteRequest], on_answer: Callable[[int, str], None] = lambda number, text: None
    ) -> list[str]:
        """An answer to each request, in order.

        Args:
            requests: what is asked.
            on_answer: told the number of each request, as it is answered, and the answer.

        Raises:
            BadInput: a request cannot be asked; a suite with holes would have a wrong score.
        """
        modes = self.grounder.routes(self.mode, [request.prompt for request in requests])
        found = [""] * len(requests)
        for numbers in _batches(requests, modes, self.batch_size):
            loaders = [requests[number].picture for number in numbers]
            pictures = [None if load is None else load() for load in loaders]
            first = requests[numbers[0]]
            answers = self.grounder.answers(
                pictures,
                [requests[number].prompt for number in numbers],
                modes[numbers[0]],
                max_new_tokens=first.max_new_tokens,
            )
            for number, picture, answer in zip(numbers, pictures, answers, strict=True):
                if answer.error is not None:
                    raise BadInput(f"A request cannot be asked ({answer.error}): {requests[number].prompt[:80]!a}.")
                text = _ended(answer.text, requests[number].until)
                found[number] = self._rewritten(text, picture)
                self.routed[modes[number]] += 1
                on_answer(number, found[number])
        return found

    def loss(self, request: SuiteRequest, continuation: str) -> tuple[float, bool]:
        """How unlikely a continuation is, after the request's own expert.

        Raises:
            BadInput: the continuation is empty, or the request cannot be asked.
        """
        (mode,) = self.grounder.routes(self.mode, [request.prompt])
        self.routed[mode] += 1
        picture = None if request.picture is None else request.picture()
        return self.grounder.loss(picture, request.prompt, continuation, mode)

    def _rewritten(self, text: str, picture: Image.Image | None) -> str:
        if self.boxes is None:
            return text
        frame = None if picture is None else self.grounder.frame_of(*picture.size)
        return GroundedText.parse(text, dialect=self.grounder.dialect, frame=frame).render(self.boxes)


def settings_of(options: Mapping[str, Any]) -> tuple[int, tuple[str, ...], list[str]]:
    """A suite's generation options as ours: tokens, ends, and what of them is not done.

    Answers are greedy: that is what the numbers of all these suites are made with, and what can be repeated.
    """
    tokens = next((options[key] for key in ("max_new_tokens", "max_gen_toks") if options.get(key)), MAX_NEW_TOKENS)
    until = options.get("until") or ()
    ends = (until,) if isinstance(until, str) else tuple(str(end) for end in until)
    undone = []
    if options.get("do_sample") and float(options.get("temperature") or 1.0) > 0:
        undone.append("do_sample")
    if int(options.get("num_beams") or 1) > 1:
        undone.append("num_beams")
    return int(tokens), tuple(end for end in ends if end), undone


def _batches(requests: Sequence[SuiteRequest], modes: Sequence[str], size: int) -> list[list[int]]:
    """Request numbers in batches of one expert and one length limit, with pictures or without, longest prompts first."""
    kinds: dict[tuple[Any, ...], list[int]] = {}
    for number, (request, mode) in enumerate(zip(requests, modes, strict=True)):
        kinds.setdefault((mode, request.picture is None, request.max_new_tokens), []).append(number)
    found = []
    for numbers in kinds.values():
        numbers.sort(key=lambda number: (-len(requests[number].prompt), number))
        found += [numbers[start : start + size] for start in range(0, len(numbers), size)]
    return found


def _ended(text: str, until: Sequence[str]) -> str:
    places = [place for end in until if (place := text.find(end)) >= 0]
    return text[: min(places)] if places else text


def _extended(inputs: Mapping[str, torch.Tensor], ids: Sequence[int]) -> dict[str, torch.Tensor]:
    """The inputs of one prompt with the tokens of an answer behind it; per-token marks of the family go on as for text."""
    tokens = inputs["input_ids"]
    length = tokens.shape[1]
    extended = dict(inputs)
    extended["input_ids"] = torch.cat([tokens, tokens.new_tensor([list(ids)])], dim=1)
    for name, value in inputs.items():
        if name != "input_ids" and value.dim() == 2 and value.shape == (1, length):
            extended[name] = torch.cat([value, value[:, -1:].expand(1, len(ids))], dim=1)
    return extended
