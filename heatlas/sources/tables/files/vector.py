"""Read layers of GeoPackage, Shapefile, FlatGeobuf, KML and similar formats through GDAL."""

from __future__ import annotations

import warnings
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from heatlas.core.errors import BadOption, MissingExtra, SourceFailed
from heatlas.sources.tables.columns import CRS
from heatlas.sources.tables.streams import zipped_table
from heatlas.sources.tables.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

__all__ = ["layers_of", "read_vector"]

_ROWS = 1 << 16


def read_vector(path: Path, layer: str | None = None) -> Table:
    """Open one layer of a file; its geometries are WKB, with their coordinate system in the schema.

    Parameters
    ----------
    path : Path
        The file.
    layer : str, optional
        Name of the layer, needed if several layers have geometries.

    Raises
    ------
    MissingExtra
        Without pyogrio.
    BadOption
        When the layer does not exist, or is not given though there are several.
    SourceFailed
        When GDAL cannot read it.
    """
    name, place = str(path), _place(path)
    pyogrio, failures = _gdal(name)
    chosen = _layer(_listed(place, name), layer, name)
    try:
        with _quiet(), pyogrio.open_arrow(place, layer=chosen, use_pyarrow=True) as (about, reader):
            schema, geometry = reader.schema, about["geometry_name"] or "wkb_geometry"
            crs = about["crs"] or ""
            features = pyogrio.read_info(place, layer=chosen)["features"]
    except failures as error:
        raise _failed(name, error) from None

    damage: list[str] = []

    def read(columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        damage.clear()
        rows = 0
        wanted: dict[str, Any] = {
            "columns": [column for column in columns if column != geometry],
            "read_geometry": geometry in columns,
        }
        with ExitStack() as stack:
            try:
                with _quiet():
                    opened = pyogrio.open_arrow(place, layer=chosen, batch_size=_ROWS, use_pyarrow=True, **wanted)
                    _, batches = stack.enter_context(opened)
                while True:
                    with _quiet():
                        batch = next(batches, None)
                    if batch is None:
                        break
                    rows += len(batch)
                    yield batch.select(list(columns))
            except failures as error:
                raise _failed(name, error) from None
        if rows < features:
            damage.append(f"it is damaged or cut off: {rows:,} of {features:,} rows could be read")

    described = {CRS: crs.encode()}
    fields = [field.with_metadata(described) if field.name == geometry else field for field in schema]
    size = features if features >= 0 else None
    return Table(name=name, schema=pa.schema(fields), read=read, size=size, warnings=damage)


def layers_of(path: Path) -> list[str]:
    """Names of the layers of a file that have geometries.

    Raises
    ------
    MissingExtra, SourceFailed
        As `read_vector`.
    """
    found = _listed(_place(path), str(path))
    if not len(found):
        raise SourceFailed(f"{path} holds no layer")
    return [str(layer) for layer, kind in found if kind is not None]


def _listed(place: str, name: str) -> Any:
    """Name and type of geometry of each layer."""
    pyogrio, failures = _gdal(name)
    try:
        with _quiet():
            return pyogrio.list_layers(place)
    except failures as error:
        raise _failed(name, error) from None


def _gdal(name: str) -> tuple[Any, tuple[type[Exception], ...]]:
    """Pyogrio, and the errors that it raises."""
    try:
        import pyogrio
        from pyogrio.errors import DataSourceError
    except ImportError:
        raise MissingExtra(f"reading {name}", "vector") from None
    return pyogrio, (DataSourceError, pa.ArrowException, OSError, RuntimeError, ValueError)


@contextmanager
def _quiet() -> Iterator[None]:
    """Suppress GDAL's warnings about formats; failures are raised as errors."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _place(path: Path) -> str:
    """Path for GDAL: into a ZIP archive that is not itself a format, or into a gzip file."""
    if path.is_file() and path.suffix.lower() not in {".kmz", ".shz"}:
        with path.open("rb") as file:
            if file.read(4) == b"PK\x03\x04":
                inner = zipped_table(file)
                return f"/vsizip/{path.absolute()}" + (f"/{inner}" if inner else "")
            file.seek(0)
            if file.read(2) == b"\x1f\x8b":
                return f"/vsigzip/{path.absolute()}"
    return str(path.absolute())


def _failed(name: str, error: Exception) -> SourceFailed:
    reason = (str(error).strip().splitlines() or ["unknown"])[0]
    return SourceFailed(f"{name} cannot be read ({reason[:160]})")


def _layer(layers: Any, given: str | None, name: str) -> str:
    """Choose the requested layer, or the only one with geometries."""
    found = {str(layer): kind is not None for layer, kind in layers}
    if given is not None:
        if given not in found:
            raise BadOption(f"{name} has no layer {given!r}; its layers are {', '.join(found)}")
        return given
    able = [layer for layer, has_geometry in found.items() if has_geometry] or list(found)
    if not able:
        raise SourceFailed(f"{name} holds no layer")
    if len(able) > 1:
        raise BadOption(f"{name} has several layers, {', '.join(able[:20])}; say which with --table")
    return able[0]
