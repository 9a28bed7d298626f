"""Write the passages of a tile as bytes of the passage index, which `heatlas.kernels.index` describes and reads.

A run may lie in several stretches of its track, as a track comes back to a tile. Runs are put together as they are
written, so that nothing is sorted or copied but the stretches' bounds.
"""

from __future__ import annotations

import numpy as np

from heatlas.kernels.compiled import kernel
from heatlas.kernels.index import UNKNOWN
from heatlas.kernels.numbers import write_number, zigzag

__all__ = ["encode_amounts", "encode_headers", "encode_pixels", "encode_values", "find_stretches"]


@kernel("const i8[:]", "const i8[:]", "const i8[:]", allocates=True)
def encode_headers(ids, lengths, tiles):
    """Write for each tile the number of its runs, their activities (as differences) and their lengths.

    Parameters
    ----------
    ids, lengths : ndarray of int64 (r,)
        Activity and passages of each run; activities ascend inside a tile.
    tiles : ndarray of int64 (t + 1,)
        Offsets of the tiles into the runs.

    Returns
    -------
    ndarray of uint8, ndarray of int64 (t + 1,)
        Bytes, and the offsets of the tiles into them.
    """
    count = tiles.shape[0] - 1
    out = np.empty(18 * ids.shape[0] + 9 * count, np.uint8)
    offsets = np.zeros(count + 1, np.int64)
    at = 0
    for t in range(count):
        at = write_number(out, at, tiles[t + 1] - tiles[t])
        before = np.int64(0)
        for r in range(tiles[t], tiles[t + 1]):
            at = write_number(out, at, ids[r] - before)
            before = ids[r]
        for r in range(tiles[t], tiles[t + 1]):
            at = write_number(out, at, lengths[r])
        offsets[t + 1] = at
    return out[:at], offsets


@kernel("const i8[:]", "const i8[:]", allocates=True)
def find_stretches(tile, bounds):
    """Find where a track leaves a tile.

    Parameters
    ----------
    tile : ndarray of int64 (n,)
        Tile of each passage, track after track.
    bounds : ndarray of int64 (k + 1,)
        Offsets of the tracks into the passages.

    Returns
    -------
    stretches : ndarray of int64 (s, 2)
        First passage of each stretch that one track goes in one tile, and the first after it.
    track : ndarray of int64 (s,)
        Place of its track.
    """
    count = 0
    for k in range(bounds.shape[0] - 1):
        for i in range(bounds[k], bounds[k + 1]):
            count += i == bounds[k] or tile[i] != tile[i - 1]
    stretches, track = np.empty((count, 2), np.int64), np.empty(count, np.int64)
    s = -1
    for k in range(bounds.shape[0] - 1):
        for i in range(bounds[k], bounds[k + 1]):
            if i == bounds[k] or tile[i] != tile[i - 1]:
                s += 1
                stretches[s, 0], track[s] = i, k
            stretches[s, 1] = i + 1
    return stretches, track


@kernel("const u2[:]", "const i8[:, :]", "const i8[:]", "const i8[:]", allocates=True)
def encode_pixels(pixels, stretches, runs, tiles):
    """Write the pixels of runs.

    Parameters
    ----------
    pixels : ndarray of uint16 (n,)
        Track after track.
    stretches : ndarray of int64 (s, 2)
        As `find_stretches` gives them, run after run; none is empty.
    runs : ndarray of int64 (r + 1,)
        Offsets of the runs into the stretches; none is empty.
    tiles : ndarray of int64 (t + 1,)
        Offsets of the tiles into the runs.

    Returns
    -------
    ndarray of uint8, ndarray of int64 (t + 1,)
        Bytes, and the offsets of the tiles into them.
    """
    out = np.empty(3 * pixels.shape[0], np.uint8)
    offsets = np.zeros(tiles.shape[0], np.int64)
    at = 0
    for t in range(tiles.shape[0] - 1):
        for r in range(tiles[t], tiles[t + 1]):
            here = np.int64(-1)
            for s in range(runs[r], runs[r + 1]):
                for k in range(stretches[s, 0], stretches[s, 1]):
                    there = np.int64(pixels[k])
                    rows, columns = (there >> 8) - (here >> 8), (there & 255) - (here & 255)
                    if here < 0:
                        out[at], out[at + 1] = there & 255, there >> 8
                        at += 2
                    elif abs(rows) < 8 and abs(columns) < 8:
                        out[at] = (rows + 8) << 4 | (columns + 8)
                        at += 1
                    else:
                        out[at], out[at + 1], out[at + 2] = 0, there & 255, there >> 8
                        at += 3
                    here = there
        offsets[t + 1] = at
    return out[:at], offsets


@kernel("const i8[:]", "const i8[:, :]", "const i8[:]", "const i8[:]", allocates=True)
def encode_amounts(amounts, stretches, runs, tiles):
    """Write whole numbers from 0, one for each passage.

    Parameters
    ----------
    amounts : ndarray of int64 (n,)
        Track after track.
    stretches, runs, tiles
        As for `encode_pixels`.

    Returns
    -------
    ndarray of uint8, ndarray of int64 (t + 1,), ndarray of bool (t,)
        Bytes, the offsets of the tiles into them, and whether a tile has an amount above 0.
    """
    out = np.empty(9 * amounts.shape[0], np.uint8)
    offsets, some = np.zeros(tiles.shape[0], np.int64), np.zeros(tiles.shape[0] - 1, np.bool_)
    at = 0
    for t in range(tiles.shape[0] - 1):
        found = np.int64(0)
        for s in range(runs[tiles[t]], runs[tiles[t + 1]]):
            for k in range(stretches[s, 0], stretches[s, 1]):
                found |= amounts[k]
                at = write_number(out, at, amounts[k])
        offsets[t + 1], some[t] = at, found != 0
    return out[:at], offsets, some


@kernel("const i4[:]", "const i8[:, :]", "const i8[:]", "const i8[:]", allocates=True)
def encode_values(values, stretches, runs, tiles):
    """Write values, UNKNOWN among them, one for each passage.

    Parameters
    ----------
    values : ndarray of int32 (n,)
        Track after track.
    stretches, runs, tiles
        As for `encode_pixels`.

    Returns
    -------
    ndarray of uint8, ndarray of int64 (t + 1,), ndarray of bool (t,)
        Bytes, the offsets of the tiles into them, and whether anything is known in a tile.
    """
    out = np.empty(6 * values.shape[0], np.uint8)
    offsets, some = np.zeros(tiles.shape[0], np.int64), np.zeros(tiles.shape[0] - 1, np.bool_)
    at = 0
    for t in range(tiles.shape[0] - 1):
        for r in range(tiles[t], tiles[t + 1]):
            before = np.int64(0)
            for s in range(runs[r], runs[r + 1]):
                for k in range(stretches[s, 0], stretches[s, 1]):
                    value = np.int64(values[k])
                    if value == UNKNOWN:
                        out[at] = 0
                        at += 1
                    else:
                        at = write_number(out, at, zigzag(value - before) + 1)
                        before, some[t] = value, True
        offsets[t + 1] = at
    return out[:at], offsets, some
