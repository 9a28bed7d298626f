"""Text of XML documents: encodings, odd ways to write a value, numbers and times."""

from __future__ import annotations

import codecs
import re
from datetime import UTC, datetime
from math import nan

__all__ = ["parse_number", "parse_time", "plain_text", "to_utf8"]

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_DECLARED = re.compile(rb"""<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")
# Encodings that hold ASCII as it is. A declaration that can be read at all is in one of them.
_LEGACY = re.compile(r"(iso[-_]?8859|latin|windows|cp125|gb|big5|shift[-_]?jis|euc|koi8|mac)", re.IGNORECASE)
_MARKUP = re.compile(rb"<!--.*?-->|<\?.*?\?>|<!\[CDATA\[(.*?)\]\]>", re.DOTALL)
_REFERENCE = re.compile(r"&(#x[0-9a-fA-F]{1,6}|#[0-9]{1,7}|lt|gt|amp|quot|apos);")
_NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"', "apos": "'"}
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")


def to_utf8(data: bytes) -> bytes:
    """Turn a document of any common encoding into UTF-8 without a byte-order mark."""
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
        # A claim to be UTF-16 is false here: the declaration was read as single bytes.
        if _LEGACY.match(encoding):
            try:
                return data.decode(encoding, "replace").encode()
            except LookupError:
                pass
    return data


def plain_text(raw: bytes) -> str:
    """Take comments out of the text of an element, unwrap CDATA, and resolve character references."""
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
    """Read a decimal number; NaN for anything else."""
    return float(text) if _NUMBER.fullmatch(text) else nan


def parse_time(text: str) -> float:
    """Read a time of ISO 8601 as Unix seconds; UTC where no zone is given, NaN for anything else."""
    try:
        time = datetime.fromisoformat(text.strip().upper().replace(",", "."))
    except ValueError:
        return nan
    if time.tzinfo is None:
        time = time.replace(tzinfo=UTC)
    return (time - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds()
