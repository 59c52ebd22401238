"""The command ``twist-scout``.

One file per command; what is slow to import is imported inside the functions, so that ``--help``
answers at once. Answers go to stdout, everything else to stderr. A mistake of the user ends in one
sentence and exit status 2.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: without the name of the program; ``None``: those of this process.

    Returns:
        The exit status: 0, 2 for a mistake of the user, 130 for Ctrl-C, 1 for a file that cannot be
        written.
    """
    import typer

    from twist_scout.cli.app import app
    from twist_scout.errors import TwistScoutError

    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        status = app(args=given or ["--help"], prog_name="twist-scout", standalone_mode=False)
        sys.stdout.flush()
    except (TwistScoutError, typer.TyperException) as error:
        return _complain(error.format_message() if isinstance(error, typer.TyperException) else error)
    except (KeyboardInterrupt, typer.Abort):
        status = 130
    except BrokenPipeError:
        # The reader (head, less) left. Nothing may be flushed into the closed pipe when Python
        # exits.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        return _complain(f"{where}{error.strerror or error}", 1)
    if status == 130:
        print("twist-scout: stopped", file=sys.stderr)
    return status if isinstance(status, int) else 0


def _complain(message: object, status: int = 2) -> int:
    """One line on stderr."""
    print(f"twist-scout: {' '.join(str(message).split())}", file=sys.stderr)
    return status
