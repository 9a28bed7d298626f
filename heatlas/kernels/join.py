"""Join the encoded passages of several groups of tracks, tile by tile, into the folded columns of one chunk each."""

from __future__ import annotations

import numpy as np

from heatlas.kernels.compiled import helper, kernel
from heatlas.kernels.fold import FOLDING, fold_columns, room_of
from heatlas.kernels.numbers import copy_bytes, write_number

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
        return copy_bytes(out, at, data, begins[c, e], ends[c, e])
    for _ in range(passages[e]):
        out[at] = 0
        at += 1
    return at


@kernel(
    "const i8[:]", "const i8[:]", "const i8[:, :]", "const i8[:]", "const i8[:]", "const u1[:]", "const i8[:, :]",
    "const i8[:, :]", "const b1[:, :]", "const i8[:]", FOLDING, "i8", "i8", allocates=True,
)  # fmt: skip
def join_chunks(order, tiles, runs, ids, lengths, data, begins, ends, some, columns, folding, bundle, most):
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
    folding : Folding
        What columns mean (`heatlas.kernels.fold`): all but the pixels are folded.
    bundle, most : int
        Number of the column that bundles the others of a small chunk, and the most bytes that it bundles.

    Returns
    -------
    ndarray of uint8, ndarray of int64 (b, 5)
        Bytes, and for each row its tile, the number of its column, where its bytes begin, where the header of pixels
        ends, and where all end; the pixels of a tile first.
    """
    count = columns.shape[0]
    passages = np.zeros(runs.shape[0], np.int64)
    room, largest = (tiles.shape[0] - 1) * (13 + 8 * count), np.int64(0)
    for t in range(tiles.shape[0] - 1):
        size = np.int64(0)
        for e in order[tiles[t] : tiles[t + 1]]:
            for r in range(runs[e, 0], runs[e, 1]):
                passages[e] += lengths[r]
            room += 18 * (runs[e, 1] - runs[e, 0])
            for c in range(count):
                wide = _bytes_of(begins, ends, passages, c, e)
                room += room_of(wide, passages[e], folding.roles[columns[c]])
                size += wide
        largest = max(largest, size)
    out, rows = np.empty(room, np.uint8), np.empty(((tiles.shape[0] - 1) * count, 5), np.int64)
    plain, cuts, stops = np.empty(largest, np.uint8), np.zeros(count, np.int64), np.empty(count - 1, np.int64)
    at, n = 0, 0
    for t in range(tiles.shape[0] - 1):
        here = order[tiles[t] : tiles[t + 1]]
        many = np.int64(0)
        for e in here:
            many += runs[e, 1] - runs[e, 0]
        rows[n, 0], rows[n, 1], rows[n, 2] = t, columns[0], at
        at = write_number(out, at, many)
        before = np.int64(0)
        for e in here:
            for r in range(runs[e, 0], runs[e, 1]):
                at = write_number(out, at, ids[r] - before)
                before = ids[r]
        of_runs, k = np.empty(many, np.int64), 0
        for e in here:
            for r in range(runs[e, 0], runs[e, 1]):
                at = write_number(out, at, lengths[r])
                of_runs[k] = lengths[r]
                k += 1
        rows[n, 3] = at
        for e in here:
            at = _copy(out, at, data, begins, ends, passages, 0, e)
        rows[n, 4] = at
        n += 1
        known = 0
        for c in range(1, count):
            told = False
            for e in here:
                told |= some[c, e]
            cuts[c] = cuts[c - 1]
            if told:
                known += 1
                for e in here:
                    cuts[c] = _copy(plain, cuts[c], data, begins, ends, passages, c, e)
        # Room for the head of a bundle comes first.
        first = at + 4 + 8 * known
        last = fold_columns(plain, cuts, columns[1:], of_runs, folding, out, first, stops)
        if known > 1 and last - first <= most:
            rows[n, 0], rows[n, 1], rows[n, 2], rows[n, 3], rows[n, 4] = t, bundle, at, at, last
            n += 1
            at = _write_word(out, at, known)
        begin = first
        for c in range(1, count):
            if cuts[c] > cuts[c - 1]:
                if known > 1 and last - first <= most:
                    at = _write_word(out, at, columns[c])
                    at = _write_word(out, at, stops[c - 1] - begin)
                else:
                    rows[n, 0], rows[n, 1], rows[n, 2], rows[n, 3], rows[n, 4] = (
                        t,
                        columns[c],
                        begin,
                        begin,
                        stops[c - 1],
                    )
                    n += 1
                begin = stops[c - 1]
        at = last
    return out[:at], rows[:n]
