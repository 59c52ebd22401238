"""The browser of the pages of data, for the pages of results."""

from __future__ import annotations

from ...scout.pages.conftest import browser, chromium

__all__ = ["browser", "chromium"]
