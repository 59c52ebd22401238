"""The pages of data: samples to look at, samples to judge."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twist_scout.pages import rendering

if TYPE_CHECKING:
    from twist_scout.scout.pages.samples import Sample

_ROOM = "twist_scout.scout.pages"


def render(name: str, *, served: bool, **values: object) -> str:
    """A page that holds all it needs or, where ``served`` is set, may ask the server that it comes from.

    Args:
        name: of the template, without ``.html.j2``.
        served: whether a server of ours gives it out.
        values: what it shows.
    """
    scripts = ("lighting.js", "audit.js" if served else "filter.js")
    images, connections = ("data: 'self'", "'self'") if served else ("data:", "'none'")
    return rendering.render(_ROOM, name, scripts=scripts, images=images, connections=connections, **values)


def render_sample(sample: Sample, url: str) -> str:
    """One sample as a piece of a page.

    Args:
        sample: what to show.
        url: of its picture; empty where there is none.
    """
    return rendering.render_piece(_ROOM, "sample", "sheet", sample, url)
