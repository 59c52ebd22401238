"""Results as a page: the numbers, and the pictures behind them."""

from __future__ import annotations

from twist_scout.evaluation.pages.case import Answer, Case
from twist_scout.evaluation.pages.report import write_report

__all__ = ["Answer", "Case", "write_report"]
