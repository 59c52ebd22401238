"""The one thread that runs the model: rows in, answers out, in batches that form by themselves."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Sequence

import torch

from twist_scout.errors import first_line
from twist_scout.serving.answering import cancelled
from twist_scout.serving.errors import ApiError, stopping
from twist_scout.serving.limits import Limits
from twist_scout.serving.logs import log
from twist_scout.serving.metrics import Metrics
from twist_scout.serving.model import RowModel
from twist_scout.serving.rows import Row


class Worker:
    """Batches rows and answers them.

    The oldest row is always in the next batch, so none waits for ever. Rows of its mode fill the batch up, then others, each in
    the order in which they came: a batch takes as long as its longest answer, and answers of one mode are of similar length. A
    batch starts when it is full, or when the oldest row has waited for ``limits.wait``: while the model is busy that has usually
    passed, and everything that came meanwhile goes together.

    Args:
        model: what answers; only this thread uses it.
        limits: of a batch.
        metrics: where batches are counted.
    """

    def __init__(self, model: RowModel, limits: Limits, metrics: Metrics) -> None:
        self.model = model
        self._limits = limits
        self._metrics = metrics
        self._waiting: deque[Row] = deque()
        self._running: Sequence[Row] = ()
        self._changed = threading.Condition()
        self._closing = self._abandoned = False
        self._thread = threading.Thread(target=self._run, name="model", daemon=True)
        self._seconds_per_row = 0.0

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether somebody answers."""
        return self._thread.is_alive()

    @property
    def waiting(self) -> int:
        """Rows that wait for a batch."""
        return len(self._waiting)

    @property
    def running(self) -> int:
        """Rows of the batch that is being answered, as far as they are not finished."""
        return sum(not row.settled for row in self._running)

    def seconds_for(self, rows: int) -> float:
        """How long so many rows will about take, by what the last batches took."""
        return rows * self._seconds_per_row

    def submit(self, row: Row) -> None:
        """Queue a row; it will be told its answer, whatever happens."""
        with self._changed:
            if not (self._closing or self._abandoned):
                self._waiting.append(row)
                self._changed.notify()
                return
        row.fail(stopping())

    def close(self, timeout: float | None = None) -> None:
        """Answer what was submitted, then end."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        if self._thread.ident is not None:
            self._thread.join(timeout)

    def abandon(self) -> None:
        """Give up: what waits is told so, what runs ends with its next token."""
        with self._changed:
            self._abandoned = self._closing = True
            rows = [*self._waiting, *self._running]
            self._waiting.clear()
            self._changed.notify()
        for row in rows:
            row.cancelled = True
            row.fail(stopping())

    def _run(self) -> None:
        while rows := self._next():
            self._running = rows
            began = time.monotonic()
            self._metrics.batch_rows.observe(len(rows))
            self._metrics.batches.labels(str(len({row.adapter for row in rows}) > 1).lower()).inc()
            try:
                self._answer(rows)
            finally:
                for row in rows:
                    row.fail(_lost())  # none is left behind: those that have their answer ignore this
                self._running = ()
            seconds = (time.monotonic() - began) / len(rows)
            self._seconds_per_row = (
                seconds if not self._seconds_per_row else 0.8 * self._seconds_per_row + 0.2 * seconds
            )

    def _next(self) -> list[Row]:
        """The rows of the next batch; none when it is time to end."""
        with self._changed:
            while True:
                self._drop_cancelled()
                if not self._waiting:
                    if self._closing:
                        return []
                    self._changed.wait()
                    continue
                oldest = self._waiting[0]
                kind = self.model.kind(oldest)
                alike = [row for row in self._waiting if self.model.kind(row) == kind]
                chosen = sorted(alike, key=lambda row: row.adapter != oldest.adapter)[: self._limits.batch]
                left = oldest.arrived + self._limits.wait - time.monotonic()
                if len(chosen) == self._limits.batch or left <= 0 or self._closing:
                    taken = set(map(id, chosen))
                    self._waiting = deque(row for row in self._waiting if id(row) not in taken)
                    return chosen
                self._changed.wait(left)

    def _drop_cancelled(self) -> None:
        if any(row.cancelled for row in self._waiting):
            for row in self._waiting:
                if row.cancelled:
                    row.fail(cancelled())
            self._waiting = deque(row for row in self._waiting if not row.cancelled)

    def _answer(self, rows: Sequence[Row]) -> None:
        """Answer rows; where that fails, in smaller batches, so that one bad row is alone with its failure."""
        try:
            self.model.answer(rows)
            return
        except Exception as error:  # a model's code may raise anything, and the next request is not to blame
            failure = error
        if not isinstance(failure, ApiError):
            self._metrics.failures.inc()
            log("batch failed", "warning", rows=len(rows), error=f"{type(failure).__name__}: {first_line(failure)}")
        if isinstance(failure, torch.OutOfMemoryError) and torch.cuda.is_available():
            torch.cuda.empty_cache()
        again = []
        for row in rows:
            if len(rows) == 1 or row.begun:  # what was streamed cannot be taken back
                row.fail(failure if isinstance(failure, ApiError) else _failed(failure))
            elif not row.settled:
                again.append(row)
        middle = (len(again) + 1) // 2
        for part in (again[:middle], again[middle:]):
            if part:
                self._answer(part)


def _failed(error: Exception) -> ApiError:
    if isinstance(error, torch.OutOfMemoryError):
        told = "This request does not fit into the memory of the server's device: send a smaller picture or a shorter text."
        return ApiError(400, told, code="out_of_memory")
    return ApiError(500, "The model failed on this request; the server's log says how.", code="model_failed")


def _lost() -> ApiError:
    return ApiError(500, "The model gave no answer.", code="model_failed")
