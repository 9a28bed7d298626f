"""Read tables in memory: data frames, Arrow tables, mappings of arrays, NumPy arrays; without copies where possible."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from heatlas.core.errors import BadOption, SourceFailed
from heatlas.sources.tables.columns import CRS, distinct_names
from heatlas.sources.tables.files.arrow import with_crs
from heatlas.sources.tables.table import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

__all__ = ["is_frame", "read_frame"]

_ROWS = 1 << 17
_ORDER = ("lat", "lon", "weight")
"""Columns of a plain array, in the order LAT,LON of the command line."""


def _library(source: object) -> str:
    """Name of the library that an object's class comes from; imports nothing."""
    return next((part for kind in type(source).__mro__ if (part := kind.__module__.partition(".")[0]) in _READERS), "")


def is_frame(source: object) -> bool:
    """Whether `read_frame` may take an object."""
    if isinstance(source, (str, bytes)):
        return False
    return isinstance(source, (Mapping, np.ndarray)) or hasattr(source, "__arrow_c_stream__") or bool(_library(source))


def read_frame(source: Any) -> Table:
    """Open a table in memory.

    Parameters
    ----------
    source : object
        A DataFrame of pandas, Polars (also lazy) or GeoPandas (in any coordinate system); a table, batch, reader
        or dataset of pyarrow; any other object with an Arrow stream; a mapping of names to arrays; a
        structured NumPy array; or an array of numbers with two or three columns: latitude, longitude, weight.

    Returns
    -------
    Table
        Repeatable, unless it is a stream or lazy.

    Raises
    ------
    BadOption
        When it is none of these, or its columns differ in length.
    """
    if isinstance(source, np.ndarray):
        return _read_columns(_of_array(source), "NumPy array")
    if isinstance(source, Mapping):
        return _read_columns({str(name): values for name, values in source.items()}, "mapping of arrays")
    reader = _READERS.get(_library(source))
    if reader is not None:
        return reader(source)
    if hasattr(source, "__arrow_c_stream__"):
        return _read_stream(source)
    raise BadOption(f"an object of type {type(source).__name__} is no table that can be read")


def _of_array(array: np.ndarray[Any, Any]) -> dict[str, Any]:
    if array.dtype.names is not None and array.ndim == 1:
        return {name: array[name] for name in array.dtype.names}
    if array.ndim == 2 and array.shape[1] in {2, 3} and array.dtype.kind in "iuf":
        return dict(zip(_ORDER, array.T, strict=False))
    raise BadOption(
        f"a NumPy array of points has two or three columns of numbers (latitude, longitude, weight) or named fields; "
        f"this one is {array.dtype} of shape {array.shape}"
    )


def _read_columns(columns: Mapping[str, Any], name: str) -> Table:
    """Make a table of columns that are NumPy arrays, lists or similar."""
    lengths = {len(values) for values in columns.values()}
    if len(lengths) > 1:
        raise BadOption(f"the columns of the {name} differ in length ({min(lengths):,} to {max(lengths):,} rows)")
    return _sliced(
        {column: _cutter(values) for column, values in columns.items()}, lengths.pop() if lengths else 0, name
    )


def _cutter(values: Any) -> Callable[[slice], pa.Array]:
    return lambda rows: _array(values[rows])


def _array(values: Any) -> pa.Array:
    """Arrow array of some values. Contiguous numbers are not copied; values that Arrow cannot hold become text."""
    if isinstance(values, np.ndarray) and values.dtype.kind in "iuf":
        return pa.array(np.ascontiguousarray(values, values.dtype.newbyteorder("=")))
    try:
        made = pa.array(values, from_pandas=True)
    except (pa.ArrowException, TypeError, ValueError, OverflowError):
        known = (value is not None and value == value for value in values)
        made = pa.array([str(value) if held else None for value, held in zip(values, known, strict=True)])
    return made.combine_chunks() if isinstance(made, pa.ChunkedArray) else made


