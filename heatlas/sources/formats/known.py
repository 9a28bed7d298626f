"""Table of all formats of recordings that heatlas reads: one row each.

Recognition, reading, messages and the page docs/reference/formats.md follow from it. Readers are imported when the
first file of their format is read.
"""

from __future__ import annotations

import re
from importlib import import_module
from typing import TYPE_CHECKING, Any

from heatlas.core.regex import regex
from heatlas.sources.formats.format import BINARY, Format
from heatlas.sources.formats.logger_formats import LOGGERS
from heatlas.sources.formats.phone_formats import PHONES

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from heatlas.core.batch import Recording
    from heatlas.sources.blobs import Content
    from heatlas.sources.formats.format import Told

__all__ = ["BINARY", "FORMATS", "ROOTS", "TRUSTED", "read_format", "refined", "rows_of"]

_POLAR = regex(rb'"(?:exportVersion|time[zZ]oneOffset(?:Minutes)?|recordedRoute|wayPoints)"\s*:')


_FIRST = regex(rb"\s*\[\s*\{([^{}]{0,1000})\}")


_MILLISECONDS = regex(rb'"start_time"\s*:\s*\d{12,13}\b')


def _is_samsung(head: bytes) -> bool:
    """A list of positions whose start_time is in milliseconds; a list of events with other times is a table."""
    first = _FIRST.match(head.removeprefix(b"\xef\xbb\xbf"))
    return (
        first is not None
        and _MILLISECONDS.search(first[1]) is not None
        and all(b'"%s"' % name in first[1] for name in (b"latitude", b"longitude"))
        and any(b'"%s"' % name in first[1] for name in (b"altitude", b"accuracy"))
    )


def _is_polar(head: bytes) -> bool:
    """A session has exercises, and something that no other file with exercises has."""
    return b'"exercises"' in head and _POLAR.search(head) is not None


