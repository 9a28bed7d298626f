"""Columns of a partition: their names, types and meaning."""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from heatlas.core.batch import COLUMNS
from heatlas.core.errors import SourceFailed
from heatlas.core.frozen import frozen

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

__all__ = [
    "ATTRIBUTES", "E7", "MARK", "REQUIRED", "STATES", "VERSION", "Stated", "check_schema", "hash_of", "hashes_of",
    "is_partition", "mending",
]  # fmt: skip

REQUIRED = ("person", "trip", "time", "lat", "lon")
"""Columns that a partition must have."""
ATTRIBUTES: Mapping[str, pa.DataType] = {
    "sport": pa.string(),
    "private": pa.bool_(),
    "name": pa.string(),
    "gear": pa.string(),
    "commute": pa.bool_(),
    "start": pa.float64(),
    "utc_offset": pa.float64(),
    "distance": pa.float64(),
    "elapsed_time": pa.float64(),
    "moving_time": pa.float64(),
    "device": pa.string(),
}
"""Columns of attributes (`heatlas.core.batch.Activity`) that a partition may have: one value in each trip. Of
``private`` one true row is enough."""
STATES: Mapping[str, pa.DataType] = {"segment": pa.int32(), "drawn": pa.bool_(), "logged": pa.bool_()}
"""Columns that a partition may have of a recording: the number of its segment, and its flags
(`heatlas.core.batch.Recording`)."""
E7 = 1e7
"""Units of a degree where positions are whole numbers."""
MARK = b"heatlas.partition"
"""Key in the footer of a partition that heatlas has written; its value is `Stated.written`."""
VERSION = 1


@frozen
class Stated:
    """What the footer of a partition says of it."""

    trips: int
    persons: NDArray[np.uint64]
    """(number of persons,) hashes of the persons, ascending; see `hash_of`."""

    def written(self) -> bytes:
        """Bytes for the footer."""
        packed = base64.b85encode(zlib.compress(np.ascontiguousarray(self.persons, "<u8").tobytes(), 1)).decode()
        return json.dumps({"version": VERSION, "trips": self.trips, "persons": packed}).encode()

    @classmethod
    def read(cls, metadata: Mapping[bytes, bytes] | None, name: str) -> Stated | None:
        """Read it; None if the file was not written by heatlas.

        Raises
        ------
        SourceFailed
            When it is damaged, or of a later version.
        """
        said = (metadata or {}).get(MARK)
        if said is None:
            return None
        try:
            found = json.loads(said)
            version, trips = int(found["version"]), int(found["trips"])
            if version > VERSION:
                raise SourceFailed(f"{name} was prepared by a later version of heatlas: update heatlas")
            packed = zlib.decompress(base64.b85decode(found["persons"]))
            return cls(trips, np.frombuffer(packed, "<u8").astype(np.uint64))
        except (ValueError, KeyError, TypeError, zlib.error):
            raise SourceFailed(
                f"{name} says in its footer what cannot be read: heatlas prepare makes it anew"
            ) from None


def hash_of(person: str) -> int:
    """64 bits that stand for a person: the first of BLAKE2b of the name in UTF-8."""
    return int.from_bytes(hashlib.blake2b(person.encode("utf-8", "replace"), digest_size=8).digest(), "little")


def hashes_of(persons: Iterable[str]) -> NDArray[np.uint64]:
    """Hashes of persons, ascending, each once."""
    return np.unique(np.fromiter(map(hash_of, persons), np.uint64))


def mending(name: str, advice: str = "") -> str:
    """Say which command makes sound partitions of a source, as the rest of a sentence."""
    return f"heatlas prepare {name} {advice}-o DIR makes files of this form"


def is_partition(schema: pa.Schema) -> bool:
    """Whether columns are those of a partition, by their names."""
    return set(REQUIRED) <= set(schema.names)


def check_schema(schema: pa.Schema, name: str) -> None:
    """Refuse columns that are not those of a partition.

    Raises
    ------
    SourceFailed
        Names the column, and the command that makes a partition.
    """
    missing = [column for column in REQUIRED if column not in schema.names]
    if missing:
        advice = "".join(f"--{column} COLUMN " for column in missing if column in {"person", "trip"})
        raise SourceFailed(
            f"{name} has no column {missing[0]}, and a partition has {', '.join(REQUIRED)}: "
            f"{mending(name, advice.replace('--trip', '--track'))}"
        )
    for column in ("lat", "lon"):
        kind = schema.field(column).type
        if not (pa.types.is_floating(kind) or pa.types.is_int32(kind)):
            raise SourceFailed(f"{name}: {column} is {kind}, not double, or int32 of 1e-7 degrees: {mending(name)}")
    kind = schema.field("time").type
    if not (pa.types.is_timestamp(kind) or pa.types.is_floating(kind) or pa.types.is_null(kind)):
        raise SourceFailed(f"{name}: time is {kind}, not a timestamp or a double of Unix seconds: {mending(name)}")
    for column, wanted in {**ATTRIBUTES, **STATES, **dict.fromkeys(COLUMNS, pa.float32())}.items():
        if column in schema.names and not _fits(kind := schema.field(column).type, wanted):
            raise SourceFailed(f"{name}: {column} is {kind}, not {wanted}: {mending(name)}")


def _fits(kind: Any, wanted: pa.DataType) -> bool:
    """Whether a column can be read as one of the wanted type."""
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    if pa.types.is_null(kind):
        return True
    if pa.types.is_string(wanted):
        return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))
    if pa.types.is_boolean(wanted):
        return bool(pa.types.is_boolean(kind))
    return bool(pa.types.is_floating(kind) or pa.types.is_integer(kind))
