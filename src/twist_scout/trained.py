"""How an adapter was trained to be asked and to answer, as its training left it on record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from twist_scout.boxes.dialects import get_dialect
from twist_scout.errors import BadConfig, BadModel, first_line
from twist_scout.loading import Source

RECORD = "training_config.yaml"


@dataclass(frozen=True, slots=True)
class Trained:
    """What has to be the same in training and after it.

    Attributes:
        dialect: how boxes are written.
        frame: the frame that pictures were seen in; None: the processor's.
        template_options: what the chat template was given beside the messages.
    """

    dialect: str = "scout"
    frame: str | None = None
    template_options: Mapping[str, Any] = field(default_factory=dict)

    def but(self, dialect: str | None) -> Trained:
        """The same, where the caller names no dialect. One who does knows better than the record, frame included."""
        return self if dialect is None else Trained(dialect, None, self.template_options)


def how_trained(adapter: Source | None) -> Trained:
    """Read the record of an adapter.

    Args:
        adapter: its folder; None, and folders without a record, are as this project trains by default.

    Raises:
        BadModel: the record cannot be read.
    """
    record = None if adapter is None else Path(adapter).expanduser() / RECORD
    if record is None or not record.is_file():
        return Trained()
    import yaml

    try:
        found: Any = yaml.safe_load(record.read_text(encoding="utf-8"))
        dialect, frame = found.get("dialect", Trained().dialect), found.get("frame", "auto")
        if not isinstance(dialect, str):
            raise ValueError(f"the dialect {dialect!r}")
        get_dialect(dialect)
        options = found.get("template_options") or {}
        if not isinstance(options, dict):
            raise ValueError(f"the template options {options!r}")
    except (OSError, ValueError, AttributeError, BadConfig, yaml.YAMLError) as error:
        raise BadModel(
            f"{record} does not say how the adapter writes boxes ({first_line(error)}): mend it, or delete it and give "
            "--dialect."
        ) from error
    return Trained(dialect, None if frame == "auto" else str(frame), options)
