"""Read JSON: GeoJSON, GeoJSON text sequences, lines of objects, and lists of objects.

Formats: RFC 7946 (GeoJSON), RFC 8142 (GeoJSON text sequences, read with or without record separators).
"""

from __future__ import annotations

import json
from collections import Counter
from contextlib import suppress
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from heatlas.core.errors import SourceFailed
from heatlas.core.regex import regex
from heatlas.sources.tables.columns import CRS
from heatlas.sources.tables.files.json_columns import JsonField, as_batch, fields_of, parse_block, shape_of
from heatlas.sources.tables.files.json_objects import FEATURES, LINES, Broken, form_of, objects, objects_from
from heatlas.sources.tables.streams import encoding_of, transcoded, whole_lines
from heatlas.sources.tables.table import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from heatlas.sources.tables.streams import Source

__all__ = ["BROKEN", "read_json"]

BROKEN = "rows that are no JSON objects"
"""Reason under which such lines or elements are counted."""

_ROWS = 1 << 14
_SAMPLE = 1000
_UNDIVIDED = 1 << 22
"""Bytes without the usual separator of features after which features are read one by one."""
_BEGIN = regex(rb'"features"\s*:\s*\[')
_SEPARATOR = regex(rb'\}\s*,\s*(?=\{\s*"type"\s*:\s*"Feature"\s*[,}])')
_OLD_CRS = regex(r'"crs"\s*:\s*\{[^{}]*\{[^{}]*"name"\s*:\s*"([^"]+)"')


def read_json(source: Source) -> Table:
    """Open a JSON file whose objects are rows.

    Properties of GeoJSON features are columns, beside "geometry" and, where points have a third coordinate,
    "elevation" ("z" if a property is named elevation). Objects inside objects become columns such as "place.lat".
    A broken line loses only its row; of a truncated document the rows before the break are read.

    Raises
    ------
    SourceFailed
        When no object is found in it.
    """
    encoding, mark = encoding_of(source.head)
    text = source.head[mark:].decode(encoding, "replace")
    form = form_of(text, source.whole)
    fields = fields_of(_sample(source, form))
    if not fields:
        raise SourceFailed(f"{source.name} is no JSON of points: it holds no list of objects")
    crs = _OLD_CRS.search(text)
    dropped: Counter[str] = Counter()
    warnings: list[str] = []

    def read(columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        dropped.clear()
        warnings.clear()
        chosen = {column: fields[column] for column in columns}
        if form == LINES:
            yield from _from_lines(source, encoding, chosen, dropped, warnings)
        elif form == FEATURES:
            yield from _from_features(source, encoding, chosen, dropped, warnings)
        else:
            found = objects(source.open(warnings), source.head, form)
            yield from _from_objects(found, chosen, dropped, warnings)

    metadata = {CRS: (crs[1] if crs else "").encode()}
    schema = [
        pa.field(name, field.kind, metadata=metadata if field.geometry else None) for name, field in fields.items()
    ]
    return Table(
        name=source.name, schema=pa.schema(schema), read=read, once=source.once, dropped=dropped, warnings=warnings
    )


def _sample(source: Source, form: str) -> list[dict[str, Any]]:
    """First objects of the document."""
    if form == LINES:
        encoding, mark = encoding_of(source.head)
        lines = source.head[mark:].decode(encoding, "replace").replace("\x1e", "").split("\n")
        return [each for line in lines[:_SAMPLE] if isinstance(each := _loaded(line), dict)]
    found: list[dict[str, Any]] = []
    # The first 256 kB suffice, unless a single object is larger. A stream must not be started for the sample.
    begins: list[Callable[[], Iterator[bytes]]] = [lambda: iter((source.head,))]
    if not (source.once or source.whole):
        begins.append(lambda: source.open([]))
    for begin in begins:
        with suppress(Broken):
            # One by one, so that objects before a break count.
            for each in islice(objects(begin(), source.head, form), _SAMPLE):
                found += [each] if isinstance(each, dict) else []
        if found:
            break
    return found


def _loaded(line: str) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _from_objects(
    found: Iterator[Any], chosen: Mapping[str, JsonField], dropped: Counter[str], warnings: list[str], rows: int = 0
) -> Iterator[pa.RecordBatch]:
    """Batches of objects in their order; `rows` were read before them."""
    held: list[dict[str, Any]] = []
    try:
        for each in found:
            if not isinstance(each, dict):
                dropped[BROKEN] += 1
                continue
            held.append(each)
            if len(held) == _ROWS:
                rows += len(held)
                yield as_batch(held, chosen)
                held = []
    except Broken:
        warnings.append(f"it is damaged or cut off; rows read before that: {rows + len(held):,}")
    if held:
        yield as_batch(held, chosen)


def _from_features(
    source: Source, encoding: str, chosen: Mapping[str, JsonField], dropped: Counter[str], warnings: list[str]
) -> Iterator[pa.RecordBatch]:
    """Batches of a GeoJSON collection: many features at once if they are separated as most programs do."""
    stream = source.open(warnings)
    if encoding != "utf-8":
        stream = transcoded(stream, encoding)
    shape, rows, held, begun = shape_of(chosen), 0, b"", False
    for piece in stream:
        held += piece
        if not begun:
            start = _BEGIN.search(held)
            if start is None:
                continue
            begun, held = True, held[start.end() :]
        joined = _SEPARATOR.sub(b"}\n", held)
        # JSON has no other place with only a line break between two objects.
        end = joined.rfind(b"}\n{") + 2
        if end < 2:
            if len(held) < _UNDIVIDED:
                continue
            break
        batches: Iterable[pa.RecordBatch] | None = None if shape is None else parse_block(joined[:end], chosen, shape)
        sound = len(warnings)
        if batches is None:
            found = objects_from(iter((joined[:end],)), closed=False)
            batches = _from_objects(found, chosen, dropped, warnings, rows)
        for batch in batches:
            rows += batch.num_rows
            yield batch
        if len(warnings) > sound:
            return
        held = joined[end:]
    if begun:
        rest = objects_from(chain((held,), stream), closed=True)
        yield from _from_objects(rest, chosen, dropped, warnings, rows)


def _from_lines(
    source: Source, encoding: str, chosen: Mapping[str, JsonField], dropped: Counter[str], warnings: list[str]
) -> Iterator[pa.RecordBatch]:
    stream = source.open(warnings)
    if encoding != "utf-8":
        stream = transcoded(stream, encoding)
    shape = shape_of(chosen)
    for block in whole_lines(stream, warnings):
        clean = block.replace(b"\x1e", b"").replace(b"\xef\xbb\xbf", b"")
        batches = None if shape is None else parse_block(clean, chosen, shape)
        if batches is not None:
            yield from batches
            continue
        held = []
        for line in clean.split(b"\n"):
            if not line.strip():
                continue
            found = _loaded(line.decode("utf-8", "replace"))
            if isinstance(found, dict):
                held.append(found)
            else:
                dropped[BROKEN] += 1
        if held:
            yield as_batch(held, chosen)
