"""Engines by name: ``pool``, ``dask``, ``dask=tcp://HOST:PORT``."""

from __future__ import annotations

import logging
import os
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from heatlas.core.errors import BadOption, MissingExtra, SourceFailed
from heatlas.scale.dask_engine import Dask, refuse_other_versions
from heatlas.scale.engine import Here
from heatlas.scale.pool import Pool

if TYPE_CHECKING:
    from collections.abc import Iterator

    from heatlas.core.context import Context
    from heatlas.scale.engine import Engine

__all__ = ["check_engine", "open_engine"]

_SECONDS = "20s"
"""Time in which a scheduler must answer."""


def check_engine(name: str) -> None:
    """Refuse an engine that there is not.

    Raises
    ------
    BadOption
        With those that there are.
    """
    kind, equals, address = name.partition("=")
    if name != "pool" and (kind != "dask" or (equals and not address)):
        raise BadOption(f"there is no engine {name!r}: take pool, dask, or dask=tcp://HOST:PORT")


@contextmanager
def open_engine(name: str, context: Context) -> Iterator[Engine]:
    """Open an engine, and close what was started for it.

    Parameters
    ----------
    name : str
        ``pool``: processes of this machine. ``dask``: the scheduler that DASK_SCHEDULER_ADDRESS names, else workers on
        this machine. ``dask=ADDRESS``: that scheduler.
    context : Context
        Says how many workers there may be on this machine; with one, a pool is this process.

    Raises
    ------
    BadOption
        For another name, and where versions differ.
    MissingExtra
        When Dask is not installed.
    SourceFailed
        When the scheduler does not answer.
    """
    check_engine(name)
    if name == "pool":
        if context.threads == 1:
            yield Here()
            return
        with Pool(context.threads) as pool:
            yield pool
        return
    with ExitStack() as stack:
        client = _client(name.partition("=")[2] or os.environ.get("DASK_SCHEDULER_ADDRESS", ""), context, stack)
        refuse_other_versions(client)
        yield Dask(client)


def _client(address: str, context: Context, stack: ExitStack) -> Any:
    try:
        from distributed import Client, LocalCluster, get_client
    except ImportError:
        raise MissingExtra("--engine=dask", "scale", "or take --engine=pool") from None
    if not address:
        cluster = stack.enter_context(
            LocalCluster(
                n_workers=context.threads,
                threads_per_worker=1,
                silence_logs=logging.ERROR,
                dashboard_address="127.0.0.1:0",  # without one it takes port 8787, which another cluster may have
            )
        )
        return stack.enter_context(Client(cluster))
    try:
        known = get_client()  # of the caller, with its credentials
    except ValueError:
        known = None
    if known is not None and known.scheduler is not None and known.scheduler.address == address:
        return known
    try:
        return stack.enter_context(Client(address, timeout=_SECONDS, set_as_default=False))
    except (OSError, ValueError, TypeError) as error:
        raise SourceFailed(f"the scheduler {address} does not answer: {error}") from None