def _sliced(cutters: Mapping[str, Callable[[slice], pa.Array]], size: int, name: str) -> Table:
    """Make a table of columns, each given as a function from a slice of rows to an array."""
    first = {column: cut(slice(0, 100)) for column, cut in cutters.items()}

    def read(columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        for start in range(0, size, _ROWS):
            rows = slice(start, min(start + _ROWS, size))
            yield pa.RecordBatch.from_arrays([cutters[column](rows) for column in columns], list(columns))

    schema = pa.schema([(column, values.type) for column, values in first.items()])
    return Table(name=name, schema=schema, read=read, repeatable=True, size=size)


def _read_pandas(frame: Any) -> Table:
    if not hasattr(frame, "columns"):
        raise BadOption(f"an object of type {type(frame).__name__} is no table that can be read: pass a DataFrame")

    def cutter(k: int) -> Callable[[slice], pa.Array]:
        # Columns are converted singly and by position: names may be numbers or occur twice, and one that cannot be
        # converted must not affect the others.
        column = frame.iloc[:, k]
        plain = isinstance(column.dtype, np.dtype) and column.dtype.kind in "iuf"
        values = column.to_numpy() if plain else column
        return lambda rows: _array(values[rows] if plain else values.iloc[rows])

    names = distinct_names(map(str, frame.columns))
    return _sliced({name: cutter(k) for k, name in enumerate(names)}, len(frame), "pandas DataFrame")


def _read_geopandas(frame: Any) -> Table:
    if not hasattr(frame, "columns"):
        frame = frame.to_frame("geometry")
    geometry = frame.geometry
    others = [column for column, kind in frame.dtypes.items() if str(kind) != "geometry"]
    rest = _read_pandas(frame[others])
    name = str(geometry.name)
    crs = "" if geometry.crs is None else geometry.crs.to_json()

    def read(columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        plain = [column for column in columns if column != name]
        if name not in columns:
            yield from rest.read(plain)
            return
        others = rest.read(plain) if plain else None
        for start in range(0, len(frame), _ROWS):
            codes = geometry.iloc[start : start + _ROWS].to_wkb()
            held = {} if others is None else _arrays(next(others))
            arrays = {**held, name: pa.array(codes.to_numpy(), pa.large_binary())}
            yield pa.RecordBatch.from_arrays([arrays[column] for column in columns], list(columns))

    schema = rest.schema.insert(0, pa.field(name, pa.large_binary(), metadata={CRS: crs.encode()}))
    return Table(name="GeoDataFrame", schema=schema, read=read, repeatable=True, size=len(frame))


def _arrays(batch: pa.RecordBatch) -> dict[str, pa.Array]:
    return dict(zip(batch.schema.names, batch.columns, strict=True))


def _read_polars(frame: Any) -> Table:
    polars = sys.modules["polars"]
    lazy = isinstance(frame, polars.LazyFrame)
    if not lazy and not isinstance(frame, polars.DataFrame):
        raise BadOption(f"an object of type {type(frame).__name__} is no table that can be read: pass a DataFrame")
    schema = frame.collect_schema()
    empty = polars.DataFrame(schema=schema)
    oldest = polars.CompatLevel.oldest()

    def read(columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        chosen = frame.select(list(columns))
        if lazy:
            try:
                chosen = chosen.collect(engine="streaming")
            except polars.exceptions.PolarsError as error:
                raise SourceFailed(f"the Polars LazyFrame fails: {str(error).splitlines()[0]}") from None
        yield from _to_batches(chosen.to_arrow(compat_level=oldest))

    return Table(
        name="Polars LazyFrame" if lazy else "Polars DataFrame",
        schema=empty.to_arrow(compat_level=oldest).schema,
        read=read,
        repeatable=not lazy,
        size=None if lazy else frame.height,
    )


def _to_batches(table: pa.Table) -> Iterator[pa.RecordBatch]:
    yield from table.to_batches(_ROWS)


def _read_pyarrow(source: Any) -> Table:
    if isinstance(source, pa.RecordBatch):
        source = pa.Table.from_batches([source])
    if isinstance(source, pa.Table):
        return Table(
            name="Arrow table",
            schema=with_crs(source.schema),
            read=lambda columns: _to_batches(source.select(list(columns))),
            repeatable=True,
            size=source.num_rows,
        )
    if hasattr(source, "scanner"):
        return Table(
            name="Arrow dataset",
            schema=with_crs(source.schema),
            read=lambda columns: source.scanner(
                columns=list(columns), batch_size=_ROWS, batch_readahead=2, fragment_readahead=1
            ).to_batches(),
            repeatable=True,
        )
    if hasattr(source, "__arrow_c_stream__"):
        return _read_stream(source)
    raise BadOption(f"an object of type {type(source).__name__} is no table that can be read: pass an Arrow table")


def _read_stream(source: Any) -> Table:
    """Open an object with an Arrow stream, which can be read only once."""
    reader = pa.RecordBatchReader.from_stream(source)

    def read(columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        for batch in reader:
            chosen = batch.select(list(columns))
            for start in range(0, chosen.num_rows, _ROWS):
                yield chosen.slice(start, _ROWS)

    return Table(name=f"{type(source).__name__}", schema=with_crs(reader.schema), read=read, once=True)


_READERS: dict[str, Callable[[Any], Table]] = {
    "geopandas": _read_geopandas,
    "pandas": _read_pandas,
    "polars": _read_polars,
    "pyarrow": _read_pyarrow,
}
