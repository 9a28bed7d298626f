"""Small libraries that pages are shown of, and where their ways lie."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

HOME = (47.8, 10.9)
FIRST = 1_704_103_200  # 2024-01-01T10:00:00Z
MIDDLE = "#map=12.6,47.805,10.91"
RUN, RIDE = (HOME[0], HOME[1] + 0.013), (HOME[0] + 0.01, HOME[1] + 0.013)


def gpx(name: str, sport: str, start: float, lat: float, lon: float) -> bytes:
    """A recording of a straight way of 2 km to the east, at 3 m/s."""
    step = 12 / (111_320 * np.cos(np.radians(lat)))
    points = "".join(
        f'<trkpt lat="{lat:.6f}" lon="{lon + k * step:.6f}"><ele>600</ele><time>{stamp(start + 4 * k)}</time></trkpt>'
        for k in range(167)
    )
    return (
        '<?xml version="1.0"?><gpx version="1.1" creator="t" xmlns="http://www.topografix.com/GPX/1/1">'
        f"<trk><name>{name}</name><type>{sport}</type><trkseg>{points}</trkseg></trk></gpx>"
    ).encode()


def stamp(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def made_library(path: Path, files: dict[str, bytes]) -> Path:
    from heatlas.core.context import Context
    from heatlas.library.file.opening import open_library
    from heatlas.library.imports import import_sources

    library = open_library(path, create=True)
    if files:
        folder = path.with_suffix("")
        folder.mkdir()
        for name, data in files.items():
            (folder / name).write_bytes(data)
        import_sources(library, [folder], Context(1))
    library.close()
    return path


def two_years() -> dict[str, bytes]:
    """Runs at home in 2024, rides 1.1 km to the north of them in 2025."""
    runs = {f"r{k}.gpx": gpx(f"Run {k}", "running", FIRST + k * 9 * 86400, *HOME) for k in range(8)}
    north = (HOME[0] + 0.01, HOME[1])
    rides = {f"b{k}.gpx": gpx(f"Ride {k}", "cycling", FIRST + (400 + k * 9) * 86400, *north) for k in range(5)}
    return {**runs, **rides}
