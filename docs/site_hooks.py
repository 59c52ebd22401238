"""What the site does to pages: fills in the commands, and names files of the repository that are not part of the site."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import typer

from twist_scout.cli.app import app

_MERMAID = re.compile(r"<script type=\"module\">(?:(?!</script>).)*?mermaid(?:(?!</script>).)*</script>", re.DOTALL)
_LINK = re.compile(r"\[([^\]]*)\]\(((?:\.\./)+)([^)#\s]*)[^)]*\)")


def on_page_markdown(markdown: str, page: Any, config: Any, files: Any) -> str:
    """Called by mkdocs for every page."""
    if "<!-- commands -->" in markdown:
        described = "\n".join(_described(typer.main.get_command(app), "twist-scout", 1))
        markdown = markdown.replace("<!-- commands -->", described)
    depth = page.file.src_uri.count("/")
    return _LINK.sub(lambda link: _named(link, depth), markdown)


def on_post_page(output: str, page: Any, config: Any) -> str:
    """Called by mkdocs for every page that is finished: notebooks would fetch a library for diagrams that they do not have."""
    return _MERMAID.sub("", output)


def _named(link: re.Match[str], depth: int) -> str:
    """A link that leads out of the pages' folder becomes the name of the file."""
    text, up, path = link[1], link[2].count("../"), link[3]
    if up <= depth:
        return link[0]
    return text if text.strip("`") == path else f"{text} (`{path}`)"


def _described(command: Any, name: str, level: int) -> Iterator[str]:
    """A command with its parameters, and the commands below it."""
    if level > 1:
        yield f"{'#' * level} {name}\n"
        yield from _told(command.help or "")
    below = getattr(command, "commands", {})
    if not below:
        yield "| | | without it |\n|---|---|---|"
        yield from filter(None, map(_row, command.params))
    yield ""
    for each in below.values():
        yield from _described(each, f"{name} {each.name}", level + 1)


def _told(text: str) -> Iterator[str]:
    """Paragraphs of help; examples become a block."""
    before, found, after = text.replace("\b", "").partition("Examples:")
    for paragraph in re.split(r"\n\s*\n", before.strip()):
        yield _safe(paragraph) + "\n"
    if found:
        yield "```text"
        yield from (line.rstrip() for line in after.strip("\n").splitlines())
        yield "```\n"


def _row(parameter: Any) -> str | None:
    if parameter.hidden:
        return None
    names = [*parameter.opts, *parameter.secondary_opts]
    name = (
        "/".join(names) if parameter.param_type_name == "option" else str(parameter.metavar or parameter.name).upper()
    )
    default = parameter.default
    without = (
        "" if default in (None, (), [], False, "") or callable(default) else f"`{getattr(default, 'value', default)}`"
    )
    return f"| `{name}` | {_safe(parameter.help or '')} | {'(required)' if parameter.required else without} |"


def _safe(text: str) -> str:
    return " ".join(text.split()).replace("<", "&lt;").replace("|", "\\|")
