"""From templates to pages that hold everything they need, and may load nothing else."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jinja2 import Environment

    from twist_scout.scout.pages.samples import Sample


def template(name: str) -> str:
    """The text of a file beside the templates."""
    return files("twist_scout.scout.pages").joinpath("templates", name).read_text(encoding="utf-8")


def render(name: str, **values: object) -> str:
    """A page. Whatever records hold is escaped; a script that got in all the same would not run.

    The policy allows the page's own script, by its hash, its own styles, and pictures inside the page or, where
    ``served`` is set, from the server that it comes from; no other address is ever asked.

    Args:
        name: of the template, without ``.html.j2``; its script is ``lighting.js`` and ``NAME.js``.
        values: what it shows.
    """
    script = template("lighting.js") + template(f"{name}.js")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    images, connections = ("data: 'self'", "'self'") if values.get("served") else ("data:", "'none'")
    policy = (
        f"default-src 'none'; img-src {images}; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; "
        f"connect-src {connections}; base-uri 'none'; form-action 'none'"
    )
    page = _environment().get_template(f"{name}.html.j2")
    return page.render(style=template("style.css"), script=script, policy=policy, **values)


def render_sample(sample: Sample, url: str) -> str:
    """One sample as a piece of a page.

    Args:
        sample: what to show.
        url: of its picture; empty where there is none.
    """
    macros: Any = _environment().get_template("sample.html.j2").module
    return str(macros.sheet(sample, url))


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    return Environment(
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
        loader=FunctionLoader(template),
    )
