"""Join the passages of several groups of tracks, tile by tile, into the folded columns of one chunk each."""

from __future__ import annotations

import numpy as np

from heatlas.kernels.changes import read_changes, read_noted
from heatlas.kernels.chords import read_ways
from heatlas.kernels.compiled import helper, kernel
from heatlas.kernels.fold import (
    FOLDING,
    METRES,
    PACE,
    VALUE,
    are_few,
    find_paces,
    fold_changes,
    fold_codes,
    may_be_guessed,
    room_of,
)
from heatlas.kernels.numbers import copy_bytes, write_number

__all__ = ["join_chunks"]


@helper()
def _write_word(out, at, number):
    """Write 32 bits, low byte first; returns where the next byte goes."""
    for k in range(4):
        out[at + k] = (number >> 8 * k) & 255
    return at + 4


@helper()
def _write_header(out, at, here, runs, ids, lengths, of_runs):
    """Write the number of runs of some entries, activities and lengths; returns where the next byte goes.

    `of_runs` is changed to the lengths.
    """
    at, before, k = write_number(out, at, of_runs.shape[0]), np.int64(0), 0
    for e in here:
        for r in range(runs[e, 0], runs[e, 1]):
            at = write_number(out, at, ids[r] - before)
            before, of_runs[k] = ids[r], lengths[r]
            k += 1
    for length in of_runs:
        at = write_number(out, at, length)
    return at


@helper()
def _read_column(data, begins, ends, passages, here, c, valued, codes):
    """Read the numbers of a column of some entries: 0 for each passage of those that lack it."""
    k = np.int64(0)
    for e in here:
        if ends[c, e] > begins[c, e]:
            read_noted(data, begins[c, e], ends[c, e], valued, codes, k, passages[e])
        else:
            codes[k : k + passages[e]] = 0
        k += passages[e]


@helper()
def _read_changes(data, begins, ends, passages, here, c, valued, codes, changes):
    """Read only what changes something in a column of some entries, as `read_changes` does.

    Returns how many numbers, -1 where all numbers of an entry were written.
    """
    k, state = np.int64(0), (np.int64(0), np.int64(valued))
    for e in here:
        if ends[c, e] > begins[c, e]:
            state = read_changes(data, begins[c, e], ends[c, e], valued, codes, k, changes, state)
            if state[0] < 0:
                return state[0]
        elif state[1] != 0:  # what was known becomes unknown
            changes[state[0]], codes[k] = k, 0
            state = state[0] + 1, np.int64(0)
        k += passages[e]
    return state[0]


@helper()
def _fold_columns(data, begins, ends, passages, here, told, columns, folding, of_runs, rooms, out, at, stops):
    """Write the columns of some entries but their pixels, folded; returns where the next byte goes.

    `told` are those to write, and `stops` is changed to where the bytes of each end. `rooms` are for the numbers of all
    passages of the entries: one column, metres, paces, and where they change; and they hold the ways out of them.
    """
    codes, metres, paces, changes, ways = rooms
    nothing = codes[:0]
    of_metres, of_paces = nothing, nothing
    for c in range(1, columns.shape[0]):
        role = folding.roles[columns[c]]
        if told[c] and role == METRES:
            _read_column(data, begins, ends, passages, here, c, False, metres)
            of_metres = metres
        elif told[c] and role == PACE:
            _read_column(data, begins, ends, passages, here, c, True, paces)
            find_paces(paces, of_runs, folding)
            of_paces = paces
    for c in range(1, columns.shape[0]):
        if told[c]:
            role, few = folding.roles[columns[c]], np.int64(-1)
            if not may_be_guessed(role):
                few = _read_changes(data, begins, ends, passages, here, c, role >= VALUE, codes, changes)
            if few >= 0 and are_few(few, codes.shape[0]):
                at = fold_changes(codes, changes[:few], out, at)
            else:
                _read_column(data, begins, ends, passages, here, c, role >= VALUE, codes)
                at = fold_codes(codes, role, of_runs, (of_metres, of_paces, ways), changes, out, at)
        stops[c] = at
    return at


@kernel(
    "const i8[:]", "const i8[:]", "const i8[:, :]", "const i8[:]", "const i8[:]", "const u1[:]", "const i8[:, :]",
    "const i8[:, :]", "const b1[:, :]", "const i8[:]", FOLDING, "i8", "i8", allocates=True,
)  # fmt: skip
def join_chunks(order, tiles, runs, ids, lengths, data, begins, ends, some, columns, folding, bundle, most):
    """Write the rows of a chunk for each of some tiles.

    An entry is what one group of tracks left in one tile: its runs, the bytes of its pixels as
    `heatlas.kernels.encode` writes them, and those of its other columns as `heatlas.kernels.changes` does.

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
        here = np.int64(0)
        for e in order[tiles[t] : tiles[t + 1]]:
            for r in range(runs[e, 0], runs[e, 1]):
                passages[e] += lengths[r]
            here += passages[e]
            room += 18 * (runs[e, 1] - runs[e, 0]) + ends[0, e] - begins[0, e]
            for c in range(1, count):
                # A number of more than one byte takes nine here, and a smaller one at most two bytes there.
                room += room_of(2 * passages[e] + ends[c, e] - begins[c, e], passages[e], folding.roles[columns[c]])
        largest = max(largest, here)
    out, rows = np.empty(room, np.uint8), np.empty(((tiles.shape[0] - 1) * count, 5), np.int64)
    codes, metres = np.empty(largest, np.int64), np.empty(largest, np.int64)
    paces, changes = np.empty(largest, np.int64), np.empty(largest, np.int64)
    ways = np.empty(largest, np.int64)
    told, stops = np.zeros(count, np.bool_), np.empty(count, np.int64)
    at, n = 0, 0
    for t in range(tiles.shape[0] - 1):
        here, many, size, known = order[tiles[t] : tiles[t + 1]], np.int64(0), np.int64(0), 0
        told[:] = False
        for e in here:
            many += runs[e, 1] - runs[e, 0]
            size += passages[e]
            for c in range(1, count):
                told[c] |= some[c, e]
        for c in range(1, count):
            known += told[c]
        of_runs = np.empty(many, np.int64)
        rows[n, 0], rows[n, 1], rows[n, 2] = t, columns[0], at
        at = _write_header(out, at, here, runs, ids, lengths, of_runs)
        rows[n, 3] = at
        for e in here:
            at = copy_bytes(out, at, data, begins[0, e], ends[0, e])
        rows[n, 4] = at
        n += 1
        # Room for the head of a bundle comes first.
        first = at + 4 + 8 * known
        read_ways(out[rows[n - 1, 3] : rows[n - 1, 4]], of_runs, ways)
        rooms = codes[:size], metres[:size], paces[:size], changes[:size], ways[:size]
        last = _fold_columns(
            data, begins, ends, passages, here, told, columns, folding, of_runs, rooms, out, first, stops
        )
        bundled = known > 1 and last - first <= most
        if bundled:
            rows[n, 0], rows[n, 1], rows[n, 2], rows[n, 3], rows[n, 4] = t, bundle, at, at, last
            n += 1
            at = _write_word(out, at, known)
        begin = first
        for c in range(1, count):
            if told[c]:
                if bundled:
                    at = _write_word(out, at, columns[c])
                    at = _write_word(out, at, stops[c] - begin)
                else:
                    rows[n, 0], rows[n, 1], rows[n, 2], rows[n, 3], rows[n, 4] = t, columns[c], begin, begin, stops[c]
                    n += 1
                begin = stops[c]
        at = last
    return out[:at], rows[:n]
