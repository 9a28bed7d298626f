"""Tell tables from recordings, and open them: files, databases, standard input, and frames in memory.

============================== =============================================================================
`table`, `given`               a table whose rows stream; a table as the user named it
`file_kind`, `streams`         detection of a file's kind; bytes, unpacked and as UTF-8
`files`                        a reader for each kind of table
`columns`, `beside`            columns by their names; columns of hemispheres, days and clocks beside them
`cells`, `geometry`            cells as numbers, times and positions; geometries as positions and lines
`readings`, `settled`, `facts` one reading for each column; tables that apply it; reports of columns
`systems`, `place_names`       coordinate systems other than WGS 84; positions of rows that only name a town
`rows`, `row_filter`           rows as points; filters over rows
`tracks`                       rows as tracks
============================== =============================================================================
"""

from __future__ import annotations

import atexit
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from heatlas.core.errors import BadOption, SourceFailed
from heatlas.core.paths import missing_path
from heatlas.core.regex import regex
from heatlas.core.scratch import make_scratch
from heatlas.sources.formats.known import FORMATS, rows_of
from heatlas.sources.sniff import NOT_RECORDINGS
from heatlas.sources.tables.file_kind import RECORDINGS, TABLES, VECTORS, holds, kind_of_content, look_at, plain_ending
from heatlas.sources.tables.table import Copied, Dataset

if TYPE_CHECKING:
    from heatlas.sources.tables.file_kind import FileKind
    from heatlas.sources.tables.streams import Source
    from heatlas.sources.tables.table import Table

__all__ = ["STDIN", "is_path", "is_table", "is_table_file", "open_table", "see"]

STDIN = "-"
"""Source that stands for standard input."""

_URL = regex(r"[A-Za-z][A-Za-z0-9+.-]+://")
_WEB = ("http", "https", "ftp", "ftps", "s3", "gs", "az", "file")
_DELIMITED, _JSON = (".csv", ".tsv", ".tab", ".txt", ".dat", ".psv"), (".json", ".geojson", ".geojsonl", ".geojsons")
_LINES = (".ndjson", ".jsonl", ".ldjson", ".geojsonseq", ".ndgeojson")
_PARQUET, _ARROW = (".parquet", ".geoparquet", ".pq"), (".arrow", ".arrows", ".feather", ".ipc")
_VECTOR = (".gpkg", ".shp", ".shz", ".fgb", ".kml", ".kmz", ".gdb", ".mif")
_ENDINGS = (*_DELIMITED, *_JSON, *_LINES, *_PARQUET, *_ARROW, *_VECTOR)
_DATABASES = {"sqlite": "sqlite", "duckdb": "duckdb"}
_UNPACKED = frozenset({"parquet", "arrow", "sqlite", "duckdb"})


def is_path(source: object) -> bool:
    """Whether something names a file or folder, and not a database, standard input or an object in memory."""
    return isinstance(source, Path) or (isinstance(source, str) and source != STDIN and not _URL.match(source))


def is_table(source: object) -> bool:
    """Whether something is a table of points rather than recordings.

    Parameters
    ----------
    source : str, Path or object
        A file is judged by its content, and by the ending of its name where the content is not enough. Recordings
        (`heatlas.sources.formats.known`) are no tables, whatever they are called, nor are archives of several files.
        A folder is a table if its name ends in .parquet or .gdb. Text ``scheme://...`` is a database and ``-`` is
        standard input. An object is a table if `heatlas.sources.tables.files.frames.read_frame` takes it.
    """
    if not isinstance(source, (str, Path)):
        from heatlas.sources.tables.files.frames import is_frame

        return is_frame(source)
    if isinstance(source, str) and (source == STDIN or _URL.match(source)):
        return True
    return is_table_file(Path(source), see(Path(source)))


def see(path: Path) -> FileKind | None:
    """Detect the kind of a file; None for a folder, for no file, or if it cannot be read (opening reports that)."""
    if os.path.isdir(path):  # noqa: PTH112 - returns False for an invalid name too
        return None
    try:
        return look_at(path)
    except SourceFailed:
        return None


def is_table_file(path: Path, seen: FileKind | None, *, rows: bool = False) -> bool:
    """Whether a file or folder is a table, given the result of `see`.

    Parameters
    ----------
    path : Path
        The file or folder.
    seen : FileKind or None
        Its kind.
    rows : bool
        Whether options name columns: a recording that can be read as a table too (`Format.rows`) then is one. A file of
        a format of lines is a table, too, if it has none.
    """
    if os.path.isdir(path):  # noqa: PTH112 - as above
        return path.suffix.lower() in {".parquet", ".gdb"}
    found = "unknown" if seen is None else seen.name
    row = FORMATS.get("kml" if found == "zip" and plain_ending(path) == ".kmz" else found)
    if row is not None and row.lines is not None:
        return rows or not holds(path, row.lines)
    found = rows_of(found) if rows else found
    return found in TABLES or (found not in RECORDINGS and plain_ending(path) in _ENDINGS)


