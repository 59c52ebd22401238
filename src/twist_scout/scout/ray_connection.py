"""To a cluster of Ray that runs, or to one that is started here."""

from __future__ import annotations

import os
import socket
from typing import Any

from twist_scout.errors import BadConfig, BadInput, first_line

#: The address of a cluster that is started here, and ended with the run.
LOCAL = "local"
#: Bytes for objects in shared memory on a machine of one's own. Items and outcomes are text; pictures go by path.
OBJECT_STORE = 256 * 2**20


def import_ray(*, local: bool) -> Any:
    """Ray, if it is installed.

    Args:
        local: keep to this machine: without Ray's own switch for loopback addresses, anybody in the network could send
            work here.

    Raises:
        BadConfig: it is not installed.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    if local:
        os.environ.setdefault("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")
    try:
        import ray
        import ray.exceptions
        import ray.util.scheduling_strategies
    except ModuleNotFoundError as error:
        raise BadConfig("The engine ray needs Ray: pip install 'twist-scout[ray]'.") from error
    return ray


def connect(address: str, cpus: int) -> bool:
    """Connect this process, if it is not connected yet.

    Args:
        address: ``local``, ``auto`` or ``HOST:PORT``.
        cpus: cores that are asked for; a cluster that is started here has no fewer.

    Returns:
        Whether it was not, so that it is to be disconnected at the end.

    Raises:
        BadInput: no cluster answers, or none can be started.
    """
    import ray

    if ray.is_initialized():
        return False
    common: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR", "namespace": "twist-scout"}
    try:
        if address == LOCAL:
            count = max(os.cpu_count() or 1, cpus)
            ray.init(address=LOCAL, include_dashboard=False, object_store_memory=OBJECT_STORE, num_cpus=count, **common)
        else:
            _knock(address)
            ray.init(address=address, **common)
    except (OSError, RuntimeError, ValueError) as error:
        where = "cannot be started here" if address == LOCAL else f"does not answer at {address}"
        raise BadInput(f"Ray {where} ({first_line(error)}): see whether `ray status` finds it.") from error
    return True


def _knock(address: str) -> None:
    """Raise `OSError` at once where nobody listens; Ray would try for minutes."""
    host, _, port = address.rpartition(":")
    if host and port.isdecimal():
        with socket.create_connection((host.strip("[]"), int(port)), timeout=10):
            return
