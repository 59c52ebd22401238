"""What an adapter was trained to write, as its training left it on record."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from twist_scout.boxes.dialects import get_dialect
from twist_scout.errors import BadConfig, BadModel, first_line
from twist_scout.loading import Source

RECORD = "training_config.yaml"
DIALECT = "scout"


def trained_to_write(adapter: Source | None) -> tuple[str, str | None]:
    """The dialect of an adapter's boxes, and the name of its frame where that is not the processor's.

    Args:
        adapter: its folder; None, and folders without a record, write the ``scout`` dialect.

    Raises:
        BadModel: the record cannot be read.
    """
    record = None if adapter is None else Path(adapter).expanduser() / RECORD
    if record is None or not record.is_file():
        return DIALECT, None
    import yaml

    try:
        found: Any = yaml.safe_load(record.read_text(encoding="utf-8"))
        dialect, frame = found.get("dialect", DIALECT), found.get("frame", "auto")
        if not isinstance(dialect, str):
            raise ValueError(f"the dialect {dialect!r}")
        get_dialect(dialect)
    except (OSError, ValueError, AttributeError, BadConfig, yaml.YAMLError) as error:
        raise BadModel(
            f"{record} does not say how the adapter writes boxes ({first_line(error)}): give --dialect."
        ) from error
    return dialect, None if frame == "auto" else str(frame)
