"""The model that lmms-eval runs. It is imported by lmms-eval, and needs it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from lmms_eval.api.model import lmms  # type: ignore[import-not-found]
from loguru import logger  # type: ignore[import-not-found]
from PIL import Image
from tqdm import tqdm  # type: ignore[import-untyped]

from twist_scout.boxes.dialects import get_dialect
from twist_scout.data.images import load_image
from twist_scout.errors import BadConfig, BadInput
from twist_scout.integrations.lmms_eval.suite import AUTO, SuiteGrounder, SuiteRequest, SuiteRunner, settings_of
from twist_scout.routing import Router

_MARK = "<image>"
_DTYPES = {"bfloat16": torch.bfloat16, "float16": torch.float16, "float32": torch.float32}


class TwistScout(lmms):
    """A vision-language model with or without a TWIST adapter.

    Args of ``--model_args``:
        base: model folder or hub id; ``pretrained`` is understood as well. Without it, the base that the adapter names.
        adapter: adapter folder; without it, the base alone.
        mode: ``understanding`` runs the base alone, ``grounding`` the adapter; with ``auto`` the router decides for each
            request by its prompt.
        router: folder of a router of your own; the one that ships with the package if not given.
        dialect: how the model writes boxes; by default as its adapter was trained to.
        boxes: rewrite the boxes of answers in this dialect, of the whole picture: the tasks of RefCOCO want ``llava``
            (four numbers from 0 to 1) or ``pixels``.
        dtype: of the weights: ``bfloat16``, ``float16``, ``float32``; as saved if not given.
        device: ``cpu``, ``cuda``, ...; a GPU where there is one if not given.
    """

    is_simple = True

    def __init__(
        self,
        base: str | None = None,
        adapter: str | None = None,
        mode: str = AUTO,
        *,
        pretrained: str | None = None,
        router: str | None = None,
        dialect: str | None = None,
        boxes: str | None = None,
        dtype: str | None = None,
        device: str | None = None,
        batch_size: int | str | None = 1,
        max_batch_size: int | None = None,
        **unknown: Any,
    ) -> None:
        super().__init__()
        if unknown:
            known = "base, adapter, mode, router, dialect, boxes, dtype, device"
            raise BadConfig(f"The model twist_scout knows no {', '.join(unknown)}: its arguments are {known}.")
        if base is not None and pretrained is not None and base != pretrained:
            raise BadConfig("Both base and pretrained name the base: give one of them.")
        if not str(batch_size or 1).isdecimal():
            raise BadConfig(f"The batch size is a number, not {batch_size!r}: give --batch_size 8, for instance.")
        weights = _DTYPES.get(dtype) if dtype else None
        if dtype and weights is None:
            raise BadConfig(f"There is no dtype {dtype!r}: choose bfloat16, float16 or float32.")
        if boxes is not None:
            get_dialect(boxes)  # a wrong name shows before a model is loaded
        self.accelerator = Accelerator()
        if self.accelerator.num_processes > 1:
            device = str(self.accelerator.device)
        chosen = Router(router) if router is not None else None
        grounder = SuiteGrounder.from_pretrained(
            base or pretrained, adapter, device, dtype=weights, dialect=dialect, router=chosen
        )
        self._device = grounder.device
        self.runner: SuiteRunner | None = SuiteRunner(grounder, mode, boxes, int(batch_size or 1))
        self._rank, self._world_size = self.accelerator.process_index, self.accelerator.num_processes
        self._warned: set[str] = set()

    @property
    def device(self) -> torch.device:
        """Where the model is."""
        return self._device

    @property
    def batch_size(self) -> int:
        """Requests at a time."""
        return self._running().batch_size

    def generate_until(self, requests: Sequence[Any]) -> list[str]:
        """An answer to each request, in order."""
        runner = self._running()
        asked = [self._asked(*request.args) for request in requests]
        with tqdm(total=len(asked), disable=self.rank != 0, desc="Answering") as bar:

            def done(number: int, text: str) -> None:
                context, options = requests[number].args[:2]
                self.cache_hook.add_partial("generate_until", (context, options), text)
                bar.update()

            answers = runner.answers(asked, done)
        logger.info("answered by: {}", dict(runner.routed))
        return answers

    def loglikelihood(self, requests: Sequence[Any]) -> list[tuple[float, bool]]:
        """Mean negative log-likelihood of each continuation, which lmms-eval wants small, and whether it is greedy's own."""
        runner = self._running()
        found = []
        for request in tqdm(requests, disable=self.rank != 0, desc="Weighing"):
            if len(request.args) != 6:
                raise BadInput("This task weighs answers without their question, which twist_scout does not do.")
            context, target, visuals, doc_id, task, split = request.args
            continuation = target if isinstance(target, str) else str(target(self.task_dict[task][split][doc_id]))
            found.append(runner.loss(self._asked(context, {}, visuals, doc_id, task, split), continuation))
        return found

    def generate_until_multi_round(self, requests: Sequence[Any]) -> list[str]:
        """Conversations of several rounds are not for this model.

        Raises:
            BadInput: always.
        """
        raise BadInput("twist_scout answers single questions: choose a task of one round.")

    def clean(self) -> None:
        """Let go of the model."""
        self.runner = None
        super().clean()

    def _running(self) -> SuiteRunner:
        if self.runner is None:
            raise BadInput("The model was cleaned away: make a new one.")
        return self.runner

    def _asked(
        self, context: str, options: dict[str, Any], visuals: Callable[[Any], Any], doc_id: int, task: str, split: str
    ) -> SuiteRequest:
        tokens, until, undone = settings_of(options)
        for name in undone:
            if name not in self._warned:
                self._warned.add(name)
                logger.warning("{} asks for {}; twist_scout answers greedily", task, name)
        doc = self.task_dict[task][split][doc_id]
        shown = visuals(doc) or []
        shown = list(shown) if isinstance(shown, (list, tuple)) else [shown]
        if len(shown) > 1:
            raise BadInput(f"The task {task} shows {len(shown)} pictures at once, where twist_scout sees one.")
        prompt = context.replace(_MARK, " ").strip() if _MARK in context else context
        load = _loader(shown[0], task) if shown else None
        return SuiteRequest(prompt, load, tokens, until)


def _loader(shown: Any, task: str) -> Callable[[], Image.Image]:
    if isinstance(shown, Image.Image | str | Path | bytes):
        return lambda: load_image(shown)
    raise BadInput(f"The task {task} shows a {type(shown).__name__}, where twist_scout sees pictures.")
