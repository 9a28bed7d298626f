"""Convert text of any encoding to bytes in which ASCII is ASCII, for patterns that search in bytes."""

from __future__ import annotations

from heatlas.sources.tables.streams import encoding_of

__all__ = ["plain", "worded"]


def plain(data: bytes) -> bytes:
    """Convert text to UTF-8 where it is UTF-16 or UTF-32, and take out NUL bytes, with which loggers pad.

    Other text is returned as it is: names in it may be in any encoding of 8 bits.
    """
    encoding, mark = encoding_of(data[:4096])
    if encoding.startswith(("utf-16", "utf-32")):
        data = data[mark:].decode(encoding, "replace").encode("utf-8", "replace")
    elif mark:
        data = data[mark:]
    return data.replace(b"\0", b"") if b"\0" in data else data


def worded(text: bytes) -> str:
    """Decode a name: as UTF-8 if that is possible, else as Windows-1252, without blanks around it."""
    try:
        return text.decode().strip()
    except UnicodeDecodeError:
        return text.decode("cp1252", "replace").strip()
