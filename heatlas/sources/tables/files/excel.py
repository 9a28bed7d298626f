"""Read sheets of Excel and OpenDocument workbooks."""

from __future__ import annotations

import datetime as dt
import zipfile
from typing import TYPE_CHECKING, Any, BinaryIO

import pyarrow as pa

from heatlas.core.errors import BadOption, HeatlasError, MissingExtra, SourceFailed
from heatlas.sources.tables.columns import distinct_names
from heatlas.sources.tables.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

__all__ = ["is_workbook", "read_excel"]

_ROWS = 1 << 14
_HEADERS = 50
"""Rows at the top that are searched for the header."""
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_STREAMS = ("Workbook".encode("utf-16-le"), "Book".encode("utf-16-le"))
_OPEN_DOCUMENT = b"application/vnd.oasis.opendocument.spreadsheet"
_MOST_OLE = 64 << 20


def is_workbook(file: BinaryIO) -> bool:
    """Whether a file is a workbook of Excel (.xlsx, .xlsm, .xlsb, .xls) or OpenDocument (.ods), by its content."""
    file.seek(0)
    head = file.read(4096)
    if head.startswith(_OLE):
        # The names of the OLE streams may stand anywhere in the file.
        return any(stream in head + file.read(_MOST_OLE) for stream in _STREAMS)
    if not head.startswith(b"PK\x03\x04"):
        return False
    if _OPEN_DOCUMENT in head[:200]:
        return True
    try:
        with zipfile.ZipFile(file) as archive:
            return any(name.startswith("xl/workbook.") for name in archive.namelist())
    except (zipfile.BadZipFile, NotImplementedError, ValueError, EOFError, OSError):
        return False


def read_excel(path: Path, sheet: str | None = None) -> Table:
    """Open one sheet of a workbook. Numbers and dates are the stored values, whatever their cell format.

    The header is the first row that fills more than half of the width, if it holds only text. Else the columns are
    called column_1, column_2 ... A column of several types becomes text.

    Parameters
    ----------
    path : Path
        The workbook, which is held in memory while it is read.
    sheet : str, optional
        Name of the sheet, needed if several sheets are not empty.

    Raises
    ------
    MissingExtra
        Without python-calamine.
    BadOption
        When the sheet does not exist, or is not given though there are several.
    SourceFailed
        When the workbook cannot be read, or the sheet is empty.
    """
    try:
        import python_calamine
    except ImportError:
        raise MissingExtra(f"reading {path}", "excel", "or save it as CSV") from None
    try:
        book = python_calamine.CalamineWorkbook.from_path(str(path))
        rows = _filled(book, sheet, str(path))
    except HeatlasError:
        raise
    except (python_calamine.CalamineError, OSError, ValueError) as error:
        reason = (str(error).strip().splitlines() or ["it is damaged"])[0]
        raise SourceFailed(f"{path} cannot be read as a workbook ({reason[:160]}); save it as CSV") from None
    names, first = _header(rows)
    columns = {name: _array([row[k] for row in rows[first:]]) for k, name in enumerate(names)}
    table = pa.table(columns) if columns else pa.table({})

    def read(asked: Sequence[str]) -> Iterator[pa.RecordBatch]:
        yield from table.select(list(asked)).to_batches(_ROWS)

    return Table(name=str(path), schema=table.schema, read=read, repeatable=True, size=len(rows) - first)


def _filled(book: Any, given: str | None, name: str) -> list[list[Any]]:
    """Rows of the requested sheet, or of the only visible one that is not empty, without blank rows."""
    names = list(book.sheet_names)
    if given is not None:
        chosen = [each for each in names if each == given] or [each for each in names if each.lower() == given.lower()]
        if len(chosen) != 1:
            raise BadOption(f"{name} has no sheet {given!r}; its sheets are {', '.join(names)}")
        names = chosen
    visible = {str(each.name) for each in book.sheets_metadata if "Visible" in str(each.visible)}
    sheets = {each: _rows(book, each) for each in names if given is not None or each in visible}
    held = [each for each, rows in sheets.items() if rows]
    if len(held) > 1:
        raise BadOption(f"{name} has several sheets, {', '.join(held[:20])}; say which with --table")
    if not held:
        raise SourceFailed(f"{name} is empty")
    return sheets[held[0]]


def _rows(book: Any, sheet: str) -> list[list[Any]]:
    rows = book.get_sheet_by_name(sheet).to_python(skip_empty_area=True)
    return [row for row in rows if any(cell != "" for cell in row)]


def _header(rows: Sequence[Sequence[Any]]) -> tuple[list[str], int]:
    """Names of the columns, and the index of the first row of data; titles and remarks above the header are skipped."""
    width = max(sum(cell != "" for cell in row) for row in rows)
    for k, row in enumerate(rows[:_HEADERS]):
        filled = [cell for cell in row if cell != ""]
        if len(filled) * 2 > width and (len(filled) > 1 or width == 1):
            if all(isinstance(cell, str) for cell in filled) and not all(map(_is_number, filled)):
                return distinct_names(str(cell).strip() for cell in row), k + 1
            return [f"column_{number + 1}" for number in range(len(row))], k
    return [f"column_{number + 1}" for number in range(len(rows[0]))], 0


def _is_number(text: str) -> bool:
    try:
        float(text.replace(",", "."))
    except ValueError:
        return False
    return True


def _array(cells: Sequence[Any]) -> pa.Array:
    """Arrow array of the cells of one column; text if they are of several types."""
    values = [None if cell == "" else cell for cell in cells]
    kinds = {type(value) for value in values if value is not None}
    if {int, float} >= kinds and kinds:
        return pa.array([None if value is None else float(value) for value in values], pa.float64())
    if len(kinds) <= 1:
        try:
            return pa.array(values)
        except (pa.ArrowException, OverflowError, TypeError, ValueError):
            pass
    if kinds == {dt.date, dt.datetime}:  # a date becomes midnight
        moments = [dt.datetime.combine(value, dt.time()) if type(value) is dt.date else value for value in values]
        return pa.array(moments, pa.timestamp("us"))
    return pa.array([None if value is None else _text(value) for value in values], pa.string())


def _text(value: Any) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() and abs(value) < 1 << 53 else str(value)
