"""Read delimited text such as CSV and TSV, of any delimiter, encoding and decimal mark, as a stream."""

from __future__ import annotations

import csv
import re
from collections import Counter
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.csv as arrow_csv

from heatlas.core.errors import SourceFailed
from heatlas.core.frozen import frozen
from heatlas.core.regex import regex
from heatlas.sources.tables.columns import distinct_names
from heatlas.sources.tables.streams import Chunks, encoding_of, transcoded, whole_lines
from heatlas.sources.tables.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from heatlas.sources.tables.streams import Source

__all__ = ["RAGGED", "read_csv"]

RAGGED = "rows with too few or too many cells"
"""Reason under which such rows are counted in `Table.dropped`."""

_BLOCK = 1 << 20  # bytes; measured: larger blocks are no faster and take more memory
_LONG_BLOCK = 1 << 25  # bytes; a row must fit into a block, and outlines of countries as text may take megabytes
_LINES = regex(r"[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+\Z")
_BLANKS = " "
_NUMBER = regex(r"\s*+[-+]?(?:\d++(?:[.,]\d++)?|[.,]\d++)(?:[eE][-+]?\d++)?\s*+")
"""No text is tried twice, so that a hostile one takes no time."""
_SAMPLE = 40


@frozen
class _Layout:
    delimiter: str
    """A blank stands for any number of blanks and tabs."""
    names: tuple[str, ...]
    skip: int
    """Bytes before the first row, in UTF-8."""
    block: int
    """Bytes that are parsed together."""


