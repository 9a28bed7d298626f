"""Groups of options that say which data are taken: rows and columns of tables, filters, what is hidden."""

from __future__ import annotations

from heatlas.core.frozen import frozen
from heatlas.options.option import option, several, switch

__all__ = ["FilterOptions", "GapOptions", "HidingOptions", "PointSetOptions", "TableOptions"]

_OF_POINTS = ("picture", "film", "tiles", "page")
_LENGTH = "float"


@frozen(kw_only=True)
class TableOptions:
    """Rows to read of tables, and the meaning of their columns."""

    query: str | None = option("SQL", "A SELECT that reads a database.")
    table: str | None = option("NAME", "Table of a database, layer of a file, or sheet of a workbook to read.")
    lat: str | None = option("COLUMN", "Tables: column of latitudes; by default found by name.")
    lon: str | None = option("COLUMN", "Tables: column of longitudes; by default found by name.")
    geometry: str | None = option(
        "COLUMN", 'Tables: positions in one column, as WKB, WKT, GeoJSON or "60.17, 24.94"; by default found by type.'
    )
    place: str | None = option(
        "TOWN[,COUNTRY]",
        "Tables without positions: columns of names of towns, and of their regions or countries.",
    )
    crs: str | None = option(
        "EPSG:N", "Tables: coordinate system of positions that state none, e.g. EPSG:32635 for metres in UTM."
    )
    decimal: str | None = option(
        "",
        "Tables: whether 1,234 is 1234 or 1.234; by default decided by the whole column.",
        choices=("point", "comma"),
    )
    dates: str | None = option(
        "",
        "Tables: whether 03/02/2024 has its day or its month first; by default decided by the whole column.",
        choices=("dmy", "mdy", "ymd"),
    )
    weight: str | None = option(
        "COLUMN", "Points: column of weights; by default `weight`, or 1 each.", kinds=_OF_POINTS, takes="ArrayLike"
    )
    time: str | None = option(
        "COLUMN", "Tables: column of times; of fixes with --track, of points for films, --after and --before."
    )
    track: str | None = option(
        "COLUMN|all",
        "Tables: rows are the fixes of tracks, which this column tells apart (`all`: of one track); or the column "
        "holds encoded polylines, each a track.",
    )


@frozen(kw_only=True)
class PointSetOptions:
    """Rows of tables that become a point set of a library, and its name."""

    where: str | None = option("FILTER", 'Points: only rows that pass, e.g. "beds > 10".')
    after: str | None = option("DATE", "Points: only rows at or after this day or moment.", takes="dt.date")
    before: str | None = option("DATE", "Points: only rows before this day or moment (UTC).", takes="dt.date")
    name: str | None = option("NAME", "Points: name of the point set; by default that of the file.")


@frozen(kw_only=True)
class FilterOptions:
    """Filter of the activities, or the points, that are drawn."""

    where: str | None = option(
        "FILTER", "Only activities that pass, e.g. \"sport = 'Run' AND hour < 9\"; hours and dates are local."
    )
    sport: tuple[str, ...] = several("NAME", "Only this sport, e.g. Run; may be repeated.")
    after: str | None = option(
        "DATE",
        "Only activities that start on or after this day, or this moment; in local time, unless the moment "
        "has Z or an offset.",
        takes="dt.date",
    )
    before: str | None = option("DATE", "Only activities that start before this day or moment.", takes="dt.date")
    utc: bool = switch("Days, hours and films in UTC, not in local time.")


@frozen(kw_only=True)
class HidingOptions:
    """Parts of tracks that are hidden."""

    clip_ends: str | None = option(
        "LENGTH", "Cut about this much from both ends of each track, e.g. 200m.", takes=_LENGTH
    )
    zone: tuple[str, ...] = several("LAT,LON,RADIUS", "Hide a place, e.g. home; may be repeated.")


@frozen(kw_only=True)
class GapOptions:
    """Longest steps of tracks over which a line is drawn."""

    max_gap: str | None = option(
        "TIME",
        "Tracks: draw no line over a longer time without a fix, e.g. 10min.  [default: by each recording's rhythm]",
        takes="float",
    )
    max_gap_distance: str | None = option(
        "LENGTH", "Tracks: draw no line between fixes farther apart, e.g. 2km.  [default: likewise]", takes=_LENGTH
    )
