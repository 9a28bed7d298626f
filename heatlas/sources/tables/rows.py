"""Convert the rows of a table to points; rows without a valid position or weight are left out and counted."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.points import Points
from heatlas.sources.tables.cells.text import numbers, seconds
from heatlas.sources.tables.columns import CRS
from heatlas.sources.tables.geometry.positions import CENTRE, LINE, UNREADABLE, places
from heatlas.sources.tables.systems import as_wgs84, made_for, outside

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pyarrow as pa
    from numpy.typing import NDArray

    from heatlas.sources.tables.columns import PointColumns
    from heatlas.sources.tables.table import Table

    Bad = NDArray[np.bool_] | None

__all__ = [
    "LINES",
    "METRES",
    "NO_TRACKS",
    "OFF_THE_GLOBE",
    "REASONS",
    "positions",
    "read_points",
    "swap_warning",
    "warn_beyond",
]

_SOUND, _NO_NUMBER, _UNREADABLE, _NOWHERE, _OFF, _SWAPPED, _ZERO, _NO_WEIGHT, _BAD_WEIGHT, _LINE, _UNKNOWN, _SEVERAL = (
    range(12)
)
REASONS = (
    "",
    "rows whose position is no number",
    "rows whose geometry cannot be read",
    "rows without a position",
    "rows off the globe",
    "rows off the globe unless latitude and longitude are swapped",
    "rows at exactly 0,0",
    "rows without a weight",
    "rows whose weight is no number",
    "rows that are lines",
    "rows whose place is not known",
    "rows whose place may be one of several",
)
"""Reasons for leaving out a row; a row is counted under one of them."""
_BY_NAME = np.array([_SOUND, _NOWHERE, _UNKNOWN, _SEVERAL], np.uint8)
"""Codes of `heatlas.sources.tables.place_names` -> indices of REASONS."""
OFF_THE_GLOBE, LINES = REASONS[_OFF], REASONS[_LINE]
NO_TRACKS = "--read-as=tracks draws them, each as a track"
"""Advice for a table that holds only lines."""
METRES = (
    "latitude and longitude must be degrees (WGS 84), not metres of a map grid; of these say which it is, --crs EPSG:n"
)
"""Advice for a table without positions on the globe."""
_SUSPICIOUS = 1 / 3
"""Share of rows that are valid only when swapped, above which a warning is given.

