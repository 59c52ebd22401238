"""The command that makes the same again."""

from __future__ import annotations

import shlex
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import typer


def command_line(context: typer.Context, leave_out: frozenset[str] = frozenset()) -> str:
    """The words of a command, with those options alone that are not at their defaults.

    Args:
        context: of the command that runs.
        leave_out: names of parameters that have no say in the result.
    """
    words = context.command_path.split()
    options: list[str] = []
    for parameter in context.command.params:
        value = context.params.get(parameter.name or "")
        if parameter.name in leave_out or value is None or value == parameter.get_default(context):
            continue
        text = str(value.value if isinstance(value, Enum) else value)
        if parameter.param_type_name == "argument":
            words.append(text)
        elif isinstance(value, bool):
            options += [parameter.opts[0] if value else parameter.secondary_opts[0]]
        else:
            options += [max(parameter.opts, key=len), text]
    return shlex.join(words + options)
