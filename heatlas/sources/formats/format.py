"""What is known of a format of recordings: a row of the table in `heatlas.sources.formats.known`."""

from __future__ import annotations

import re
from collections.abc import Callable

from heatlas.core.frozen import frozen

__all__ = ["BINARY", "Format", "Told"]

BINARY = "binary"
"""Content of formats with a signature of their own."""

Told = re.Pattern[str] | re.Pattern[bytes] | Callable[[bytes], bool]
"""Test of the first bytes of a file (4 kB or more, 64 kB of XML and JSON): a pattern that is searched in them, or in
their text, or a function of the bytes. It must take time linear in their number, and never raise."""


@frozen(kw_only=True)
class Format:
    """One format of recordings."""

    kind: str
    """Its word, as `heatlas.sources.sniff.kind` returns it."""
    title: str
    """Its name for people, also its heading in docs/reference/formats.md."""
    content: str
    """What the content is in general, as `kind` would call it without this row: xml, json, csv, text, kml ..., or
    BINARY."""
    reader: str
    """``module:function`` below heatlas.sources.formats: from (data, source) to a list of `Recording`. It raises
    Unreadable, with a reason in one sentence, where nothing could be salvaged, and nothing else."""
    apps: tuple[str, ...]
    """Apps, services and devices that write it."""
    told: Told | None = None
    """Recognises it among files of the same content. None where `roots` does that."""
    roots: tuple[str, ...] = ()
    """Local names, in lower case, of its XML root elements, and of elements that pieces of such files begin with."""
    endings: tuple[str, ...] = ()
    """Endings of names that no other kind of file has, such as ".gpx": such a file is read without a look at its
    content first, and counts as failed where it cannot be read."""
    rows: bool = False
    """Whether the same file can be read as a table of points too, where options name columns of it."""
    lines: re.Pattern[bytes] | None = None
    """Occurs in the UTF-8 text of a file, wherever, if it holds lines, which become tracks. A file without is a table
    where it is named by itself; such formats have `rows`."""
    large: bool = False
    """Whether the reader takes content that is not in memory (`heatlas.sources.blobs.Distant`): it asks for slices."""
    takes_columns: bool = False
    """Whether the reader takes names of the columns that are needed as a third argument, to save time."""

    @property
    def noun(self) -> str:
        """What a file of it is, in a sentence."""
        return f"a recording ({self.title})"
