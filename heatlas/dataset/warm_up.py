"""Compile kernels in parallel at the first run after an install.

Kernels are compiled when they are first called, and stored on disk. The compiler uses one processor. When more
than one group of kernels is missing, separate processes compile the groups at the same time.
"""

from __future__ import annotations

import itertools
import struct
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from heatlas.core.resources import interpreter, processors

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from heatlas.raster.measure import Measure

__all__ = ["compile_group", "compile_points", "groups_needed", "points_are_cold", "warm_up"]

_READERS = {"fit": ("fit",), "xml": ("gpx", "tcx"), "records": ("records.json", "location history.json")}
"""Group -> endings of the names of files whose reader needs it; Takeout names its histories so."""
_SECONDS = {"xml": 5.5, "fit": 2.4, "records": 3.9, "clean": 2.5, "draw": 6.0, "smooth": 2.1}
"""Group -> seconds that compiling takes, roughly."""


def groups_needed(names: Collection[str]) -> list[str]:
    """List the groups of kernels that files with these names need."""
    plain = [name.lower().removesuffix(".gz") for name in names]
    readers = [group for group, endings in _READERS.items() if any(name.endswith(endings) for name in plain)]
    return [*readers, "clean", "draw", "smooth"]


def _kernel(group: str, measure: str) -> Any:
    """Kernel that shows whether a group was compiled before."""
    if group == "fit":
        from heatlas.kernels.fit import walk

        return walk
    if group == "xml":
        from heatlas.kernels.xml import scan_points

        return scan_points
    if group == "records":
        from heatlas.kernels.records import scan_records

        return scan_records
    if group == "clean":
        from heatlas.kernels.clean import clean_into

        return clean_into
    if group == "smooth":
        from heatlas.kernels.blur import blur_into

        return blur_into
    from heatlas.kernels.count import count_passes
    from heatlas.kernels.trace import list_passages

    return count_passes if measure == "passes" else list_passages


def _is_cold(group: str, measure: str) -> bool:
    from heatlas.kernels.compiled import never_compiled

    return never_compiled(_kernel(group, measure))


def warm_up(names: Collection[str], measure: str) -> bool:
    """Compile the groups that files and a measure need, when more than one is missing.

    Parameters
    ----------
    names : collection of str
        Names of the files that will be read.
    measure : str
        Measure that will be drawn.

    Returns
    -------
    bool
        Whether groups were compiled in parallel.
    """
    cold = [group for group in groups_needed(names) if _is_cold(group, measure)]
    most = processors()
    python = interpreter()
    if len(cold) < 2 or most < 2 or python is None:
        return False
    import subprocess

    # The processes import this copy of heatlas: compiled kernels are stored beside its files.
    home = str(Path(__file__).resolve().parents[2])
    # The compiler makes millions of objects, and hardly any that only the garbage collector would free.
    code = (
        "import gc, sys; gc.disable(); sys.path.insert(0, sys.argv[1])\n"
        "from heatlas.dataset.warm_up import compile_group\n"
        "for group in sys.argv[3:]: compile_group(group, sys.argv[2])"
    )
    running: list[subprocess.Popen[bytes]] = []
    try:
        with suppress(OSError):  # no more processes, or not this interpreter: this process compiles later
            running.extend(
                subprocess.Popen(  # noqa: S603 - this interpreter, on code from here
                    [python, "-P", "-c", code, home, measure, *share],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                )
                for share in _shares(cold, most)
            )
        for process in running:
            process.wait()  # what a failed process did not compile is compiled later
    finally:
        for process in running:
            if process.poll() is None:
                process.kill()
    if running:
        from heatlas.kernels.cache import warn_private

        warn_private()  # the processes that stored it cannot
    return bool(running)


def _shares(groups: Sequence[str], most: int) -> list[list[str]]:
    """Distribute groups so that the last process ends as early as possible. They are few: all ways are tried."""
    most = min(most, len(groups))
    ways = (
        [[group for group, own in zip(groups, way, strict=True) if own == k] for k in range(most)]
        for way in itertools.product(range(most), repeat=len(groups))
    )
    shares = min(ways, key=lambda way: max(sum(_SECONDS[group] for group in share) for share in way))
    return [share for share in shares if share]


