"""Whether models and adapters can be fetched from the hub. Nothing here waits for longer than it says."""

from __future__ import annotations

import threading
import time
import urllib.error
import urllib.request

from twist_scout.errors import first_line
from twist_scout.machine.finding import Finding

_SECONDS = 5.0
_REMEDY = "give folders with --model and --adapter, set HTTPS_PROXY or HF_ENDPOINT; HF_HUB_OFFLINE=1 stops commands from trying"


def check_hub(*, skip: bool = False, seconds: float = _SECONDS) -> Finding:
    """Ask the hub for a sign of life.

    Args:
        skip: do not ask.
        seconds: how long to wait, looking up its name included.
    """
    from huggingface_hub import constants

    if skip:
        return Finding("hub", "ok", "not asked (--offline)")
    if constants.HF_HUB_OFFLINE:
        return Finding("hub", "ok", "not asked: offline mode (HF_HUB_OFFLINE), models come from this disk")
    said: list[str] = []
    started = time.monotonic()
    # A name that does not resolve can block for longer than any time-out of a socket.
    asking = threading.Thread(target=lambda: said.append(_ask(constants.ENDPOINT, seconds)), daemon=True)
    asking.start()
    asking.join(seconds)
    problem = said[0] if said else f"no answer within {seconds:g} s"
    if problem:
        return Finding("hub", "warning", f"{constants.ENDPOINT} cannot be reached ({problem})", _REMEDY)
    return Finding("hub", "ok", f"{constants.ENDPOINT} answers ({time.monotonic() - started:.1f} s)")


def _ask(address: str, seconds: float) -> str:
    """Why there was no answer; empty where there was one."""
    try:
        with urllib.request.urlopen(urllib.request.Request(address, method="HEAD"), timeout=seconds):
            return ""
    except urllib.error.HTTPError:
        return ""  # it refused, so it is there
    except urllib.error.URLError as error:
        return first_line(error.reason) if isinstance(error.reason, Exception) else str(error.reason)
    except (OSError, ValueError) as error:
        return first_line(error)
