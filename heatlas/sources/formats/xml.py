"""Shared part of the readers of GPX and TCX.

The points are read by a scanner of bytes. The rest is a small document, the *skeleton*, which lxml reads. No document
type is accepted, no entity is expanded and nothing is loaded from elsewhere, so that hostile files do no harm.
"""

from __future__ import annotations

import re
from math import isfinite, nan
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from lxml import etree

from heatlas.core.batch import COLUMNS, Activity, Recording
from heatlas.core.errors import Unreadable
from heatlas.core.frozen import frozen
from heatlas.kernels.xml import (
    CUT_OFF,
    DOCTYPE,
    ELEVATION,
    FULL,
    LATITUDE,
    LONGITUDE,
    NUMBER_OF_FIELDS,
    PADDING,
    TIME,
    name_table,
    scan_points,
)
from heatlas.sources.formats.xml_text import find_offsets, parse_number, parse_time, plain_text, to_utf8
from heatlas.sources.formats.xml_values import Values

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from numpy.typing import NDArray

__all__ = [
    "Document",
    "Format",
    "attribute",
    "children",
    "first_text",
    "local_name",
    "make_recording",
    "read_document",
]

_LONGEST_VALUE = 2000  # bytes; no number and no time is longer, whatever is between its digits
_CONTROLS = bytes.maketrans(bytes(range(32)), b" " * 9 + b"\t\n" + b" " * 2 + b"\r" + b" " * 18)
_UNFINISHED = {"ERR_TAG_NOT_FINISHED", "ERR_DOCUMENT_END", "ERR_GT_REQUIRED", "ERR_LTSLASH_REQUIRED"}


class Format(NamedTuple):
    """Description of GPX or TCX for the scanner."""

    title: str
    """Name for display."""
    root: str
    """Local name of the root element, in lower case."""
    keys: NDArray[np.uint64]
    codes: NDArray[np.int64]

    @classmethod
    def of(cls, title: str, root: str, names: Mapping[str, int]) -> Format:
        """Make a format from local names of elements and their codes of ``heatlas.kernels.xml``."""
        return cls(title, root, *name_table(names))


@frozen
class Document:
    """A document whose points have been read."""

    root: Any
    """Root element (lxml) of the document without its points."""
    fields: NDArray[np.float64]
    """(n, NUMBER_OF_FIELDS) points in document order, NaN where unknown."""
    marks: list[list[int]]
    """Code of each element that groups points, and the number of points before it."""
    warnings: tuple[str, ...]
    values: Values
    """Reading of odd numbers and times of the file."""
    offsets: Mapping[float, float]
    """Unix seconds of a time -> seconds by which local time was ahead of UTC, where the file states it."""


def read_document(data: bytes, form: Format) -> Document:
    """Read the points of a document, and its skeleton.

    Raises
    ------
    Unreadable
        When the bytes hold no XML, declare a DOCTYPE, or are of another format.
    """
    if not data:
        raise Unreadable("is empty")
    data = to_utf8(data)
    (fields, marks, odd, cuts), unclosed, state = _scan(data, form)
    if state == DOCTYPE:
        if re.search(rb"<!doctype\s+html", data[:2000], re.IGNORECASE):
            raise Unreadable(f"is a web page, not {form.title}")
        raise Unreadable("declares a DOCTYPE, which a recording never needs")
    values, failed = _resolve(data, odd, fields)
    root, unfinished, malformed = _skeleton(data, cuts)
    name = local_name(root) if root is not None else ""
    if name.lower() != form.root and not len(fields):
        if root is None:
            raise Unreadable("is not XML")
        raise Unreadable(f"is not {form.title}: its root element is <{_printable(name)}>")
    warnings = []
    if state == CUT_OFF or unfinished:
        warnings.append(f"cut off in the middle: {len(fields)} complete points were kept")
    elif malformed:
        warnings.append("malformed XML")
    if unclosed:
        warnings.append(f"{unclosed} points are not closed properly")
    if failed:
        warnings.append(f"{failed} values are neither numbers nor times")
    offsets = find_offsets(data, values.time) if len(fields) else {}
    return Document(root, fields, marks.tolist(), (*warnings, *values.warnings), values, offsets)


def _scan(data: bytes, form: Format) -> tuple[tuple[NDArray[Any], ...], int, int]:
    """Scan a document, and enlarge the output arrays as necessary."""
    buffer = np.frombuffer(data + bytes(PADDING), np.uint8)
    room = len(data) // 80 + 64  # points are seldom shorter than 80 bytes
    while True:
        rows = np.empty((room, NUMBER_OF_FIELDS))
        tables = [np.empty((room, width), np.int64) for width in (2, 4, 2)]
        filled, unclosed, state = scan_points(buffer, len(data), form.keys, form.codes, rows, *tables)
        if state != FULL:
            found = tuple(table[:length] for table, length in zip((rows, *tables), filled, strict=True))
            return found, unclosed, state
        room *= 4


