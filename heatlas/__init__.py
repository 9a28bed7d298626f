"""Heat maps of recorded tracks and weighted points.

>>> import heatlas
>>> heatlas.render("export.zip", output="heat.png", background="dark", legend=True)
>>> heat = heatlas.open("export.zip").where("sport = 'Run'").heat("pace")
>>> heat.smooth("8m").background("dark").save("pace.png", legend=True)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from heatlas.version import __version__ as __version__

__all__ = [
    "Activity", "Batch", "Grid", "Heat", "HeatlasError", "Kernel", "LiveMap", "PointSet", "Privacy", "Tracks", "Window",
    "Zone", "inspect", "open", "open_points", "owner_secret", "render", "write_demo",
]  # fmt: skip

_HOMES = {
    "Activity": "heatlas.batch",
    "Batch": "heatlas.batch",
    "Grid": "heatlas.grid",
    "Heat": "heatlas.heat",
    "HeatlasError": "heatlas.errors",
    "Kernel": "heatlas.spread",
    "LiveMap": "heatlas.widget",
    "PointSet": "heatlas.point_set",
    "Privacy": "heatlas.privacy",
    "Tracks": "heatlas.tracks",
    "Window": "heatlas.window",
    "Zone": "heatlas.privacy",
    "inspect": "heatlas.api",
    "open_points": "heatlas.api",
    "owner_secret": "heatlas.privacy",
    "write_demo": "heatlas.demo",
}

if TYPE_CHECKING:
    from heatlas.api import inspect, open_points
    from heatlas.api import open_sources as open  # noqa: A004 - as in PIL and xarray: always behind the module's name
    from heatlas.batch import Activity, Batch
    from heatlas.demo import write_demo
    from heatlas.errors import HeatlasError
    from heatlas.grid import Grid
    from heatlas.heat import Heat
    from heatlas.outputs import render
    from heatlas.point_set import PointSet
    from heatlas.privacy import Privacy, Zone, owner_secret
    from heatlas.spread import Kernel
    from heatlas.tracks import Tracks
    from heatlas.widget import LiveMap
    from heatlas.window import Window


def __getattr__(name: str) -> Any:
    """Load what is asked for when it is asked for: importing heatlas stays cheap."""
    import importlib

    if name == "open":
        return importlib.import_module("heatlas.api").open_sources
    if name == "errors":
        return importlib.import_module("heatlas.errors")
    if name == "render":
        return importlib.import_module("heatlas.outputs").render
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'heatlas' has no attribute {name!r}")


def __dir__() -> list[str]:
    """List what there is to use, also what was not loaded yet."""
    return sorted({*__all__, "errors", *(name for name in globals() if name.startswith("__"))})
