"""From templates to pages that hold everything they need, and may load nothing else."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from twist_scout.pages.text import legible

if TYPE_CHECKING:
    from jinja2 import Environment

_SHARED = "twist_scout.pages"


def template(room: str, name: str) -> str:
    """The text of a file beside the templates of a package, or beside those that all share."""
    own = files(room).joinpath("templates", name)
    found = own if own.is_file() else files(_SHARED).joinpath("templates", name)
    return found.read_text(encoding="utf-8")


def render(
    room: str,
    name: str,
    *,
    scripts: Sequence[str],
    images: str = "data:",
    connections: str = "'none'",
    **values: object,
) -> str:
    """A page. Whatever it shows is escaped; a script that got in all the same would not run.

    The policy allows the page's own script, by its hash, its own styles, and pictures inside the page; no other
    address is ever asked, unless ``images`` and ``connections`` name one.

    Args:
        room: the package that the page belongs to; its ``templates`` are looked into first.
        name: of the template, without ``.html.j2``; its styles are ``base.css`` and ``style.css``.
        scripts: files of the page's script, in order.
        images: where pictures may come from, as a content policy says it.
        connections: whom the script may ask.
        values: what the page shows.
    """
    script = "".join(template(room, file) for file in scripts)
    style = template(room, "base.css") + template(room, "style.css")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; img-src {images}; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; "
        f"connect-src {connections}; base-uri 'none'; form-action 'none'"
    )
    page = _environment(room).get_template(f"{name}.html.j2")
    return page.render(style=style, script=script, policy=policy, **values)


def render_piece(room: str, name: str, macro: str, *arguments: object) -> str:
    """What a macro of a template makes: a piece of a page.

    Args:
        room: as for :func:`render`.
        name: of the template, without ``.html.j2``.
        macro: its name.
        arguments: of the macro.
    """
    macros: Any = _environment(room).get_template(f"{name}.html.j2").module
    return str(getattr(macros, macro)(*arguments))


@cache
def _environment(room: str) -> Environment:
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    return Environment(
        autoescape=True,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
        loader=FunctionLoader(lambda name: template(room, name)),
    )


def _shown(value: object) -> object:
    """Plain text made legible; numbers, and HTML that is finished, as they are."""
    return legible(value) if type(value) is str else value
