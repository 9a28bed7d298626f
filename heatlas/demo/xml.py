"""Write GPX 1.1 (Topografix; with TrackPointExtension) and TCX (TrainingCenterDatabase v2)."""

from __future__ import annotations

from html import escape
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from heatlas.demo.motion import Fixes

__all__ = ["gpx_bytes", "tcx_bytes"]

_GPX_SPORTS = {
    "Run": "running", "Trail Run": "trail_running", "Ride": "cycling", "Virtual Ride": "VirtualRide",
    "Walk": "walking", "Hike": "hiking", "Swim": "swimming",
}  # fmt: skip
_GPX = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<gpx creator="heatlas demo" version="1.1" xmlns="http://www.topografix.com/GPX/1/1"'
    ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="http://www.topografix.com/GPX/1/1'
    ' http://www.topografix.com/GPX/1/1/gpx.xsd" xmlns:gpxtpx="http://www.garmin.com/xmlschemas/TrackPointExtension/v1">\n'
)
# The service's exporter puts ten spaces before the declaration, which strict parsers refuse.
_TCX = (
    '          <?xml version="1.0" encoding="UTF-8"?>\n<TrainingCenterDatabase'
    ' xmlns="http://www.garmin.com/xmlschemas/TrainingCenterDatabase/v2"'
    ' xmlns:ns3="http://www.garmin.com/xmlschemas/ActivityExtension/v2">\n <Activities>\n'
)


def _times(fixes: Fixes) -> list[str]:
    return [str(t) for t in np.datetime_as_string(fixes.time.astype("datetime64[s]"), timezone="UTC")]


def _texts(values: NDArray[np.float64], form: str) -> list[str]:
    """Format numbers; empty for NaN."""
    if np.isnan(values).all():
        return [""] * len(values)
    return ["" if v != v else form % v for v in values.tolist()]


def gpx_bytes(fixes: Fixes, sport: str, name: str) -> bytes:
    """Write one activity as GPX. Each pause begins a new segment; records without a position are left out."""
    times = _times(fixes)
    place = _texts(fixes.lat, '   <trkpt lat="%.6f"'), _texts(fixes.lon, ' lon="%.6f">\n')
    height = _texts(fixes.elevation, "    <ele>%.1f</ele>\n")
    inner = (
        _texts(fixes.power, "     <power>%.0f</power>\n"),
        _texts(fixes.temperature, "      <gpxtpx:atemp>%.0f</gpxtpx:atemp>\n"),
        _texts(fixes.heart_rate, "      <gpxtpx:hr>%.0f</gpxtpx:hr>\n"),
        _texts(fixes.cadence, "      <gpxtpx:cad>%.0f</gpxtpx:cad>\n"),
    )
    breaks = set(fixes.pauses.tolist())
    parts = [
        _GPX,
        f" <metadata>\n  <time>{times[0]}</time>\n </metadata>\n <trk>\n  <name>{escape(name, quote=False)}</name>\n",
        f"  <type>{_GPX_SPORTS[sport]}</type>\n  <trkseg>\n",
    ]
    for i, (lat, lon, ele, time, power, warm, beat, turns) in enumerate(
        zip(*place, height, times, *inner, strict=True)
    ):
        if i in breaks:
            parts.append("  </trkseg>\n  <trkseg>\n")
        if not lat:
            continue
        more = warm + beat + turns
        if more:
            more = f"     <gpxtpx:TrackPointExtension>\n{more}     </gpxtpx:TrackPointExtension>\n"
        if power or more:
            more = f"    <extensions>\n{power}{more}    </extensions>\n"
        parts.append(f"{lat}{lon}{ele}    <time>{time}</time>\n{more}   </trkpt>\n")
    parts.append("  </trkseg>\n </trk>\n</gpx>\n")
    return "".join(parts).encode()


def _trackpoints(fixes: Fixes, times: list[str]) -> Iterator[str]:
    """Write each record as a Trackpoint."""
    columns = (
        times,
        _texts(fixes.lat, "<Position><LatitudeDegrees>%.6f</LatitudeDegrees>"),
        _texts(fixes.lon, "<LongitudeDegrees>%.6f</LongitudeDegrees></Position>"),
        _texts(fixes.elevation, "<AltitudeMeters>%.1f</AltitudeMeters>"),
        _texts(fixes.distance, "<DistanceMeters>%.1f</DistanceMeters>"),
        _texts(fixes.heart_rate, "<HeartRateBpm><Value>%.0f</Value></HeartRateBpm>"),
        _texts(fixes.cadence, "%.0f"),
        _texts(fixes.speed, "<ns3:Speed>%.2f</ns3:Speed>"),
        _texts(fixes.power, "<ns3:Watts>%.0f</ns3:Watts>"),
    )
    wheels = not np.isnan(fixes.power).all()
    for time, lat, lon, ele, far, beat, turns, speed, watts in zip(*columns, strict=True):
        cadence, strides = "", ""
        if turns:
            cadence = f"<Cadence>{turns}</Cadence>" if wheels else ""
            strides = "" if wheels else f"<ns3:RunCadence>{turns}</ns3:RunCadence>"
        yield (
            f"<Trackpoint><Time>{time}</Time>{lat}{lon}{ele}{far}{beat}{cadence}<Extensions><ns3:TPX>{speed}{strides}{watts}"
            "</ns3:TPX></Extensions></Trackpoint>\n"
        )


def tcx_bytes(fixes: Fixes, sport: str) -> bytes:
    """Write one activity as TCX: a Lap for each of its laps, a Track for each stretch between pauses."""
    times = _times(fixes)
    word = {"Run": "Running", "Trail Run": "Running", "Ride": "Biking", "Virtual Ride": "Biking"}.get(sport, "Other")
    points = list(_trackpoints(fixes, times))
    breaks = set(fixes.pauses.tolist())
    edges = np.unique([0, *fixes.laps.tolist(), len(times)]).tolist()
    parts = [_TCX, f'  <Activity Sport="{word}">\n   <Id>{times[0]}</Id>\n']
    for a, b in pairwise(edges):
        last = min(b, len(times) - 1)
        seconds, metres = fixes.time[last] - fixes.time[a], fixes.distance[last] - fixes.distance[a]
        parts.append(
            f'   <Lap StartTime="{times[a]}"><TotalTimeSeconds>{seconds}.0</TotalTimeSeconds>'
            f"<DistanceMeters>{metres:.1f}</DistanceMeters><Calories>0</Calories>"
            "<Intensity>Active</Intensity><TriggerMethod>Manual</TriggerMethod>\n   <Track>\n"
        )
        for i in range(a, b):
            parts.append("   </Track>\n   <Track>\n" if i in breaks and i > a else "")
            parts.append(points[i])
        parts.append("   </Track></Lap>\n")
    parts.append("  </Activity>\n </Activities>\n</TrainingCenterDatabase>\n")
    return "".join(parts).encode()
