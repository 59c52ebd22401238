"""What the server counts, for Prometheus."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from twist_scout.serving.rows import Done

CONTENT_TYPE = CONTENT_TYPE_LATEST
_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 60, 120)
_ROWS = (1, 2, 4, 8, 16, 32, 64, 128)


class Metrics:
    """Counters of one server."""

    def __init__(self) -> None:
        registry = self._registry = CollectorRegistry()
        self.requests = Counter(
            "twist_scout_requests", "Requests that were answered or refused.", ["status", "mode"], registry=registry
        )
        self.tokens = Counter(
            "twist_scout_tokens", "Tokens read (prompt) and written (completion).", ["kind"], registry=registry
        )
        self.batches = Counter(
            "twist_scout_batches", "Batches; mixed ones hold rows of several modes.", ["mixed"], registry=registry
        )
        self.failures = Counter("twist_scout_batch_failures", "Batches in which the model failed.", registry=registry)
        self.batch_rows = Histogram("twist_scout_batch_rows", "Rows of a batch.", buckets=_ROWS, registry=registry)
        self.waited = Histogram(
            "twist_scout_queue_seconds", "From arrival to the model.", buckets=_SECONDS, registry=registry
        )
        self.took = Histogram(
            "twist_scout_request_seconds", "From arrival to the last byte.", buckets=_SECONDS, registry=registry
        )

    def watch(self, name: str, text: str, value: Callable[[], float]) -> None:
        """Add a gauge that is read when somebody looks."""
        Gauge(f"twist_scout_{name}", text, registry=self._registry).set_function(value)

    def count_answer(self, done: Done) -> None:
        """Count an answer's tokens and how long it waited."""
        self.tokens.labels("prompt").inc(done.prompt_tokens)
        self.tokens.labels("completion").inc(done.completion_tokens)
        self.waited.observe(done.waited)

    def text(self) -> bytes:
        """Everything, in Prometheus' text format."""
        return generate_latest(self._registry)
