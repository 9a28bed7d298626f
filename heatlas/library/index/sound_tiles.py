"""Read tiles of the index; a damaged one is traced again from the stored tracks.

Tracing gives what was stored, so whatever is drawn of such a tile is exact. Where a track that may touch the tile
cannot be read either, nothing is drawn, and the damage is reported.
"""

from __future__ import annotations

import itertools
import sqlite3
import threading
from collections import OrderedDict
from contextlib import closing
from typing import TYPE_CHECKING

import numpy as np

from heatlas.library.file.bundles import BUNDLE, unpack_columns
from heatlas.library.file.columns import PIXELS
from heatlas.library.file.digests import BLOBS, write_passages
from heatlas.library.file.folding import sources_of, unfold, with_sources
from heatlas.library.file.keys import CHUNKS, column_of, key, other_keys, tile_of
from heatlas.library.file.pixels import head_of
from heatlas.library.file.settings import privacy_of, read_settings
from heatlas.library.file.sound_blobs import blobs, blobs_or_none, sound_blobs
from heatlas.library.file.sound_rows import damaged, say
from heatlas.library.file.states import read_states
from heatlas.library.index.chunks import Chunk, compact_tiles, tile_name
from heatlas.library.index.coverage import is_complete
from heatlas.library.index.near_tiles import near
from heatlas.library.index.writing import append
from heatlas.library.rows.activities import read_activities, read_rows
from heatlas.library.rows.passages import PreparedTrack
from heatlas.library.rows.tracks import read_track
from heatlas.tracks.privacy import hide

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from heatlas.library.file.pixels import ChunkPixels
    from heatlas.library.index.chunks import Tile

__all__ = ["columns_of_chunks", "columns_there", "make_anew", "pixel_rows", "read_columns", "rows_of_few"]

_ANEW = CHUNKS - 1
"""Number of the one chunk of a tile that was traced again; no stored chunk has it."""
_GROUP = 64
_TOGETHER = 32
"""Chunks whose columns are read by one statement."""
_MOST = 64
"""Tiles that are remembered."""
_Place = tuple["Tile", int]
"""Tile, and the number of its chunk."""
_Rows = list[tuple[int, bytes]]
_made: OrderedDict[tuple[str, Tile], _Rows] = OrderedDict()
"""Mark of the library's state, and tile -> rows of all columns."""
_lock = threading.Lock()


def pixel_rows(connection: sqlite3.Connection, keys: tuple[int, int]) -> Iterator[tuple[int, bytes]]:
    """Read rows of pixels of whole tiles from a least to a greatest key, ascending, one tile after the other.

    Raises
    ------
    SourceFailed
        When one is damaged or missing, and its tile cannot be traced again.
    """
    rows = blobs_or_none(connection, "passages", keys)
    for tile, group in itertools.groupby(rows, key=lambda row: tile_of(row[0])):
        found = list(group)
        sound = [(number, data) for number, data in found if data is not None]
        if len(sound) < len(found):
            sound = [row for row in _traced(connection, tile) if column_of(row[0]) == PIXELS]
        yield from sound


def rows_of_few(connection: sqlite3.Connection, ranges: Sequence[tuple[int, int]]) -> list[tuple[int, bytes]]:
    """Read rows as `pixel_rows` does, of some ranges at once that hold few; ascending.

    Raises
    ------
    SourceFailed
        As `pixel_rows` does.
    """
    found = sound_blobs(connection, "passages", ranges)
    return [row for keys in ranges for row in pixel_rows(connection, keys)] if found is None else found


def read_columns(
    connection: sqlite3.Connection,
    columns: Collection[int],
    tile: Tile,
    chunk: int,
    pixels: ChunkPixels,
) -> dict[int, NDArray[np.uint8]]:
    """Plain bytes of some columns of a chunk, other than the pixels; those that the chunk lacks are left out.

    Parameters
    ----------
    connection : Connection
        Of the library.
    columns : collection of int
        Numbers of columns.
    tile, chunk
        Tile, and the number of its chunk.
    pixels : ChunkPixels
        Pixels of the chunk.

    Raises
    ------
    SourceFailed
        As `pixel_rows` does.
    """
    return columns_of_chunks(connection, columns, [(tile, chunk, pixels)])[0]