def _skeleton(data: bytes, cuts: NDArray[np.int64]) -> tuple[Any, bool, bool]:
    """Parse the document without its points: root or None, whether it is unfinished, whether it is malformed."""
    parts = []
    position = 0
    for first, last in cuts.tolist():
        parts.append(data[position:first])
        position = last
    parts.append(data[position:])
    text = b"".join(parts).translate(_CONTROLS)
    text = text[max(text.find(b"<"), 0) :]
    try:
        text.decode()
    except UnicodeDecodeError:
        text = text.decode("cp1252", "replace").encode()
    parser = etree.XMLParser(
        encoding="utf-8",
        recover=True,
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(text, parser)
    except etree.XMLSyntaxError:
        return None, False, True
    if root is None:
        return None, False, True
    if root.getroottree().docinfo.internalDTD is not None:
        raise Unreadable("declares a DOCTYPE, which a recording never needs")
    # Undeclared prefixes are common and do no harm.
    errors = {e.type_name for e in parser.error_log if e.domain_name != "NAMESPACE"}
    return root, bool(errors & _UNFINISHED), bool(errors)


def _resolve(data: bytes, odd: NDArray[np.int64], fields: NDArray[np.float64]) -> tuple[Values, int]:
    """Read the values that the scanner found odd into `fields`; return their reading, and count invalid values."""
    texts = [
        (row, field, plain_text(data[first:last]) if last - first <= _LONGEST_VALUE else "too long")
        for row, field, first, last in odd.tolist()
        if row < len(fields)  # else it belongs to a point that was cut off
    ]
    values = _weigh(texts)
    failed = 0
    # Backwards, because the first of several values for one field counts.
    for row, field, text in reversed(texts):
        value = values.time(text) if field == TIME else values.number(text)
        if isfinite(value):
            fields[row, field] = value
        else:
            failed += bool(text)
    return values, failed


def _weigh(texts: Iterable[tuple[int, int, str]]) -> Values:
    """Choose the reading of a file by its odd values; one after a plain value of its field and point is ignored."""
    plain: set[tuple[int, int]] = set()
    places: list[str] = []
    numbers: list[str] = []
    times: list[str] = []
    for row, field, text in texts:
        if (row, field) in plain:
            continue
        value = parse_time(text) if field == TIME else parse_number(text)
        if value == value:  # odd to the scanner only, such as CDATA
            plain.add((row, field))
            continue
        (times if field == TIME else places if field in {LATITUDE, LONGITUDE} else numbers).append(text)
    return Values(places, numbers, times)


def make_recording(
    activity: Activity, fields: NDArray[np.float64], segments: Iterable[int], warnings: tuple[str, ...]
) -> Recording:
    """Make a recording from points.

    Parameters
    ----------
    activity : Activity
        Its attributes.
    fields : ndarray of float64 (n, NUMBER_OF_FIELDS)
        The points.
    segments : iterable of int
        First points of the segments.
    warnings : tuple of str
        Problems of the file.
    """
    columns = {}
    for field, name in enumerate(COLUMNS, ELEVATION):
        with np.errstate(over="ignore"):
            column = fields[:, field].astype(np.float32)
        column[np.isinf(column)] = nan
        if not np.isnan(column).all():
            columns[name] = column
    lat, lon, time = (np.ascontiguousarray(fields[:, field]) for field in range(ELEVATION))
    return Recording(
        activity=activity,
        lon=lon,
        lat=lat,
        time=time,
        columns=columns,
        segments=np.array(sorted(set(segments)), np.int64),
        warnings=warnings,
    )


def local_name(element: Any) -> str:
    """Name of an element without its namespace or prefix; empty for other nodes."""
    tag = element.tag
    return tag.rpartition("}")[2].rpartition(":")[2] if isinstance(tag, str) else ""


def children(element: Any, *path: str) -> Iterator[Any]:
    """Find the descendants at a path of lower-case local names; the case of the elements does not matter."""
    for child in element:
        if local_name(child).lower() == path[0]:
            if len(path) == 1:
                yield child
            else:
                yield from children(child, *path[1:])


def first_text(element: Any, *path: str) -> str:
    """Text of the first non-empty element at a path of lower-case names: its first line, or empty."""
    for child in children(element, *path):
        lines = (child.text or "").strip().splitlines()
        if lines:
            return _printable(lines[0].strip())
    return ""


def attribute(element: Any, name: str) -> str:
    """Value of an attribute by its lower-case name; empty if there is none."""
    for key, value in element.attrib.items():
        if key.rpartition("}")[2].lower() == name:
            return _printable(value.strip())
    return ""


def _printable(text: str) -> str:
    """Shorten a text to 500 characters, and take out those that are not printable."""
    return "".join(c for c in text[:500] if c.isprintable())
