"""Join the encoded passages of several groups of tracks, tile by tile, into the columns of one chunk each."""

from __future__ import annotations

import numpy as np

from heatlas.kernels.compiled import helper, kernel
from heatlas.kernels.numbers import write_number

__all__ = ["join_chunks"]


@helper()
def _write_word(out, at, number):
    """Write 32 bits, low byte first; returns where the next byte goes."""
    for k in range(4):
        out[at + k] = (number >> 8 * k) & 255
    return at + 4


@helper()
def _bytes_of(begins, ends, passages, c, e):
    """Bytes of a column of an entry: a 0 for each passage where it lacks the column."""
    return ends[c, e] - begins[c, e] if ends[c, e] > begins[c, e] else passages[e]


@helper()
def _copy(out, at, data, begins, ends, passages, c, e):
    """Write the bytes of a column of an entry; returns where the next byte goes."""
    if ends[c, e] > begins[c, e]:
        for k in range(begins[c, e], ends[c, e]):
            out[at] = data[k]
            at += 1
        return at
    for _ in range(passages[e]):
        out[at] = 0
        at += 1
    return at


@kernel(
    "const i8[:]", "const i8[:]", "const i8[:, :]", "const i8[:]", "const i8[:]", "const u1[:]", "const i8[:, :]",
    "const i8[:, :]", "const b1[:, :]", "const i8[:]", "i8", "i8", allocates=True,
)  # fmt: skip
def join_chunks(order, tiles, runs, ids, lengths, data, begins, ends, some, columns, bundle, most):
    """Write the rows of a chunk for each of some tiles.

    An entry is what one group of tracks left in one tile: its runs, and the bytes of its columns as
    `heatlas.kernels.encode` writes them.

    Parameters
    ----------
    order : ndarray of int64 (n,)
        Entries, tile after tile; activities ascend inside a tile.
    tiles : ndarray of int64 (t + 1,)
        Offsets of the tiles into `order`; none is empty.
    runs : ndarray of int64 (e, 2)
        First run of each entry, and the first after it.
    ids, lengths : ndarray of int64 (r,)
        Activity and passages of each run.
    data : ndarray of uint8
        Bytes of all columns.
    begins, ends : ndarray of int64 (c, e)
        Where the bytes of each column of each entry lie; the same number twice where the entry lacks the column.
    some : ndarray of bool (c, e)
        Whether they tell anything.
    columns : ndarray of int64 (c,)
        Number of each column, ascending; the first is that of the pixels.
    bundle, most : int
        Number of the column that bundles the others of a small chunk, and the most bytes that it bundles.

    Returns
    -------
    ndarray of uint8, ndarray of int64 (b, 3)
        Bytes, and for each row its tile, the number of its column, and where its bytes end; the pixels of a tile first.
    """
    count = columns.shape[0]
    passages = np.zeros(runs.shape[0], np.int64)
    room = (tiles.shape[0] - 1) * (13 + 8 * count)
    for e in order:
        for r in range(runs[e, 0], runs[e, 1]):
            passages[e] += lengths[r]
        room += 18 * (runs[e, 1] - runs[e, 0])
        for c in range(count):
            room += _bytes_of(begins, ends, passages, c, e)
    out, rows = np.empty(room, np.uint8), np.empty(((tiles.shape[0] - 1) * count, 3), np.int64)
    sizes = np.zeros(count, np.int64)
    at, n = 0, 0
    for t in range(tiles.shape[0] - 1):
        here = order[tiles[t] : tiles[t + 1]]
        total = np.int64(0)
        for e in here:
            total += runs[e, 1] - runs[e, 0]
        at = write_number(out, at, total)
        before = np.int64(0)
        for e in here:
            for r in range(runs[e, 0], runs[e, 1]):
                at = write_number(out, at, ids[r] - before)
                before = ids[r]
        for e in here:
            for r in range(runs[e, 0], runs[e, 1]):
                at = write_number(out, at, lengths[r])
        for e in here:
            at = _copy(out, at, data, begins, ends, passages, 0, e)
        rows[n, 0], rows[n, 1], rows[n, 2] = t, columns[0], at
        n += 1
        known, size = 0, np.int64(0)
        for c in range(1, count):
            told, sizes[c] = False, 0
            for e in here:
                told |= some[c, e]
                sizes[c] += _bytes_of(begins, ends, passages, c, e)
            if not told:
                sizes[c] = 0
            known += sizes[c] > 0
            size += sizes[c]
        bundled = known > 1 and size <= most
        if bundled:
            at = _write_word(out, at, known)
            for c in range(1, count):
                if sizes[c] > 0:
                    at = _write_word(out, at, columns[c])
                    at = _write_word(out, at, sizes[c])
        for c in range(1, count):
            if sizes[c] > 0:
                for e in here:
                    at = _copy(out, at, data, begins, ends, passages, c, e)
                if not bundled:
                    rows[n, 0], rows[n, 1], rows[n, 2] = t, columns[c], at
                    n += 1
        if bundled:
            rows[n, 0], rows[n, 1], rows[n, 2] = t, bundle, at
            n += 1
    return out[:at], rows[:n]