_ROWS = (
    Format(
        kind="fit",
        title="FIT",
        content=BINARY,
        reader="fit.reader:read_fit",
        apps=("Garmin", "Wahoo", "Suunto", "Coros", "Polar", "Hammerhead", "Strava", "Zwift"),
        told=regex(rb"\A.{8}\.FIT", re.DOTALL),
        endings=(".fit",),
        takes_columns=True,
    ),
    Format(
        kind="gpx",
        title="GPX",
        content="xml",
        reader="gpx:read_gpx",
        apps=("Strava", "Komoot", "OsmAnd", "Organic Maps", "OpenTracks", "Garmin", "Apple Health"),
        roots=("gpx", "trk", "trkseg", "trkpt", "rte"),
        endings=(".gpx",),
    ),
    Format(
        kind="tcx",
        title="TCX",
        content="xml",
        reader="tcx:read_tcx",
        apps=("Garmin", "Strava", "Polar", "Fitbit"),
        roots=("trainingcenterdatabase", "activities", "courses", "trackpoint"),
        endings=(".tcx",),
    ),
    Format(
        kind="google-timeline",
        title="Google Timeline",
        content="json",
        reader="google.timeline:read_timeline",
        apps=("Google Maps on Android", "Google Maps on iOS"),
        told=regex(
            r'"(?:semanticSegments|rawSignals|timelinePath|timelineMemory)"\s*:\s*[\[{]'
            r'|"(?:placeLocation|start|end|point)"\s*:\s*"geo:-?\d'
        ),
        large=True,
    ),
    Format(
        kind="google-records",
        title="Google Location History",
        content="json",
        reader="google.records:read_records",
        apps=("Google Takeout",),
        told=regex(r'"locations"\s*:\s*\[.*?"(?:latitudeE7|timestampMs)"\s*:', re.DOTALL),
        rows=True,
        large=True,
    ),
    Format(
        kind="google-months",
        title="Google Semantic Location History",
        content="json",
        reader="google.months:read_month",
        apps=("Google Takeout",),
        told=regex(r'\A\s*\{\s*"timelineObjects"\s*:\s*\['),
    ),
    *LOGGERS,
    *PHONES,
    Format(
        kind="kml",
        title="KML and KMZ",
        content="kml",
        reader="kml:read_kml",
        apps=("Google Earth", "Google My Maps", "MyTracks", "Geo Tracker", "OruxMaps", "Locus Map", "GPSBabel"),
        told=regex(""),
        rows=True,
        lines=regex(rb"<(?:[\w.-]+:)?(?:LineString|Track|MultiTrack)[\s/>]"),
    ),
    Format(
        kind="polar",
        title="Polar Flow",
        content="json",
        reader="polar:read_polar",
        apps=("Polar Flow",),
        told=_is_polar,
    ),
    Format(
        kind="suunto",
        title="Suunto JSON",
        content="json",
        reader="suunto:read_suunto",
        apps=("Movescount", "Suunto"),
        told=regex(r'"DeviceLog"\s*:\s*\{|"suunto/sml"\s*:'),
    ),
    Format(
        kind="sml",
        title="SML",
        content="xml",
        reader="suunto:read_sml",
        apps=("Moveslink", "Suunto"),
        roots=("sml",),
        endings=(".sml",),
    ),
    Format(
        kind="samsung",
        title="Samsung Health",
        content="json",
        reader="samsung:read_samsung",
        apps=("Samsung Health",),
        told=_is_samsung,
        rows=True,
    ),
    Format(
        kind="geojson",
        title="GeoJSON",
        content="json",
        reader="geojson:read_geojson",
        apps=("geojson.io", "QGIS", "GDAL", "toGeoJSON", "uMap", "Mapbox", "overpass turbo"),
        told=regex(
            r'"type"\s*:\s*"(?:Feature|FeatureCollection|GeometryCollection|(?:Multi)?(?:Point|LineString|Polygon))"'
        ),
        rows=True,
        lines=regex(rb'"type"\s*:\s*"(?:Multi)?LineString"'),
        large=True,
    ),
)

FORMATS = {row.kind: row for row in _ROWS}
"""Kind -> its row, in the order in which they are tried."""
ROOTS = {root: row.kind for row in _ROWS for root in row.roots}
"""Local name of an XML root element, in lower case -> kind."""
TRUSTED = tuple(ending + packed for row in _ROWS for ending in row.endings for packed in ("", ".gz"))
"""Endings of names of files whose content is not checked before they are read."""


def refined(content: str, head: bytes, text: str) -> str:
    """Recognise a format among files of one content.

    Parameters
    ----------
    content : str
        What the content is in general, or BINARY.
    head : bytes
        The first bytes.
    text : str
        The same as text; not needed for content that is no text.

    Returns
    -------
    str
        The kind of the first format that fits, else `content`.
    """
    for row in _ROWS:
        if row.content == content and row.told is not None and _fits(row.told, head, text):
            return row.kind
    return content


def _fits(told: Told, head: bytes, text: str) -> bool:
    if callable(told):
        return told(head)
    of: Any = head if isinstance(told.pattern, bytes) else text
    return told.search(of) is not None


def rows_of(kind: str) -> str:
    """Kind of the table that a file is, too: its content where that has rows, else the kind itself."""
    row = FORMATS.get(kind)
    return row.content if row is not None and row.rows else kind


def read_format(kind: str, data: Content, source: str, columns: Collection[str]) -> list[Recording]:
    """Read a file of a known format. Other columns than those named may be missing.

    Raises
    ------
    Unreadable
        When nothing could be salvaged.
    """
    row = FORMATS[kind]
    module, _, function = row.reader.partition(":")
    read: Callable[..., list[Recording]] = getattr(import_module(f"heatlas.sources.formats.{module}"), function)
    data = data if row.large else bytes(data)
    return read(data, source, columns) if row.takes_columns else read(data, source)