Longitudes span twice the range of latitudes, so that half of all places on the globe are off it when swapped. A few
such rows among many are just wrong rows."""


def read_points(table: Table, columns: PointColumns, timed: bool = False) -> Iterator[Points]:
    """Stream the rows of a table as points.

    A longitude above 180 and up to 360 is read as one that counts from 0 to 360, whatever the other rows are: the
    result for a row depends on that row alone. The arrays may be views of the table: do not write to them.

    Parameters
    ----------
    table : Table
        Read once.
    columns : PointColumns
        Result of `heatlas.sources.tables.columns.find_columns`.
    timed : bool
        Whether times are read as well, where there is a column of them. What is no time there is unknown.

    Yields
    ------
    Points
        In the table's order. Rows that reading left out are counted with the next points, or with empty points
        at the end.

    Raises
    ------
    SourceFailed
        When reading breaks off; points yielded before that stay valid.
    """
    told = Counter(table.dropped)
    centres = lines = 0
    time = columns.time if timed else None
    for batch in table.read(list(dict.fromkeys((*columns.names, *([] if time is None else [time]))))):
        lon, lat, codes, at_centre = positions(batch, columns, table)
        centres += at_centre
        lines += 0 if codes is None else int((codes == _LINE).sum())
        weight = None if columns.weight is None else batch.column(columns.weight)
        points = _points(lon, lat, codes, weight, None if time is None else batch.column(time))
        points.dropped.update(_since(table, told))
        yield points
    rest = _since(table, told)
    if rest:
        none = np.zeros(0)
        yield Points(lon=none, lat=none, weight=_none(columns), time=None if time is None else none, dropped=rest)
    warn_beyond(table)
    table.warnings.extend(said for said in table.names.sentences() if said not in table.warnings)
    if lines:
        table.warnings.append(f"{lines:,} lines are not drawn: {NO_TRACKS}")
    if centres:
        table.warnings.append(f"geometries that are no points stand at their centres ({centres:,})")


def warn_beyond(table: Table) -> None:
    """Warn of positions beyond the area that the stated coordinate system is made for, and clear their count."""
    for crs, rows in table.beyond.items():
        if rows:
            table.warnings.append(
                f"rows beyond the area that --crs={crs} is made for ({made_for(crs)}): {rows:,}; is it the right one?"
            )
    table.beyond.clear()


def _none(columns: PointColumns) -> NDArray[np.float64] | None:
    return None if columns.weight is None else np.zeros(0)


def _since(table: Table, told: Counter[str]) -> Counter[str]:
    """Rows that reading has left out since the last call."""
    now = Counter(table.dropped)
    new = now - told
    told.update(new)
    return new


def positions(
    batch: pa.RecordBatch, columns: PointColumns, table: Table
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.uint8] | None, int]:
    """Read the positions of some rows.

    Parameters
    ----------
    batch : pyarrow.RecordBatch
        With the columns of positions.
    columns : PointColumns
        Names of these columns.
    table : Table
        Gives its name and coordinate system; its count of positions beyond the area is increased.

    Returns
    -------
    lon, lat : ndarray of float64 (n,)
        Degrees where the row is valid.
    codes : ndarray of uint8 (n,) or None
        Index into REASONS, 0 where the row is valid; None if all are.
    int
        Number of valid rows that are the centre of a geometry larger than a point.
    """
    if columns.place:
        lon, lat, codes = table.names.positions([batch.column(name) for name in columns.place])
        return lon, lat, _BY_NAME[codes] if codes.any() else None, 0
    if columns.geometry is None:
        assert columns.lat is not None
        assert columns.lon is not None
        lat, bad_lat = numbers(batch.column(columns.lat))
        lon, bad_lon = numbers(batch.column(columns.lon))
        bad = bad_lat if bad_lon is None else bad_lon if bad_lat is None else bad_lat | bad_lon
        lost = None
        if columns.crs is not None:
            lon, lat, lost = _placed(lon, lat, columns.crs, table)
        if bad is None and lost is None and _sound(lon, lat):
            return lon, lat, None, 0
        lon, codes = _judge(lon, lat, bad, None, lost)
        return lon, lat, codes, 0
    found = places(batch.column(columns.geometry))
    lon, lat = found.x, found.y
    metadata = table.schema.field(columns.geometry).metadata or {}
    stated = metadata.get(CRS, b"").decode() or columns.crs or ""
    lost = np.zeros(len(lon), bool)
    for srid in np.unique(found.srid).tolist():
        crs = f"EPSG:{srid}" if srid else stated
        if crs and srid != 4326:
            rows = found.srid == srid
            place = _placed if crs == columns.crs else _stated_place
            lon[rows], lat[rows], beyond = place(lon[rows], lat[rows], crs, table)
            if beyond is not None:
                lost[rows] = beyond
    lines = found.state == LINE
    lon, lat = np.where(lines, np.nan, lon), np.where(lines, np.nan, lat)
    lon, codes = _judge(lon, lat, None, found.state == UNREADABLE, lost if lost.any() else None)
    codes[lines] = _LINE
    return lon, lat, codes, int(((found.state == CENTRE) & (codes == _SOUND)).sum())


def _stated_place(
    x: NDArray[np.float64], y: NDArray[np.float64], crs: str, table: Table
) -> tuple[NDArray[np.float64], NDArray[np.float64], Bad]:
    """Longitude, latitude, and which finite coordinates could not be converted."""
    lon, lat = as_wgs84(x, y, crs, table.name)
    lost = np.isnan(lon) & np.isfinite(x) & np.isfinite(y)
    return lon, lat, lost if lost.any() else None


def _placed(
    x: NDArray[np.float64], y: NDArray[np.float64], crs: str, table: Table
) -> tuple[NDArray[np.float64], NDArray[np.float64], Bad]:
    """Convert coordinates from a system that the user states, and count those beyond the area it is made for."""
    lon, lat, lost = _stated_place(x, y, crs, table)
    table.beyond[crs] += outside(crs, lon, lat)
    return lon, lat, lost


def _sound(lon: NDArray[np.float64], lat: NDArray[np.float64]) -> bool:
    """Whether all rows are on the globe and none is at 0, 0; NaN fails every comparison."""
    if not len(lat):
        return True
    south, north, west, east = lat.min(), lat.max(), lon.min(), lon.max()
    if not (south >= -90 and north <= 90 and west >= -180 and east <= 180):
        return False
    return bool(south > 0 or north < 0 or west > 0 or east < 0) or not ((lat == 0) & (lon == 0)).any()


def _judge(
    lon: NDArray[np.float64], lat: NDArray[np.float64], bad: Bad, unreadable: Bad, lost: Bad = None
) -> tuple[NDArray[np.float64], NDArray[np.uint8]]:
    """Longitudes from -180 to 180, and the reason code of each row."""
    wide = (lon > 180) & (lon <= 360) & (np.abs(lat) <= 90)
    if wide.any():
        lon = np.where(wide, lon - 360, lon)
    off = (np.abs(lat) > 90) | (np.abs(lon) > 180)
    swapped = (np.abs(lat) > 90) & (np.abs(lat) <= 180) & (np.abs(lon) <= 90)
    codes = np.zeros(len(lat), np.uint8)
    codes[(lat == 0) & (lon == 0)] = _ZERO
    codes[off] = _OFF
    codes[swapped] = _SWAPPED
    codes[~(np.isfinite(lat) & np.isfinite(lon))] = _NOWHERE
    if lost is not None:
        codes[lost] = _OFF
    if unreadable is not None:
        codes[unreadable] = _UNREADABLE
    if bad is not None:
        codes[bad] = _NO_NUMBER
    return lon, codes


def _points(
    lon: NDArray[np.float64],
    lat: NDArray[np.float64],
    codes: NDArray[np.uint8] | None,
    column: pa.Array | None,
    times: pa.Array | None = None,
) -> Points:
    """Join positions with weights and times, without the invalid rows."""
    weight: NDArray[np.float64] | None = None
    if column is not None:
        weight, bad = numbers(column)
        if bad is not None or not (len(weight) and np.isfinite(weight.min()) and np.isfinite(weight.max())):
            codes = np.zeros(len(lat), np.uint8) if codes is None else codes
            _judge_weight(codes, weight, bad)
    points = Points(lon=lon, lat=lat, weight=weight, time=None if times is None else _moments(times))
    if codes is None or not codes.any():
        return points
    tally = np.bincount(codes, minlength=len(REASONS))
    dropped = Counter({reason: int(n) for reason, n in zip(REASONS[1:], tally[1:], strict=True) if n})
    return replace(points.chosen(codes == _SOUND), dropped=dropped)


def _moments(column: pa.Array) -> NDArray[np.float64]:
    moments, bad = seconds(column)
    return moments if bad is None else np.where(bad, np.nan, moments)


def _judge_weight(codes: NDArray[np.uint8], weight: NDArray[np.float64], bad: Bad) -> None:
    sound = codes == _SOUND
    codes[sound & np.isnan(weight)] = _NO_WEIGHT
    codes[sound & np.isinf(weight)] = _BAD_WEIGHT
    if bad is not None:
        codes[sound & bad] = _BAD_WEIGHT


def swap_warning(columns: PointColumns, dropped: Mapping[str, int], kept: int) -> str | None:
    """Warn when latitude and longitude look swapped, or nothing is on the globe.

    Parameters
    ----------
    columns : PointColumns
        Columns that were read.
    dropped : mapping
        Counts of all rows left out so far.
    kept : int
        Number of points read so far.

    Returns
    -------
    str or None
        One sentence, or None if there is nothing to warn of.
    """
    if columns.crs is not None:
        return None if kept else f"no position is on the globe in --crs={columns.crs}: is it the right one?"
    swapped, off = dropped.get(REASONS[_SWAPPED], 0), dropped.get(REASONS[_OFF], 0)
    if swapped > _SUSPICIOUS * (kept + swapped + off):
        remedy = "" if columns.lat is None else f"; try --lat={columns.lon} --lon={columns.lat}"
        if columns.lat is not None and columns.lon is not None and " " in columns.lat + columns.lon:
            remedy = f"; try --lat '{columns.lon}' --lon '{columns.lat}'"
        return f"latitude and longitude look swapped (rows with a latitude beyond 90 degrees: {swapped:,}){remedy}"
    if off and not kept:
        return f"no position is on the globe: {METRES}"
    return None
