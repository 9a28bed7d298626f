"""Recognise files that are no recordings: why they are left out, and how they are counted."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from heatlas.core.batch import TABLES, Unread
from heatlas.core.errors import BadOption
from heatlas.core.regex import regex
from heatlas.sources.sniff import NOT_RECORDINGS, decode, kind

__all__ = ["left_out"]

_KINDS = {
    "image": "images and videos",
    "pdf": "documents",
    "html": "documents",
    "office": "documents",
    "empty": "empty files",
    "7z": "archives of another kind",
    "rar": "archives of another kind",
    "zstd": "archives of another kind",
    "hrm": "wellness",
    **dict.fromkeys(("parquet", "arrow", "geopackage", "shapefile", "flatgeobuf"), TABLES),
    **dict.fromkeys(("sqlite", "duckdb"), "databases"),
}
_WRITTEN = frozenset({"", ".txt", ".md", ".log", ".rtf", ".css", ".js", ".ini", ".cfg", ".yml", ".yaml", ".py", ".sh"})
"""Endings of text for people to read."""
_BESIDE = frozenset({".shx", ".dbf", ".prj", ".cpg", ".qpj", ".sbn", ".sbx", ".qix"})
"""Endings of files beside a .shp, which are read with it."""
_PARTS = "parts of Shapefiles"
_LISTS = frozenset({".csv", ".tsv", ".tab", ".txt", ".dat", ".psv"})
_HEALTH = regex(rb"<(?:[\w.-]+:)?(HealthData|ClinicalDocument)[\s>]")
_RECORDS = "health records"
_BY_NAME = (
    (regex(r"sleep", re.IGNORECASE), "sleep"),
    (regex(r"wellness|health|hydrat|stress|heart|hrv|monitor|steps|weight|calor", re.IGNORECASE), "wellness"),
    (regex(r"setting|profile|preference|customer|account|device|user|social", re.IGNORECASE), "settings"),
)
_FEATURES = regex(rb'"type"\s*:\s*"(Feature|FeatureCollection)"')
_PLACES = regex(rb'"(lat|latitude|latitudeE7|latLng|geo:[^"]*|point|location|coordinates|polyline)"', re.IGNORECASE)


def left_out(file: str, head: bytes, *, failed: bool = False) -> Unread | None:
    """Reason to leave out a file that is plainly no recording; None if it may be one.

    Parameters
    ----------
    file : str
        Its name, for display.
    head : bytes
        Its first bytes, unpacked.
    failed : bool
        Whether it was named explicitly, so that leaving it out is a failure.
    """
    found = kind(head)
    why = "empty" if found == "empty" else NOT_RECORDINGS.get(found)
    if why is None:
        return None
    held = _kind(file, found, head)
    if held == _RECORDS and failed:
        why = "health records, not a recording: name the folder or archive that holds it, for the ways beside it"
    elif held == _PARTS:
        why = "a part of a Shapefile, which is read with its .shp: name that"
    elif held.startswith("."):
        why = f"a file of {held}, which heatlas does not read: convert it to .gpx"
    elif failed and held == TABLES:  # tables of points are not read here
        why += ": its points come in with heatlas import"
    return Unread(file=file, reason=why, failed=failed, kind=held)


def _kind(file: str, found: str, head: bytes) -> str:
    path = PurePosixPath(file.replace("\\", "/"))
    ending = path.suffix.lower()
    if ending in _BESIDE and found in {"shapefile", "unknown", "text", "csv"}:
        return _PARTS
    if found == "xml" and _HEALTH.search(head):
        return _RECORDS
    if found == "csv":
        if ending in _LISTS:
            return TABLES if _has_positions(head) else "tables without positions"
        found = "text"
    if found == "json" and (ending == ".geojson" or _FEATURES.search(head)):
        return TABLES
    if found == "json" and not _PLACES.search(head):
        return next((word for pattern, word in _BY_NAME if pattern.search(path.name)), "other JSON")
    if found == "text" and ending in _WRITTEN:
        return "documents"
    return _KINDS.get(found) or ending or "files of unknown kind"


def _has_positions(head: bytes) -> bool:
    """Tell whether the first line of a table names columns of positions."""
    import pyarrow as pa

    from heatlas.sources.tables.columns import find_columns

    names = re.split(r"[,;|\t]", decode(head).lstrip().partition("\n")[0])
    try:
        find_columns(pa.schema([(name.strip(' "\r'), pa.string()) for name in names]), name="")
    except BadOption:
        return False
    return True
