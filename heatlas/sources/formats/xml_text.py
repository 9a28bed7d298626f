"""Decode text of XML documents, and parse numbers and times."""

from __future__ import annotations

import codecs
import re
from datetime import UTC, datetime
from itertools import islice
from math import nan
from typing import TYPE_CHECKING

from heatlas.core.regex import regex

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["find_offsets", "parse_number", "parse_time", "plain_text", "to_utf8"]

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_DECLARED = regex(rb"""<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")
# Encodings that contain ASCII. A declaration that is readable as ASCII is in one of them.
_LEGACY = regex(r"(iso[-_]?8859|latin|windows|cp125|gb|big5|shift[-_]?jis|euc|koi8|mac)", re.IGNORECASE)
_MARKUP = regex(rb"<!--.*?-->|<\?.*?\?>|<!\[CDATA\[(.*?)\]\]>", re.DOTALL)
_REFERENCE = regex(r"&(#x[0-9a-fA-F]{1,6}|#[0-9]{1,7}|lt|gt|amp|quot|apos);")
_NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"', "apos": "'"}
_NUMBER = regex(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")


def to_utf8(data: bytes) -> bytes:
    """Convert a document of any common encoding to UTF-8 without a byte-order mark."""
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            data = data[len(bom) :]
            return data if encoding == "utf-8" else data.decode(encoding, "replace").encode()
    head = data[:4]
    if head[:1] == b"\0" and head[1:2] in b"< \t\r\n":
        return data.decode("utf-16-be", "replace").encode()
    if head[1:2] == b"\0" and head[:1] in b"< \t\r\n":
        return data.decode("utf-16-le", "replace").encode()
    declared = _DECLARED.search(data[:400])
    if declared:
        encoding = declared[1].decode()
        # A declaration of UTF-16 is wrong here, because it was read as single bytes.
        if _LEGACY.match(encoding):
            try:
                return data.decode(encoding, "replace").encode()
            except LookupError:
                pass
    return data


def plain_text(raw: bytes) -> str:
    """Remove comments from the text of an element, unwrap CDATA, and resolve character references."""
    parts = []
    position = 0
    for match in _MARKUP.finditer(raw):
        parts.append(_dereference(raw[position : match.start()]))
        parts.append((match[1] or b"").decode("utf-8", "replace"))
        position = match.end()
    parts.append(_dereference(raw[position:]))
    return "".join(parts).strip()


def _dereference(raw: bytes) -> str:
    """Resolve the character references of a text."""
    return _REFERENCE.sub(_character, raw.decode("utf-8", "replace"))


def _character(match: re.Match[str]) -> str:
    name = match[1]
    if name[0] != "#":
        return _NAMED[name]
    code = int("0" + name[1:], 0) if name[1] == "x" else int(name[1:])
    return chr(code) if 0 < code < 0x110000 else "\ufffd"


def parse_number(text: str) -> float:
    """Parse a decimal number; NaN for other text."""
    return float(text) if _NUMBER.fullmatch(text) else nan


def parse_time(text: str) -> float:
    """Parse a time of ISO 8601 as Unix seconds; UTC if it has no zone, NaN for other text."""
    try:
        time = datetime.fromisoformat(text.strip().upper().replace(",", "."))
    except ValueError:
        return nan
    if time.tzinfo is None:
        time = time.replace(tzinfo=UTC)
    return (time - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds()


def find_offsets(data: bytes, read: Callable[[str], float]) -> dict[float, float]:
    """Find the times of a document that state an offset from UTC ("T08:00:00+02:00").

    "Z" and "+00:00" count as no offset: programs that know no other write them.

    Parameters
    ----------
    data : bytes
        The document, in UTF-8.
    read : callable
        Parser of its times: text -> Unix seconds.

    Returns
    -------
    dict
        Unix seconds of a time -> seconds ahead of UTC.
    """
    found: dict[float, float] = {}
    if any(_OFFSET.match(time[0]) for time in islice(_TIME.finditer(data), _LOOKED_AT)):
        for text, sign, hours, minutes in _OFFSET.findall(data):
            seconds = 3600.0 * int(hours) + 60 * int(minutes or 0)
            if 0 < seconds <= _FARTHEST:
                found.setdefault(read(text.decode("utf-8", "replace")), seconds if sign == b"+" else -seconds)
    return found


_TIME = regex(rb">[^<>]{1,40}:\d\d[^<>]{0,40}<")
_OFFSET = regex(rb">\s*([^<>]{6,40}:\d\d(?:[.,]\d+)?\s*(?:[A-Za-z]{1,5}\s*)?([+-])(\d\d):?(\d\d)?)\s*<")
_LOOKED_AT = 6
"""Number of times that are checked for an offset before all are: that of the file, and those of the first points."""
_FARTHEST = 15 * 3600.0
