from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from PIL import Image

from twist_scout.data.chat import prompt_text
from twist_scout.serving.limits import Limits
from twist_scout.serving.metrics import Metrics
from twist_scout.serving.model import RowModel
from twist_scout.serving.rows import Done, Event, Failed, Piece, Row
from twist_scout.serving.worker import Worker

from ..conftest import ADAPTER_ANSWER, BASE_ANSWER

PICTURE = Image.new("RGB", (60, 40), "red")
PATIENCE = 60


class Asked:
    """A row that remembers what it is told, and can be waited for."""

    def __init__(self, model: RowModel, mode: str = "understanding", picture: Any = PICTURE, **options: Any) -> None:
        self.events: list[Event] = []
        self.over = threading.Event()
        text = options.pop("text", None)
        if text is None:
            text = prompt_text(
                model.processor, [{"role": "user", "content": "What is it?"}], 0 if picture is None else 1
            )
        self.row = Row(text, picture, mode, model.adapter_of(mode), self._tell, **options)

    def _tell(self, event: Event) -> None:
        self.events.append(event)
        if not isinstance(event, Piece):
            self.over.set()

    @property
    def end(self) -> Done | Failed:
        assert self.over.wait(PATIENCE)
        last = self.events[-1]
        assert isinstance(last, (Done, Failed))
        return last

    @property
    def done(self) -> Done:
        assert isinstance(self.end, Done), self.end
        return self.end

    @property
    def status(self) -> int:
        assert isinstance(self.end, Failed), self.end
        return self.end.error.status


@pytest.fixture
def worker(tiny: RowModel) -> Iterator[Worker]:
    made = Worker(tiny, Limits(batch=4, wait=0.05), Metrics())
    yield made
    made.close(PATIENCE)


def test_what_waits_goes_together_the_oldest_and_rows_of_its_mode_first(worker: Worker, tiny: RowModel) -> None:
    asked = [Asked(tiny, ("understanding", "grounding")[n % 2]) for n in range(6)]
    for one in asked:
        worker.submit(one.row)
    worker.start()
    assert [one.done.rows for one in asked] == [4, 4, 4, 2, 4, 2], "0, 2, 4 and 1 together; then 3 and 5"
    assert [one.done.mixed for one in asked] == [True, True, True, False, True, False]
    assert [one.done.text for one in asked] == [BASE_ANSWER, ADAPTER_ANSWER] * 3


def test_a_lonely_row_waits_no_longer_than_it_has_to(worker: Worker, tiny: RowModel) -> None:
    worker.start()
    asked = Asked(tiny)
    worker.submit(asked.row)
    assert asked.done.rows == 1
    assert 0.05 <= asked.done.waited < 5


def test_rows_that_come_within_the_wait_share_a_batch(tiny: RowModel) -> None:
    worker = Worker(tiny, Limits(batch=2, wait=PATIENCE), Metrics())
    worker.start()
    first, second = Asked(tiny), Asked(tiny)
    worker.submit(first.row)
    time.sleep(0.05)
    assert not first.over.is_set()
    worker.submit(second.row)  # the batch is full
    assert (first.done.rows, second.done.rows) == (2, 2)
    worker.close(PATIENCE)


def test_rows_without_pictures_go_apart_and_none_is_overtaken_for_ever(worker: Worker, tiny: RowModel) -> None:
    asked = [Asked(tiny, picture=PICTURE if n % 2 else None) for n in range(8)]
    for one in asked:
        worker.submit(one.row)
    worker.start()
    assert [one.done.rows for one in asked] == [4] * 8


def test_a_row_that_the_processor_refuses_is_alone_with_that(worker: Worker, tiny: RowModel) -> None:
    """Two marks for pictures, and one picture."""
    asked = [Asked(tiny), Asked(tiny, text="user: <image><image>?\nassistant: "), Asked(tiny, "grounding"), Asked(tiny)]
    for one in asked:
        worker.submit(one.row)
    worker.start()
    assert asked[1].status == 400
    assert [asked[n].done.text for n in (0, 2, 3)] == [BASE_ANSWER, ADAPTER_ANSWER, BASE_ANSWER]


