"""Dask as an engine: tasks are futures of a client, tried again by other workers when theirs is killed."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from heatlas.core.errors import BadOption, SourceFailed
from heatlas.core.frozen import frozen
from heatlas.scale.engine import RETRIES, Attempt, attempt, refuse_more

if TYPE_CHECKING:
    from collections.abc import Sequence

    from heatlas.scale.engine import Done, Work

__all__ = ["Dask", "refuse_other_versions"]

_PACKAGES = ("heatlas", "numpy", "numba", "pyarrow")
"""Packages that must be of one version everywhere, besides Python and Dask itself."""
_DASK = ("python", "dask", "distributed")
_GONE = "the scheduler has ended, or cannot be reached: start it, and run the same command again: it goes on"


@frozen
class Dask:
    """Does tasks on the workers of a `distributed.Client`."""

    client: Any

    def map(self, work: Work, tasks: Sequence[Any], done: Done) -> None:
        """Do all tasks (see `heatlas.scale.engine.Engine.map`)."""
        from distributed import as_completed

        tries: Counter[int] = Counter()
        places: dict[str, int] = {}

        def submit(place: int) -> Any:
            key = f"heatlas-{getattr(work, '__name__', 'task')}-{place}-{uuid4().hex[:12]}"
            future = self.client.submit(attempt, work, tasks[place], key=key, pure=False, retries=RETRIES)
            places[future.key] = place
            return future

        if not tasks:
            return
        futures = as_completed([submit(place) for place in range(len(tasks))], loop=self.client.loop)
        try:
            for future in futures:
                place = places[future.key]
                made = _made(future)
                if made.result is not None:
                    done(place, made.result)
                    continue
                tries[place] += 1
                refuse_more(tasks[place], made, tries[place])
                futures.add(submit(place))
        finally:
            with suppress(Exception):
                self.client.cancel([future for future in futures.futures if not future.done()])


def _made(future: Any) -> Attempt:
    """Take what came of a task."""
    from distributed import KilledWorker

    if future.status in {"cancelled", "lost"}:
        raise SourceFailed(_GONE)
    try:
        found: Attempt = future.result()
    except KilledWorker:
        return Attempt(None, "its workers were killed, perhaps for want of memory: prepare smaller partitions", True)
    except Exception as error:  # noqa: BLE001 - what workers and networks fail with
        return Attempt(None, f"{type(error).__name__}: {error}")
    return found


def refuse_other_versions(client: Any) -> None:
    """Compare the versions of the scheduler, the workers and this process, before any work.

    Raises
    ------
    BadOption
        Names a package, and who has which version.
    """
    try:
        every = client.get_versions(check=False, packages=list(_PACKAGES))
    except Exception as error:  # noqa: BLE001 - whatever a network fails with
        raise SourceFailed(f"the scheduler does not answer ({type(error).__name__}: {error})") from None
    mine = _versions(every["client"])
    if not every["workers"]:
        raise BadOption(f"the scheduler {client.scheduler.address} has no worker: start some, such as by dask worker")
    # A scheduler runs no task: it may do without heatlas.
    others: list[tuple[str, Any, tuple[str, ...]]] = [("the scheduler", every["scheduler"], _DASK)]
    others += [(f"the worker {name}", one, (*_DASK, *_PACKAGES)) for name, one in sorted(every["workers"].items())]
    for who, one, packages in others:
        theirs = _versions(one or {})
        for package in packages:
            if theirs.get(package) != mine.get(package):
                raise BadOption(
                    f"{who} has {package} {theirs.get(package) or 'not at all'}, and this process has "
                    f"{mine.get(package)}: tiles of several versions must not be mixed; install the same everywhere"
                )


def _versions(said: dict[str, Any]) -> dict[str, str | None]:
    packages = dict(said.get("packages", {}))
    python = str(packages.get("python") or "")
    return {**packages, "python": ".".join(python.split(".")[:2]) or None}
