"""Recognise the kind of a file by its first bytes, not by its name."""

from __future__ import annotations

import codecs
import csv
import re
from typing import TYPE_CHECKING

from heatlas.core.regex import regex
from heatlas.sources.formats.known import BINARY, FORMATS, ROOTS, refined

if TYPE_CHECKING:
    from heatlas.sources.blobs import Content

__all__ = ["GEOPACKAGES", "NOT_RECORDINGS", "decode", "kind"]

NOT_RECORDINGS = {
    "image": "an image or video, not a recording",
    "pdf": "a PDF document, not a recording",
    "html": "a web page, not a recording",
    "csv": "a table (CSV), not a recording",
    "text": "plain text, not a recording",
    "xml": "XML of another kind, not a recording",
    "parquet": "a table (Parquet), not a recording",
    "arrow": "a table (Arrow), not a recording",
    "sqlite": "a database (SQLite), not a recording",
    "geopackage": "a table (GeoPackage), not a recording",
    "shapefile": "a table (Shapefile), not a recording",
    "flatgeobuf": "a table (FlatGeobuf), not a recording",
    "duckdb": "a database (DuckDB), not a recording",
    "json": "JSON of another kind, not a recording",
    "hrm": "heart rates of a Polar monitor, without positions: name the GPX of the same exercise",
    "7z": "a 7-Zip archive, which heatlas does not open: unpack it, and name the folder",
    "rar": "a RAR archive, which heatlas does not open: unpack it, and name the folder",
    "zstd": "packed with Zstandard, which heatlas does not open: unpack it, and name what was in it",
    "office": "an old Office document, which heatlas does not open: save a table in it as CSV, and name that",
    "unknown": "not a kind of recording that heatlas knows",
}
"""Kind -> why such a file is left out."""
GEOPACKAGES = (b"GPKG", b"GP10", b"GP11")
"""Application ids of GeoPackages, at byte 68 of the SQLite file."""

_HEAD = 4096
_PROLOG = 65536  # a licence or a log in comments may precede the root element
_SIGNATURES = (
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"PK\x07\x08", "zip"),
    (b"\x1f\x8b", "gzip"),
    (b"%PDF", "pdf"),
    (b"\xff\xd8\xff", "image"),
    (b"\x89PNG", "image"),
    (b"GIF8", "image"),
    (b"BM", "image"),
    (b"II*\0", "image"),
    (b"MM\0*", "image"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\0", "xz"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"Rar!\x1a\x07", "rar"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "office"),
    (b"PAR1", "parquet"),
    (b"ARROW1", "arrow"),
    (b"SQLite format 3\0", "sqlite"),
    (b"\0\0\x27\x0a\0\0\0\0", "shapefile"),
    (b"fgb", "flatgeobuf"),
)
_ROOTS = {
    **ROOTS,
    "kml": "kml",
    "html": "html",
}
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (b"<\0", "utf-16-le"),
    (b"\0<", "utf-16-be"),
)
_LONG = frozenset({"json", "xml", "kml"})
"""Kinds of which 64 kB are searched for what tells a format: an object or a style may be long."""
_REFINED = frozenset(row.content for row in FORMATS.values()) - {BINARY}
_TAR_SUM = regex(rb"[ 0-7]{6}[\0 ]")
_BZIP2 = regex(rb"BZh[1-9](1AY&SY|\x17rE8P\x90)")
_MISC = regex(r"\s*(?:<\?.*?\?>|<!--.*?-->|<!DOCTYPE[^\[>]*(?:\[.*?\]\s*)?>)", re.DOTALL | re.IGNORECASE)
_LOG = regex(r"\s*(?:[!$](?:G[A-Z]|B[A-Z]|AI|P[A-Z])[A-Z]{1,6},|\d{4}-\d\d-\d\dT[^\t\n]*\t[^\n]*\"_type\")")
_ROOT = regex(r"\s*<(?:[\w.-]+:)?([\w.-]+)[\s/>]")


def kind(data: Content) -> str:
    """Recognise a file by its first 4 kB (64 kB of JSON, and where an XML file opens with long comments).

    Parameters
    ----------
    data : Content
        The file, or its beginning.

    Returns
    -------
    str
        A kind of `heatlas.sources.formats.known.FORMATS`, else one of kml, xml, json, csv, parquet, arrow, sqlite,
        geopackage, shapefile, flatgeobuf, duckdb, zip, gzip, bzip2, xz, tar, 7z, rar, zstd, office, image, pdf, html,
        hrm, text, empty, unknown. A piece of GPX or TCX without its root element counts as such; only blanks or NUL
        bytes count as empty.
    """
    head = data[:_HEAD]
    own = refined(BINARY, head, "")
    if own != BINARY:
        return own
    found = _general_kind(head, data)
    if found not in _REFINED:
        return found
    if found in _LONG and len(data) > _HEAD:
        head = data[:_PROLOG]
    return refined(found, head, decode(head))