def test_a_model_that_fails_on_a_row_answers_the_others_and_goes_on(
    worker: Worker, tiny: RowModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    generate = type(tiny.model).generate

    def failing(self: Any, **inputs: Any) -> Any:
        text = tiny.processor.tokenizer.decode(inputs["input_ids"].flatten())
        if "!" in text:
            raise torch.OutOfMemoryError("no room") if "!!" in text else RuntimeError("device-side trouble")
        return generate(self, **inputs)

    monkeypatch.setattr(type(tiny.model), "generate", failing)
    texts = ["a", "b!", "c", "d!!"]
    asked = [Asked(tiny, text=f"user: <image>{text}\nassistant: ") for text in texts]
    for one in asked:
        worker.submit(one.row)
    worker.start()
    assert [asked[n].done.text for n in (0, 2)] == [BASE_ANSWER] * 2
    assert [asked[n].status for n in (1, 3)] == [500, 400]
    again = Asked(tiny)
    worker.submit(again.row)
    assert again.done.text == BASE_ANSWER


def test_what_was_streamed_is_not_told_twice(worker: Worker, tiny: RowModel) -> None:
    """A batch fails half-way: its stream ends with an error, the other row is answered after all."""
    streamed, whole = Asked(tiny, "grounding", stream=True), Asked(tiny, "grounding")
    tell = streamed.row.tell

    def failing(event: Event) -> None:
        tell(event)
        if len(streamed.events) == 3:
            raise RuntimeError("late trouble")

    streamed.row.tell = failing
    for one in (streamed, whole):
        worker.submit(one.row)
    worker.start()
    assert streamed.status == 500
    assert len(streamed.events) == 4
    assert (whole.done.text, whole.done.rows) == (ADAPTER_ANSWER, 1)


def test_cancelled_rows_do_not_reach_the_model(worker: Worker, tiny: RowModel) -> None:
    asked = [Asked(tiny) for _ in range(3)]
    for one in asked:
        worker.submit(one.row)
    asked[1].row.cancelled = True
    worker.start()
    assert asked[1].status == 499
    assert [asked[0].done.rows, asked[2].done.rows] == [2, 2]


def test_a_running_row_ends_when_nobody_wants_it(babbler: RowModel) -> None:
    worker = Worker(babbler, Limits(wait=0), Metrics())
    worker.start()
    asked = Asked(babbler, stream=True, max_tokens=400)
    asked.row.tell = lambda event: (setattr(asked.row, "cancelled", True), asked._tell(event))[1]  # type: ignore[func-returns-value]
    worker.submit(asked.row)
    assert asked.status == 499
    assert len(asked.events) <= 3
    worker.close(PATIENCE)


def test_closing_finishes_what_was_submitted_and_takes_no_more(worker: Worker, tiny: RowModel) -> None:
    asked = [Asked(tiny) for _ in range(6)]
    for one in asked:
        worker.submit(one.row)
    worker.start()
    worker.close(PATIENCE)
    assert not worker.alive
    assert all(one.over.is_set() and one.done.text == BASE_ANSWER for one in asked)
    late = Asked(tiny)
    worker.submit(late.row)
    assert late.status == 503


def test_giving_up_tells_everybody_and_ends_soon(babbler: RowModel) -> None:
    worker = Worker(babbler, Limits(batch=1, wait=0), Metrics())
    worker.start()
    asked = [Asked(babbler, stream=True, max_tokens=400) for _ in range(3)]
    for one in asked:
        worker.submit(one.row)
    while not asked[0].events:
        time.sleep(0.001)
    worker.abandon()
    assert [one.status for one in asked] == [503] * 3
    worker.close(PATIENCE)
    assert not worker.alive


def test_batches_are_counted(tiny: RowModel) -> None:
    metrics = Metrics()
    worker = Worker(tiny, Limits(batch=4, wait=0.05), metrics)
    asked = [Asked(tiny, ("understanding", "grounding")[n % 2]) for n in range(4)]
    for one in asked:
        worker.submit(one.row)
    worker.start()
    worker.close(PATIENCE)
    text = metrics.text().decode()
    assert 'twist_scout_batches_total{mixed="true"} 1.0' in text
    assert "twist_scout_batch_rows_sum 4.0" in text
    assert worker.seconds_for(8) > worker.seconds_for(4) > 0
