"""Heat maps of recorded tracks and weighted points.

>>> import heatlas
>>> heatlas.render("export.zip", output="heat.png", background="dark", legend=True)
>>> heat = heatlas.open("export.zip").where("sport = 'Run'").heat("pace")
>>> heat.smooth("8m").background("dark").save("pace.png", legend=True)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from heatlas.core.version import __version__ as __version__

__all__ = [
    "Activity", "Batch", "Grid", "Heat", "HeatlasError", "Kernel", "LiveMap", "PointSet", "Privacy", "Tracks", "Window",
    "Zone", "explore", "inspect", "metric", "open", "open_points", "owner_secret", "prepare", "render",
    "write_demo",
]  # fmt: skip

_HOMES = {
    "Activity": "heatlas.core.batch",
    "Batch": "heatlas.core.batch",
    "Grid": "heatlas.raster.grid",
    "Heat": "heatlas.dataset.heat",
    "HeatlasError": "heatlas.core.errors",
    "Kernel": "heatlas.raster.point_kernel",
    "LiveMap": "heatlas.widget",
    "PointSet": "heatlas.dataset.points",
    "Privacy": "heatlas.tracks.privacy",
    "Tracks": "heatlas.dataset.tracks",
    "Window": "heatlas.core.window",
    "Zone": "heatlas.tracks.privacy",
    "explore": "heatlas.explorer.job",
    "inspect": "heatlas.api",
    "metric": "heatlas.tracks.metrics.own",
    "open": "heatlas.api",
    "open_points": "heatlas.api",
    "owner_secret": "heatlas.tracks.privacy",
    "prepare": "heatlas.preparing",
    "render": "heatlas.rendering",
    "write_demo": "heatlas.demo",
}

_NAMES = {"open": "open_sources"}
"""Names that are others where they are defined."""

if TYPE_CHECKING:
    from heatlas.api import inspect, open_points
    from heatlas.api import open_sources as open  # noqa: A004 - as in PIL and xarray: always behind the module's name
    from heatlas.core.batch import Activity, Batch
    from heatlas.core.errors import HeatlasError
    from heatlas.core.window import Window
    from heatlas.dataset.heat import Heat
    from heatlas.dataset.points import PointSet
    from heatlas.dataset.tracks import Tracks
    from heatlas.demo import write_demo
    from heatlas.explorer.job import explore
    from heatlas.preparing import prepare
    from heatlas.raster.grid import Grid
    from heatlas.raster.point_kernel import Kernel
    from heatlas.rendering import render
    from heatlas.tracks.metrics.own import metric
    from heatlas.tracks.privacy import Privacy, Zone, owner_secret
    from heatlas.widget import LiveMap


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used, so that importing heatlas stays cheap."""
    import importlib

    if name == "errors":
        return importlib.import_module("heatlas.core.errors")
    if name in _HOMES:
        found = getattr(importlib.import_module(_HOMES[name]), _NAMES.get(name, name))
        if not callable(found) or isinstance(found, type):
            return found
        from heatlas.options.signature import described

        return described(found)
    raise AttributeError(f"module 'heatlas' has no attribute {name!r}")


def __dir__() -> list[str]:
    """List the public names, also those that are not loaded yet."""
    return sorted({*__all__, "errors", *(name for name in globals() if name.startswith("__"))})