def _general_kind(head: bytes, data: Content) -> str:
    """Kind of a file, whatever formats of recordings there are besides XML."""
    if head[8:12] == b"DUCK":
        return "duckdb"
    if _TAR_SUM.match(head, 148) and _is_tar(head):
        return "tar"
    for signature, found in _SIGNATURES:
        if head.startswith(signature):
            if found == "bzip2" and not _BZIP2.match(head):
                break
            if found == "sqlite" and head[68:72] in GEOPACKAGES:
                return "geopackage"
            if found == "flatgeobuf" and head[4:7] != b"fgb":
                break
            return found if signature != b"BM" or head[6:10] == b"\0\0\0\0" else _text_kind(head)
    if head[4:8] == b"ftyp" or (head[:4] == b"RIFF" and head[8:12] in {b"WEBP", b"AVI "}):
        return "image"
    text = decode(head)
    if not text.strip("\0 \t\r\n\ufeff\x1e"):
        return "empty"
    if text.lstrip().startswith("<"):
        found = _xml_kind(text)
        # A prolog longer than the head is rare, and searching it takes time.
        return found if found != "xml" or len(data) <= _HEAD else _xml_kind(decode(data[:_PROLOG]))
    return _text_kind(head)


def _is_tar(head: bytes) -> bool:
    """Tell whether the checksum of the first header is right (POSIX.1-1988, ustar; the same in older formats)."""
    block = head[:512]
    stated = re.match(rb" *([0-7]+) *\0? *$", block[148:154])  # text at this place may be digits with blanks among them
    return len(block) == 512 and stated is not None and sum(block) - sum(block[148:156]) + 8 * 32 == int(stated[1], 8)


def decode(data: bytes) -> str:
    """Decode text by its byte-order mark, else as UTF-8; invalid UTF-8 becomes U+FFFD."""
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return data.decode(encoding, "ignore").lstrip("\ufeff")
    return data.decode("utf-8", "replace")


def _xml_kind(text: str) -> str:
    # The group is atomic: once a declaration is matched, no longer match is tried.
    if re.match(r"(?>\s*(?:<\?.*?\?>)?)\s*<!DOCTYPE\s+html", text, re.IGNORECASE | re.DOTALL):
        return "html"
    at = 0
    while misc := _MISC.match(text, at):
        at = misc.end()
    root = _ROOT.match(text, at)
    found = _ROOTS.get(root[1].lower()) if root else None
    if found is None:
        inside = re.search(r"<(?:[\w.-]+:)?(trkpt|Trackpoint)[\s>]", text)
        found = _ROOTS[inside[1].lower()] if inside else "xml"
    return found


def _text_kind(head: bytes) -> str:
    text = decode(head)
    if _control_share(text) > 0.02 or text.count("\ufffd") > len(text) / 5:
        return "unknown"
    if re.match(r'[\s\x1e]*(?:\{\s*["}]|\[\s*[-\[{"\]\dtfn])', text):
        return "json"
    if re.search(r"<(?:[\w.-]+:)?trkpt\s", text):
        return "gpx"
    if text.lstrip().startswith("[Params]"):
        return "hrm"
    if _LOG.match(text):  # NMEA sentences and records of OwnTracks have commas, but no columns
        return "text"
    return "csv" if _is_table(text) else "text"


def _control_share(text: str) -> float:
    return sum(c < " " and c not in "\t\r\n\f\x1a\x1e" for c in text) / max(len(text), 1)


def _is_table(text: str) -> bool:
    """Tell whether the first two records have the same number of columns, which is more than one.

    Some loggers end the header with a comma, but not the rows.
    """
    for separator in ",;\t":
        rows: list[list[str]] = []
        try:
            for row in csv.reader(text.splitlines(keepends=True), delimiter=separator):
                rows.append(row)
                if len(rows) == 2:
                    break
        except csv.Error:
            continue
        if rows and len(rows[0]) > 1:
            more = len(rows[0]) - len(rows[-1])
            if not more or (more == 1 and len(rows[-1]) > 1 and not rows[0][-1].strip()):
                return True
    return False
