"""Group of options of tiles that are built by tasks on an engine."""

from __future__ import annotations

from heatlas.core.frozen import frozen
from heatlas.options.option import option

__all__ = ["EngineOptions"]


@frozen(kw_only=True)
class EngineOptions:
    """Engine that builds an archive of tiles from partitions, and where its tasks write."""

    engine: str | None = option(
        "ENGINE",
        "Tiles (.pmtiles) of partitions, as heatlas prepare writes them: build them by tasks on an engine. pool: "
        "processes of this machine; dask: the scheduler of DASK_SCHEDULER_ADDRESS, else one of this machine; "
        "dask=tcp://HOST:PORT.",
        kinds=("tiles",),
        takes="Any",
    )
    work: str | None = option(
        "DIR",
        "With --engine: folder or address, e.g. s3://bucket/work, for the results of tasks; it is kept, and used "
        "again for everything that has not changed.  [default: beside OUT, removed in the end]",
        kinds=("tiles",),
    )