def columns_of_chunks(
    connection: sqlite3.Connection,
    columns: Collection[int],
    chunks: Sequence[tuple[Tile, int, ChunkPixels]],
) -> list[dict[int, NDArray[np.uint8]]]:
    """Read columns as `read_columns` does, those of several chunks by few statements.

    Parameters
    ----------
    connection, columns
        As for `read_columns`.
    chunks : sequence of (tile, chunk, pixels)
        As for `read_columns`; each chunk once.

    Raises
    ------
    SourceFailed
        As `pixel_rows` does.
    """
    found = []
    for first in range(0, len(chunks), _TOGETHER):
        some = chunks[first : first + _TOGETHER]
        stored = _stored_columns(connection, columns, [(tile, chunk) for tile, chunk, _ in some])
        found += [unfold(one, columns, pixels) for one, (_, _, pixels) in zip(stored, some, strict=True)]
    return found


def columns_there(connection: sqlite3.Connection, columns: Collection[int], tile: Tile, chunk: int) -> set[int]:
    """Those of some columns that a chunk has; see `read_columns`."""
    return {*columns} & _stored_columns(connection, columns, [(tile, chunk)])[0].keys()


def _stored_columns(
    connection: sqlite3.Connection, columns: Collection[int], chunks: Sequence[_Place]
) -> list[dict[int, tuple[bytes, bool]]]:
    """Columns of chunks as `unpack_columns` gives them, with those that they are guessed from."""
    wanted, found = with_sources(columns), []
    stored = _sound_columns(connection, {place: {*columns, BUNDLE} for place in chunks if place[1] != _ANEW}, wanted)
    # Of a large chunk, rows of sources are read and unpacked only where a column is guessed.
    guessed = {place: sources_of(one, columns) - one.keys() for place, one in stored.items() if one is not None}
    for place, more in _sound_columns(
        connection, {place: some for place, some in guessed.items() if some}, wanted
    ).items():
        stored[place] = None if more is None else {**(stored[place] or {}), **more}
    for tile, chunk in chunks:
        if chunk == _ANEW:
            rows = ((column_of(number), data) for number, data in _traced(connection, tile))
            found.append(unpack_columns(row for row in rows if row[0] != PIXELS))
        else:
            one = stored[tile, chunk]
            found.append(_columns_anew(connection, tile, chunk) if one is None else one)
    return found


def _sound_columns(
    connection: sqlite3.Connection, asked: Mapping[_Place, Collection[int]], wanted: Collection[int]
) -> dict[_Place, dict[int, tuple[bytes, bool]] | None]:
    """Unpack the rows of some columns of chunks, of bundles those that are wanted; None where a row is damaged."""
    keys = {key(column, *tile, chunk): (tile, chunk) for (tile, chunk), columns in asked.items() for column in columns}
    rows: dict[_Place, list[tuple[int, bytes | None]]] = {place: [] for place in asked}
    for number, data in blobs_or_none(connection, "passages", frozenset(keys)) if keys else ():
        rows[keys[number]].append((column_of(number), data))
    found: dict[_Place, dict[int, tuple[bytes, bool]] | None] = {}
    for place, some in rows.items():
        sound = [(column, data) for column, data in some if data is not None]
        found[place] = unpack_columns(sound, wanted) if len(sound) == len(some) else None
    return found