def compile_group(group: str, measure: str = "passes") -> None:
    """Call every kernel of a group once, on tiny data."""
    if group == "fit":
        from heatlas.sources.formats.fit.reader import read_fit

        read_fit(_tiny_fit(), "tiny")
    elif group == "xml":
        from heatlas.sources.formats.gpx import read_gpx

        read_gpx(_TINY_GPX, "tiny")
    elif group == "records":
        from heatlas.sources.formats.google.records import read_records

        read_records(_TINY_RECORDS, "tiny")
    elif group == "clean":
        from heatlas.core.batch import Activity, Recording
        from heatlas.kernels.path import metres_along
        from heatlas.tracks.clean import clean
        from heatlas.tracks.clean.outings import outings

        # Fixes far apart, and days apart, so that every check has something to judge.
        tiny = Recording(
            activity=Activity(source="tiny"),
            lon=10 * _LON,
            lat=np.full(3, 47.8),
            time=1e9 + 86400 * np.array([0.0, 2.0, 4.0]),
        )
        batch = clean(tiny, 12.0, ())
        outings(batch)
        metres_along(batch.u, batch.v, batch.segments)
    elif group == "smooth":
        _smooth_tiny(measure)
    else:
        _draw_tiny(measure)


def _smooth_tiny(measure: str) -> None:
    """Smooth a grid that is built directly: another process compiles drawing at the same time."""
    from heatlas.core.window import Window
    from heatlas.raster.gaussian import Smoothing, smooth
    from heatlas.raster.grid import Grid
    from heatlas.raster.measure import parse_measure

    window = Window(2.0**20, 0, 2**19, 4, 4)
    empty = Grid.empty(window.grown(8), parse_measure(measure))
    smooth(empty.map(np.ones_like), Smoothing(pixels=2.0), window, 1)  # nothing is called for rows without anything


def _draw_tiny(measure: str) -> None:
    """Draw a batch that is built directly: another process compiles cleaning at the same time."""
    from heatlas.core.batch import Activity, Batch
    from heatlas.core.mercator import from_lonlat
    from heatlas.dataset.places import bbox_window, visits_of
    from heatlas.raster.draw_tracks import draw
    from heatlas.raster.measure import parse_measure

    u, v = from_lonlat(_LON, np.full(3, 47.8))
    batch = Batch(
        u=u,
        v=v,
        time=1e9 + 60 * np.arange(3.0),
        progress=np.arange(3, dtype=np.float32) * 75,
        columns={},
        segments=np.array([0, 3]),
        tracks=np.array([0, 1]),
        activities=(Activity(source="tiny"),),
    )
    window = bbox_window((10.899, 47.799, 10.903, 47.801), resolution=5.0)
    draw([batch], window, parse_measure(measure), workers=1)
    visits_of([batch])


def points_are_cold() -> bool:
    """Whether the kernels for points are not compiled yet."""
    from heatlas.kernels.compiled import never_compiled
    from heatlas.kernels.points import locate

    return never_compiled(locate)


def compile_points(measure: Measure, shape: str) -> None:
    """Draw three points with a kernel of this shape."""
    from heatlas.core.context import Context
    from heatlas.core.points import Points
    from heatlas.dataset.places import bbox_window
    from heatlas.raster.pipeline import point_heat
    from heatlas.raster.point_kernel import Kernel

    points = Points(lon=_LON, lat=np.full(3, 47.8), weight=np.ones(3))
    window = bbox_window((10.899, 47.799, 10.903, 47.801), resolution=5.0)
    point_heat([points], window, measure, Kernel(shape, pixels=2.0), Context(1))


_LON = np.array([10.9, 10.901, 10.902])
_TINY_GPX = (
    b'<gpx><trk><trkseg><trkpt lat="47.8" lon="10.9"><time>2024-05-01T08:00:00Z</time></trkpt>'
    b'<trkpt lat="47.8" lon="10.901"><ele>600.5</ele></trkpt></trkseg></trk></gpx>'
)
_TINY_RECORDS = (
    b'{"locations": [{"latitudeE7": 478000000, "longitudeE7": 109000000, "accuracy": 9, "activity": [{"activity": '
    b'[{"type": "WALKING", "confidence": 70}]}], "timestamp": "2024-05-01T08:00:00.5Z"}]}'
)


def _tiny_fit() -> bytes:
    """Two records with time, position and heart rate."""
    definition = bytes([0x40, 0, 0, 20, 0, 4, 253, 4, 0x86, 0, 4, 0x85, 1, 4, 0x85, 3, 1, 0x02])
    records = b"".join(
        b"\0" + struct.pack("<IiiB", 10**9 + second, 570_000_000, 130_000_000 + second, 120) for second in (0, 1)
    )
    body = definition + records
    return struct.pack("<BBHI4s", 12, 0x10, 100, len(body), b".FIT") + body + b"\0\0"
