"""Columns of chunks, folded and packed as they are stored, and plain as everything else reads them."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import numpy as np

from heatlas.kernels.fold import (
    ALONG,
    AMOUNT,
    GUESSED,
    METRES,
    PACE,
    SECONDS,
    SPEED,
    SPEED_STEPS,
    VALUE,
    Folding,
    fold_chunk,
)
from heatlas.kernels.unfold import unfold_column
from heatlas.library.file.bundles import BUNDLE, bundled, pack_bundle, pack_column
from heatlas.library.file.columns import AMOUNTS, PIXELS, VALUES
from heatlas.library.file.keys import NUMBERS
from heatlas.library.file.pixels import pack_pixels

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from numpy.typing import NDArray

    from heatlas.library.file.pixels import ChunkPixels

__all__ = ["folding", "pack_columns", "sources_of", "unfold", "with_sources"]

_SECONDS, _METRES = (AMOUNTS[name][0] for name in ("seconds", "metres"))
_PACE, _SPEED = (VALUES[name].column for name in ("pace", "speed"))
_SOURCES = {_SECONDS: (_METRES, _PACE), _SPEED: (_PACE,)}
"""Column that is guessed -> columns that it is guessed from."""
_NOTHING, _NOWHERE = np.zeros(0, np.uint8), np.zeros(0, np.uint16)


@functools.cache
def folding() -> Folding:
    """What the columns mean."""
    roles = np.full(NUMBERS, VALUE, np.int64)
    roles[[column for column, _ in AMOUNTS.values()]] = AMOUNT
    roles[[_SECONDS, _METRES, _PACE, _SPEED]] = SECONDS, METRES, PACE, SPEED
    pace = VALUES["pace"]
    paces = np.rint(pace.table * 2.0**20)
    return Folding(roles, paces.astype(np.int64), pace.least, np.rint(SPEED_STEPS / paces).astype(np.int64))


def pack_columns(header: bytes, columns: Mapping[int, bytes], lengths: NDArray[np.int64]) -> list[tuple[int, bytes]]:
    """Pack the columns of a chunk, the pixels first; small others as one bundle.

    Parameters
    ----------
    header : bytes
        Of the pixels.
    columns : mapping of int to bytes
        Plain columns.
    lengths : ndarray of int64 (r,)
        Passages of each run.

    Returns
    -------
    list of (int, bytes)
        Number of the column, or BUNDLE, and the bytes of its row.
    """
    packed = [(PIXELS, pack_pixels(header, columns[PIXELS]))]
    numbers = sorted(columns.keys() - {PIXELS})
    begins = np.cumsum([0, *(len(columns[column]) for column in numbers)])
    plain = np.frombuffer(b"".join([columns[column] for column in numbers]), np.uint8)
    pixels = np.frombuffer(columns[PIXELS], np.uint8)
    out, ends = fold_chunk(pixels, plain, begins, np.array(numbers, np.int64), lengths, folding())
    parts, begin = {}, 0
    for column, end in zip(numbers, ends.tolist(), strict=True):
        parts[column], begin = out[begin:end].tobytes(), end
    if bundled(parts):
        return [*packed, (BUNDLE, pack_bundle(parts.items()))]
    return packed + [(column, pack_column(column, data)) for column, data in parts.items()]


def with_sources(columns: Collection[int]) -> set[int]:
    """Columns, and those that they may be guessed from."""
    return {*columns, *(source for column in columns for source in _SOURCES.get(column, ()))}


def sources_of(stored: Mapping[int, tuple[bytes, bool]], columns: Collection[int]) -> set[int]:
    """Columns that some columns of a chunk are guessed from: none where they are not guessed."""
    guessed = (c for c in _SOURCES.keys() & columns if c in stored and _is_guessed(*stored[c]))
    return {source for column in guessed for source in _SOURCES[column]}


def _is_guessed(data: bytes, folded: bool) -> bool:
    return folded and len(data) > 0 and data[0] & GUESSED != 0


def unfold(
    stored: Mapping[int, tuple[bytes, bool]],
    columns: Collection[int],
    pixels: ChunkPixels,
) -> dict[int, NDArray[np.uint8]]:
    """Plain columns of a chunk.

    Parameters
    ----------
    stored : mapping of int to (bytes, bool)
        As `heatlas.library.file.bundles.unpack_columns` gives them.
    columns : collection of int
        Columns that are wanted; those that the chunk lacks are left out.
    pixels : ChunkPixels
        Pixels of the chunk. They are decoded where amounts are guessed from them.
    """
    plain: dict[int, NDArray[np.uint8]] = {}
    wanted = {*columns} | sources_of(stored, columns)
    for column in sorted(wanted & stored.keys(), key=_SOURCES.__contains__):  # sources come first
        data, folded = stored[column]
        found = np.frombuffer(data, np.uint8)
        if folded and data and data[0]:
            metres, paces = (plain.get(source, _NOTHING) for source in (_METRES, _PACE))
            places = pixels.places if data[0] & ALONG else _NOWHERE
            plain[column] = unfold_column(found, column, pixels.header[1], metres, paces, places, folding())
        else:
            plain[column] = found[1:] if folded else found
    return {column: plain[column] for column in columns if column in plain}