def _columns_anew(connection: sqlite3.Connection, tile: Tile, chunk: int) -> dict[int, tuple[bytes, bool]]:
    """Make the columns of a chunk whose pixels are sound, with its activities in their order; none is folded."""
    pixels = key(PIXELS, *tile, chunk)
    ((_, data),) = blobs(connection, "passages", (pixels, pixels), tile_name)
    ids, lengths = head_of(data)
    traced = Chunk.of(_traced(connection, tile))
    at = np.minimum(np.searchsorted(traced.ids, ids), len(traced.ids) - 1)
    if not (np.array_equal(traced.ids[at], ids) and np.array_equal(traced.lengths[at], lengths)):
        raise damaged(connection, f"{tile_name(pixels)} is not what was written, nor what its tracks give")
    columns = {}
    for column in traced.columns.keys() - {PIXELS}:
        runs = traced.runs(column)
        columns[column] = (b"".join([runs[k] for k in at.tolist()]), False)
    return columns


def make_anew(connection: sqlite3.Connection, tile: Tile) -> None:
    """Replace a damaged tile by what the tracks of indexed activities give, inside a transaction that writes.

    Raises
    ------
    SourceFailed
        When one of these tracks cannot be read.
    """
    indexed = {number for (number,) in connection.execute("SELECT number FROM activity_means")}
    rows = _trace(connection, tile, indexed)
    end = (*tile, CHUNKS - 1)
    first, _, wide, _ = other_keys(tile, 0)
    _, last, _, widest = other_keys(tile, CHUNKS - 1)
    for keys in ((key(PIXELS, *tile), key(PIXELS, *end)), (first, last), (wide, widest)):
        connection.execute("DELETE FROM passages WHERE key BETWEEN ? AND ?", keys)
        # Also of rows that are missing.
        part = int(BLOBS["passages"].part)
        connection.execute("DELETE FROM digests WHERE part = ? AND key BETWEEN ? AND ?", (part, *keys))
    write_passages(connection, rows)


def _traced(connection: sqlite3.Connection, tile: Tile) -> _Rows:
    """Rows of a damaged tile as they would be, in one chunk; traced once for each state of the library."""
    states = read_states(connection)
    known = (states.recent[-1] if states is not None else "", tile)
    with _lock:  # others that ask for it wait
        rows = _made.get(known) if states is not None else None
        if rows is None:
            shown = {number for number, row in read_rows(connection).items() if row.same_as is None}
            rows = [(key(column_of(k), *tile, _ANEW), data) for k, data in _trace(connection, tile, shown)]
            _made[known] = rows
            while len(_made) > _MOST:
                _made.popitem(last=False)
    say(connection, f"{tile_name(key(PIXELS, *tile))} is not what was written, and was traced again from its tracks")
    return rows


def _trace(connection: sqlite3.Connection, tile: Tile, among: Collection[int]) -> _Rows:
    """Rows of a tile, of the tracks of some activities as the index holds them, in one chunk."""
    settings = read_settings(connection)
    if tile[0] not in settings.indexed or not 0 <= min(tile[1:]) <= max(tile[1:]) < 2 ** tile[0]:
        return []  # of a row whose key is damaged
    failure = f"{tile_name(key(PIXELS, *tile))} is not what was written"
    if not is_complete(connection):  # tracing would give more than the index holds of other tiles
        raise damaged(connection, failure)
    privacy, settings = privacy_of(connection, settings)
    rows = {number: row for number, row in read_rows(connection, strict=True).items() if number in among}
    numbers = near(rows, [tile])
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as aside:
        aside.execute("CREATE TABLE passages (key INTEGER PRIMARY KEY, data)")
        aside.execute("CREATE TABLE digests (part, key, digest, copy, PRIMARY KEY (part, key))")
        for start in range(0, len(numbers), _GROUP):
            wanted = numbers[start : start + _GROUP]
            activities = read_activities(connection, wanted)
            if len(activities) < len(wanted):
                raise damaged(connection, failure)
            tracks = {}
            for number, activity in activities.items():
                track = hide(read_track(connection, number, activity), privacy)
                if track.fixes:
                    tracks[number] = PreparedTrack(track, settings.rejoin)
            append(aside, tracks.items(), (tile[0],), only=frozenset([tile]))
        if numbers:
            compact_tiles(aside, [tile])
        return aside.execute("SELECT key, data FROM passages ORDER BY key").fetchall()