def read_csv(source: Source) -> Table:
    """Open delimited text. All columns are text, in which `heatlas.sources.tables.cells.text` reads numbers.

    The delimiter is a comma, semicolon, tab, bar, or blanks. A first row of numbers is not a header: the columns
    are then called column_1, column_2 ... Names that occur twice get a number. Rows with too few or too many
    cells are left out and counted.

    Raises
    ------
    SourceFailed
        When it is empty.
    """
    encoding, mark = encoding_of(source.head)
    layout = _layout(source.head[mark:].decode(encoding, "replace"), source.name)
    dropped: Counter[str] = Counter()
    warnings: list[str] = []

    def read(columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        dropped.clear()
        warnings.clear()
        with pa.PythonFile(Chunks(_rows_of(source, encoding, mark, layout, warnings)), "r") as file:
            yield from _batches(file, layout, columns, source.name, dropped)

    return Table(
        name=source.name,
        schema=pa.schema([(column, pa.string()) for column in layout.names]),
        read=read,
        once=source.once,
        dropped=dropped,
        warnings=warnings,
    )


def _rows_of(source: Source, encoding: str, mark: int, layout: _Layout, warnings: list[str]) -> Iterator[bytes]:
    """Lines after the header, as UTF-8."""
    stream = source.open(warnings)
    if encoding != "utf-8":
        stream, mark = transcoded(_without(stream, mark), encoding), 0
    for piece in whole_lines(_without(stream, mark + layout.skip), warnings):
        try:
            piece.decode()
            sound = piece
        except UnicodeDecodeError:  # Arrow decodes ragged rows for the handler and would fail
            sound = piece.decode("utf-8", "replace").encode()
        if layout.delimiter == _BLANKS:  # a run of blanks is one delimiter; blanks around a line do not count
            sound = re.sub(rb"(?m)^ | (?=\r?$)", b"", re.sub(rb"[ \t]+", b" ", sound))
        yield sound


def _without(stream: Iterator[bytes], skip: int) -> Iterator[bytes]:
    """Skip the first bytes."""
    for piece in stream:
        if skip < len(piece):
            yield piece[skip:]
        skip -= min(skip, len(piece))


def _batches(
    file: pa.NativeFile, layout: _Layout, columns: Sequence[str], name: str, dropped: Counter[str]
) -> Iterator[pa.RecordBatch]:
    def leave_out(_: arrow_csv.InvalidRow) -> str:
        dropped[RAGGED] += 1
        return "skip"

    rows = 0
    try:
        reader = arrow_csv.open_csv(
            file,
            read_options=arrow_csv.ReadOptions(column_names=list(layout.names), block_size=layout.block),
            parse_options=arrow_csv.ParseOptions(
                delimiter=layout.delimiter, newlines_in_values=True, invalid_row_handler=leave_out
            ),
            convert_options=arrow_csv.ConvertOptions(
                include_columns=list(columns),
                column_types=dict.fromkeys(columns, pa.string()),
                check_utf8=False,
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=True,
            ),
        )
    except pa.ArrowInvalid as error:
        if "Empty CSV" in str(error):
            return
        raise SourceFailed(f"{name} cannot be read as a table: {_reason(error)}") from None
    with reader:
        while True:
            try:
                batch = reader.read_next_batch()
            except StopIteration:
                return
            except (pa.ArrowInvalid, OSError) as error:
                raise SourceFailed(f"{name}: reading breaks off after {rows:,} rows: {_reason(error)}") from None
            rows += batch.num_rows
            yield batch


def _reason(error: Exception) -> str:
    text = str(error).strip().splitlines()[0] if str(error).strip() else "the text is damaged"
    if "straddling" in text or "out of sync" in text:
        return "a quoted cell does not end"
    return text.removeprefix("CSV parse error: ")


def _layout(text: str, name: str) -> _Layout:
    """Find the delimiter, the names of the columns, and where the rows begin."""
    lines = _LINES.findall(text)
    start, given = 0, ""
    while start < len(lines):
        line = lines[start].strip("\ufeff \t\r\n")
        marked = re.fullmatch(r"sep=(.)", line, re.IGNORECASE)  # written by spreadsheets
        if marked:
            given = marked[1]
        elif line and not (line.startswith("#") and start + 1 < len(lines) and not _like(line, lines[start + 1])):
            break
        start += 1
    else:
        raise SourceFailed(f"{name} is empty")
    delimiter = given if given and given in ",;\t|: " else _delimiter(lines[start:])
    records = _records(lines[start:], delimiter)
    header, consumed = next(records, ([], 0))
    rows = [row for row, _ in _sample(records)]
    if header and any(map(_NUMBER.fullmatch, header)) and all(not c.strip() or _NUMBER.fullmatch(c) for c in header):
        header, consumed = [f"column_{k}" for k in range(1, len(header) + 1)], 0
    elif rows and len(header) > 1 and not header[-1] and all(len(row) == len(header) - 1 for row in rows):
        header = header[:-1]  # the header ends with a delimiter, the rows do not
    elif rows and all(len(row) == len(header) + 1 for row in rows):
        # Rows end with a delimiter, or begin with a row name as R writes them.
        header = [*header, ""] if not any(row[-1].strip() for row in rows) else ["", *header]
    header = [header[0].lstrip("\ufeff# "), *header[1:]] if header else [""]
    skip = len("".join(lines[: start + consumed]).encode())
    block = _LONG_BLOCK if max(map(len, lines)) > 1 << 14 else _BLOCK
    return _Layout(delimiter, tuple(distinct_names(header)), skip, block)


def _like(line: str, following: str) -> bool:
    """Whether a line with a number sign has as many cells as the next one, and so is a header, not a comment."""
    mark = _delimiter([line, following])
    return len(line.split(mark)) == len(following.split(mark)) > 1


def _records(lines: Sequence[str], delimiter: str) -> Iterator[tuple[list[str], int]]:
    """Split lines into records that are not blank, each with the number of lines read up to its end."""
    if delimiter == _BLANKS:
        lines = [re.sub(r"[ \t]+", " ", line.strip()) for line in lines]
    reader = csv.reader(lines, delimiter=delimiter)
    try:
        for record in reader:
            if any(cell.strip() for cell in record) or len(record) > 1:
                yield [cell.strip() for cell in record], reader.line_num
    except csv.Error:
        return


def _sample(records: Iterator[tuple[list[str], int]]) -> list[tuple[list[str], int]]:
    """First records, without the last one, which may be cut off by the end of the head."""
    found = [record for _, record in zip(range(_SAMPLE + 1), records, strict=False)]
    return found[:-1] if len(found) > 1 else found


def _delimiter(lines: Sequence[str]) -> str:
    """Find the delimiter for which most rows have as many cells as the header; of equals the one with most cells."""
    best, best_score = ",", (0.0, 0)
    for mark in (",", ";", "\t", "|", _BLANKS):
        records = _records(lines, mark)
        header, _ = next(records, ([], 0))
        rows = [row for row, _ in _sample(records)]
        if len(header) < 2 or (mark == _BLANKS and best_score[0] > 0):
            continue
        fitting = sum(len(row) in {len(header) - (not header[-1]), len(header), len(header) + 1} for row in rows)
        score = (round((fitting + 1) / (len(rows) + 1), 1), len(header))
        if score > best_score:
            best, best_score = mark, score
    return best
