"""Read the lines of KML as tracks: LineString, gx:Track and gx:MultiTrack of Google, Track and MultiTrack of KML 2.3.

The format: https://docs.ogc.org/is/12-007r2/12-007r2.html. Elements are recognised by local names, whatever their
prefix. No document type is accepted, no entity is expanded, no link is followed.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lxml import etree

from heatlas.core.batch import TABLES
from heatlas.core.errors import Unreadable
from heatlas.core.regex import regex
from heatlas.core.words import counted
from heatlas.sources.formats.kml_lines import joined, stamp_of, take_stamps, way_of
from heatlas.sources.formats.ways import POINTS, recordings_of_ways
from heatlas.sources.formats.xml import local_name
from heatlas.sources.formats.xml_text import to_utf8

if TYPE_CHECKING:
    from collections.abc import Iterator

    from heatlas.core.batch import Recording
    from heatlas.sources.formats.ways import Way

__all__ = ["read_kml"]

_PIECE = 1 << 20
_HUGE = 10_000_000
"""Bytes from which a text may be longer than libxml2 allows by default."""
_PREFIXES = (regex(rb"<[A-Za-z_][\w.-]*:(?=[A-Za-z_])"), b"<"), (regex(rb"</[A-Za-z_][\w.-]*:"), b"</")
_CONTROLS = bytes.maketrans(bytes(range(32)), b" " * 9 + b"\t\n" + b" " * 2 + b"\r" + b" " * 18)
_WATCHED = ("{*}Placemark", "{*}Folder", "{*}Document", "{*}NetworkLink", "{*}kml")


@dataclass(slots=True)
class _Found:
    """Content of a document."""

    ways: list[Way] = field(default_factory=list)
    others: Counter[str] = field(default_factory=Counter)
    """Kind of shape that is no line -> their number."""
    stamps: list[tuple[str, str]] = field(default_factory=list)
    """Coordinates and time, as written, of the points with a time since the last line."""
    links: int = 0
    root: str = ""
    cut: bool = False
    malformed: bool = False


def read_kml(data: bytes, source: str) -> list[Recording]:
    """Read a KML file: the lines of each placemark are one recording.

    Consecutive placemarks are one recording where each line begins at the end of the one before, under the same name
    but for a number: programs cut a track into pieces, to colour them by speed or because only so many points are
    allowed. Lines have no times of their own; the time of the placemark is the start.

    Parameters
    ----------
    data : bytes
        The file.
    source : str
        Path of the file, for ``Activity.source``.

    Returns
    -------
    list of Recording
        In the order of the file. The first bears the warnings of what is not drawn.

    Raises
    ------
    Unreadable
        When it is no KML, declares a DOCTYPE, or holds no line; its kind then says what it holds.
    """
    data = to_utf8(data)
    found = _read(data)
    if not found.ways:
        _refuse(found)
    ways = joined(found.ways)
    warnings = []
    if found.cut:
        warnings.append(f"cut off in the middle: {sum(map(len, ways))} complete points were kept")
    elif found.malformed:
        warnings.append("malformed XML")
    if found.links:
        warnings.append(f"{counted(found.links, 'links')} to other files: links are never followed")
    return recordings_of_ways(ways, source, found.others, warnings, data)


def _refuse(found: _Found) -> None:
    """Say what a document without lines holds."""
    if found.root.lower() not in {"kml", "placemark", "folder", "document"}:
        raise Unreadable(f"is not KML: its root element is <{found.root}>" if found.root else "is not XML")
    if found.others:
        raise Unreadable("a map of places (KML), not a recording", TABLES)
    if found.cut:
        raise Unreadable("cut off before its first line")
    if found.links:
        raise Unreadable("a KML of links to other files, which are never followed", "maps without lines")
    raise Unreadable("a map (KML) without lines and places, not a recording", "maps without lines")


def _read(data: bytes) -> _Found:
    """Read the lines of a document, one placemark after the other, so that no more is held in memory."""
    found = _Found()
    parser = etree.XMLPullParser(
        ("start", "end"),
        tag=_WATCHED,
        encoding="utf-8",
        recover=True,
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=len(data) > _HUGE,
        remove_comments=True,
        remove_pis=True,
    )
    if re.search(rb"<!doctype", data[:_PIECE], re.IGNORECASE):
        raise Unreadable("declares a DOCTYPE, which a recording never needs")
    folders: list[Any] = []
    placemark: Any = None
    try:
        for piece in _pieces(data):
            parser.feed(piece)
            for event, element in parser.read_events():
                name = local_name(element)
                found.root = found.root or local_name(element.getroottree().getroot())
                if event == "start":
                    if name == "Placemark" and placemark is None:
                        placemark = element
                    elif name in {"Folder", "Document"}:
                        folders.append(element)
                    continue
                if element is placemark:
                    _add(found, element, folders)
                    placemark = None
                    _drop(element)
                elif name == "NetworkLink":
                    found.links += 1
                    _drop(element)
                elif folders and element is folders[-1]:
                    folders.pop()
                    if placemark is None:
                        _drop(element)
    except etree.XMLSyntaxError:
        found.malformed = True
    found.cut = placemark is not None or bool(folders)
    errors = {error.type_name for error in parser.feed_error_log if error.domain_name != "NAMESPACE"}
    found.malformed |= bool(errors)
    if placemark is not None:
        _add(found, placemark, folders, cut=True)
    return found


def _pieces(data: bytes) -> Iterator[bytes]:
    """Cut a document before elements, without the prefixes of their names: these are often not declared."""
    at = max(data.find(b"<"), 0)
    while at < len(data):
        end = at + _PIECE
        if end < len(data):
            end = max(data.rfind(b"<", at + 1, end), -1)
            end = at + _PIECE if end < 0 else end
        piece = data[at:end].translate(_CONTROLS)
        for prefix, bare in _PREFIXES:
            piece = prefix.sub(bare, piece)
        yield piece
        at = end


def _drop(element: Any) -> None:
    """Take an element out of the tree, which would grow with the file."""
    element.clear()  # first: else libxml2 looks through all of it for namespaces
    parent = element.getparent()
    if parent is not None:
        parent.remove(element)


def _add(found: _Found, placemark: Any, folders: list[Any], cut: bool = False) -> None:
    """Add what a placemark holds."""
    way, others = way_of(placemark, folders, cut)
    found.others += others
    if len(way):
        if take_stamps(way, found.stamps):
            found.others[POINTS] -= len(found.stamps)
        found.stamps.clear()
        found.ways.append(way)
    elif others[POINTS] == 1 and (stamp := stamp_of(placemark)) is not None:
        found.stamps.append(stamp)
