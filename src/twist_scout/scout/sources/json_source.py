"""A source that is one JSON document, whose entries strangers wrote."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator

from twist_scout.errors import BadInput, first_line
from twist_scout.scout.items import SourceItem
from twist_scout.scout.sources.source import Source


class JsonSource(Source):
    """What readers of one JSON document have in common: an entry that is not what its place says ends with a sentence."""

    def read(self) -> Iterator[SourceItem]:
        """The pictures in the order of the file.

        Raises:
            BadInput: the file cannot be read, or an entry is not what its place says.
        """
        try:
            yield from self.items()
        except (TypeError, ValueError, KeyError, IndexError, AttributeError) as error:
            kind = f"{type(error).__name__}: {first_line(error)}"
            raise BadInput(f"{self.path} holds an entry that is not what its place says ({kind}).") from error

    @abstractmethod
    def items(self) -> Iterator[SourceItem]:
        """The pictures; may fail over a damaged entry in any of the ways above."""
