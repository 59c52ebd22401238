"""Log lines that programs read: one JSON object each, on stderr. Prompts, answers and pictures are never in them."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any

_LOGGER = logging.getLogger("twist_scout.serving")
_UVICORN = logging.getLogger("uvicorn.error")


class JsonLines(logging.Formatter):
    """A record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """Time, level, event and whatever fields the event has."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


def log(event: str, level: str = "info", **fields: Any) -> None:
    """Write a line.

    Args:
        event: what happened.
        level: ``info``, ``warning`` or ``error``.
        fields: what else there is to say; those that are None are left out.
    """
    told = {name: value for name, value in fields.items() if value is not None}
    _LOGGER.log(logging.getLevelNamesMapping()[level.upper()], event, extra={"fields": told})


def open_log(*, quiet: bool = False) -> None:
    """Send the lines of the server, and warnings of uvicorn, to stderr.

    Args:
        quiet: leave out what is not at least a warning.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    for logger, level in ((_LOGGER, logging.WARNING if quiet else logging.INFO), (_UVICORN, logging.WARNING)):
        logger.handlers[:] = [handler]
        logger.setLevel(level)
        logger.propagate = False