def open_table(
    source: object, *, query: str | None = None, table: str | None = None, seen: FileKind | None = None
) -> Table:
    """Open anything for which `is_table` is true; rows are read when they are requested.

    Parameters
    ----------
    source : str, Path or object
        See `is_table`.
    query : str, optional
        SQL, for databases.
    table : str, optional
        A table of a database, a layer of a file that holds several, or a sheet of a workbook.
    seen : FileKind, optional
        Kind of the file, if `see` has detected it already.

    Raises
    ------
    BadOption
        When there is no such file, or query or table are given for a source that has none.
    SourceFailed
        When it cannot be read; the message names it.
    MissingExtra
        When an optional library is needed.
    """
    if isinstance(source, Copied):
        return replace(_file(source.path, look_at(source.path), query, table), name=source.name)
    if isinstance(source, Dataset):
        from heatlas.sources.tables.files.parquet import read_dataset

        _only_plain(f"Parquet such as {source}", query, table)
        return read_dataset(source)
    if not isinstance(source, (str, Path)):
        from heatlas.sources.tables.files.frames import read_frame

        _only_plain("a table in memory", query, table)
        return read_frame(source)
    if isinstance(source, str):
        if source == STDIN:
            return _standard_input(query, table)
        if _URL.match(source):
            return _database(source, query, table)
    path = Path(source)
    if not os.path.exists(path):  # noqa: PTH110 - as above
        raise missing_path(path)
    if path.is_dir():
        return _folder(path, query, table)
    return _file(path, look_at(path) if seen is None else seen, query, table)


def _only_plain(what: str, query: str | None, table: str | None) -> None:
    for option, given in (("--query", query), ("--table", table)):
        if given is not None:
            others = " and files of layers" if option == "--table" else ""
            raise BadOption(f"{option} is for databases{others}, not for {what}")


def _database(url: str, query: str | None, table: str | None) -> Table:
    from heatlas.sources.databases import open_database

    if url.partition("://")[0].lower() in _WEB:
        raise BadOption("heatlas reads no web pages: download the file, or name a bucket (s3://, gs://, az://)")
    return open_database(url, query=query, table=table)


def _folder(path: Path, query: str | None, table: str | None) -> Table:
    if path.suffix.lower() == ".gdb":
        return _vector(path, query, table)
    _only_plain(f"the folder {path}", query, table)
    if path.suffix.lower() != ".parquet":
        raise BadOption(f"the folder {path} is no table: name a file in it, or call it .parquet")
    from heatlas.sources.tables.files.parquet import read_parquet

    return read_parquet(path)


def _file(path: Path, seen: FileKind, query: str | None, table: str | None) -> Table:
    found, ending = rows_of(seen.name), plain_ending(path)
    if found in _UNPACKED and path.suffix.lower() in {".gz", ".zip"}:
        raise SourceFailed(f"{path} holds a file that cannot be read while it is packed ({found}); unpack it first")
    if found in _DATABASES:
        # In a URL, "?" would end the path and "%" would begin an escape.
        place = str(path.absolute()).replace("%", "%25").replace("?", "%3F")
        return _database(f"{_DATABASES[found]}:///{place}", query, table)
    if found in VECTORS or (found in {"zip", "xml", "unknown", "text"} and ending in _VECTOR):
        return _vector(path, query, table)
    if found == "workbook":
        from heatlas.sources.tables.files.excel import read_excel

        if query is not None:
            raise BadOption(f"--query is for databases, not for {path}; --table names a sheet of it")
        return read_excel(path, table)
    _only_plain(str(path), query, table)
    if found == "parquet":
        from heatlas.sources.tables.files.parquet import read_parquet

        return read_parquet(path)
    if found == "arrow" or (found == "unknown" and ending in _ARROW):
        from heatlas.sources.tables.files.arrow import read_arrow

        return read_arrow(path)
    if seen.text is None:
        from heatlas.sources.tables.streams import file_source

        return _text(file_source(path), found, ending)
    return _text(seen.text, found, ending)


def _text(source: Source, found: str, ending: str) -> Table:
    """Open a table that is read as a stream of text."""
    if found == "empty":
        raise SourceFailed(f"{source.name} is empty")
    if found == "json" or (found == "text" and ending in {*_JSON, *_LINES}):
        from heatlas.sources.tables.files.json import read_json

        return read_json(source)
    if found == "csv" or (found == "text" and ending in _DELIMITED):
        from heatlas.sources.tables.files.csv import read_csv

        return read_csv(source)
    if found == "text":
        from heatlas.sources.tables.files.csv import read_csv

        return read_csv(source)
    what = NOT_RECORDINGS.get(found, FORMATS[found].noun if found in FORMATS else found)
    what = what.removesuffix(", not a recording").replace("not a kind of recording", "not a kind of table")
    raise SourceFailed(f"{source.name} is no table of points: {what}")


def _vector(path: Path, query: str | None, table: str | None) -> Table:
    if query is not None:
        raise BadOption(f"--query is for databases, not for {path}; --table names a layer of it")
    from heatlas.sources.tables.files.vector import read_vector

    return read_vector(path, table)


def _standard_input(query: str | None, table: str | None) -> Table:
    """Stream text; write anything else to a temporary file, which is removed when the program ends."""
    from heatlas.sources.tables.streams import stream_source

    name = "standard input"
    source = stream_source(sys.stdin.buffer, name)
    found = rows_of(kind_of_content(source.head))
    if found in TABLES - {"csv", "json"} or found in {"zip", "office"}:
        scratch = make_scratch()
        atexit.register(scratch.close)
        path = scratch.path / f"input.{found}"
        with path.open("wb") as file:
            file.writelines(source.open([]))
        return _file(path, look_at(path), query, table)
    _only_plain(name, query, table)
    return _text(source, found, "")
