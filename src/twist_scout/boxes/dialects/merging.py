"""Spans from several readers of one text."""

from __future__ import annotations

from heapq import merge

from twist_scout.boxes.dialects.protocol import BoxSpan


def merged(first: list[BoxSpan], *others: list[BoxSpan]) -> list[BoxSpan]:
    """All spans in order; one that meets a span of an earlier list is dropped.

    Args:
        first: spans in order that do not overlap.
        *others: lists of the same kind, the more trusted ones first.
    """
    kept = first
    for spans in others:
        free: list[BoxSpan] = []
        position = 0
        for span in spans:
            start, end = span.extent
            while position < len(kept) and kept[position].extent[1] <= start:
                position += 1
            if position == len(kept) or end <= kept[position].extent[0]:
                free.append(span)
        kept = list(merge(kept, free, key=lambda span: span.start))
    return kept
