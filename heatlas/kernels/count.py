"""Count passages of tracks through pixels: the same that `heatlas.kernels.trace` lists.

The table of recent visits holds a pixel and the last line of the track there. Few pixels are revisited so soon, and
only for these are the places on both lines computed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from heatlas.kernels.compiled import helper, kernel
from heatlas.kernels.instructions import prefetch
from heatlas.kernels.lattice import CHUNK, FRAME, LONGEST, ONE, moment, near_lines, next_pixel, place, set_out

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["count_passes", "room_for"]

_RING = 64
"""Pixels that are fetched from memory at one time; a power of 2."""
_CELL = 0xFFFFFFFF
"""Bits of a table's entry that hold the pixel; the line is above them."""
_LINES = 128
"""Lines whose courses are computed in one go."""
_AX, _AY, _BX, _BY = range(0, 4 * _LINES, _LINES)
"""Offsets into the courses of the places of the lines' ends, before the courses are computed."""
_HERE, _STEPS, _BALANCE, _BOTH, _RUN, _DOWN, _ASIDE, _AFTER = range(0, 8 * _LINES, _LINES)
"""Offsets of the computed courses: the first pixel in the lower 32 bits, its place in the table above; pixels to come,
or -1 if the line needs care; balance after the first step, rise + run, and run of `heatlas.kernels.lattice.set_out`; a
step across an edge between rows; the difference from it of a step across an edge between columns; and the pixel that
the first step leads to, which is the only one of most lines."""


@helper(forceinline=True)
def _went_on(progress, left_on, line, least):
    """Whether the ends of two lines alone show that more than the rejoin distance was covered in between."""
    return left_on >= 0 and np.float64(progress[np.uint64(line)]) - progress[np.uint64(left_on + 1)] > least


@helper(forceinline=True)
def _stayed(progress, left_on, line, least):
    """Whether the ends of two lines alone show that no more than the rejoin distance was covered."""
    return left_on >= 0 and np.float64(progress[np.uint64(line + 1)]) - progress[np.uint64(left_on)] <= least


@helper()
def _goes_on(fixes, left_on, line, frame, cell, least):
    """Whether entering a pixel, last left on line `left_on`, continues the passage."""
    row = np.int64(cell) // frame[4]
    column = np.int64(cell) - row * frame[4]
    left_at = moment(fixes, left_on, frame, column, row, 1.0)
    return moment(fixes, line, frame, column, row, 0.0) - left_at <= least


@helper()
def _count(counts, carries, cell):
    """Add 1 to the count of a pixel, of which `counts` holds the lower bits."""
    counts[cell] += np.uint8(1)
    if counts[cell] == 0:
        carries[0][cell] += np.uint32(1)
        carries[1][cell >> carries[2]] = True


@helper()
def _count_with_care(fixes, line, frame, table, shift, least, counts, carries):
    """Count the pixels of a line that leaves the window, is very long, or ends in a corner of pixels."""
    u, v, _ = fixes
    bits, size, left, top, width, height = frame
    ax, ay = place(u[line], size, left), place(v[line], size, top)
    bx, by = place(u[line + 1], size, left), place(v[line + 1], size, top)
    way, slope = set_out(ax, ay, bx, by, bits)
    last = (1 << 2 * shift) - 1
    while way[2] + way[3] > 0:
        column, row = way[0], way[1]
        if 0 <= column < width and 0 <= row < height:
            table[((row << shift) + column) & last] = line << 32 | (row * width + column)
        way, _ = next_pixel(way, slope)
        column, row = way[0], way[1]
        if 0 <= column < width and 0 <= row < height:
            slot, cell = ((row << shift) + column) & last, row * width + column
            before = table[slot]
            table[slot] = line << 32 | cell
            if before & _CELL != cell or not _goes_on(fixes, before >> 32, line, frame, np.uint64(cell), least):
                _count(counts, carries, np.uint64(cell))


@helper()
def _compute_courses(x, y, near, frame, shift, courses):
    """Compute the courses of up to 128 of the lines near the window: `heatlas.kernels.lattice.set_out` by vectors.

    `x`, `y` are places on the lattice, `near` the lines among them, as `heatlas.kernels.lattice.near_lines` gives them.
    `courses`, int64 (8 * 128,), receives the values at the offsets of `_HERE` and its neighbours.

    Steps never make up for a balance of 2**62, so an axis without steps is never taken. Only where a line ends in a
    corner of pixels might another step tie with the last. Such lines, lines that leave the window and very long ones
    need care.
    """
    bits, _, _, _, width, height = frame
    right, bottom, grain = (width << bits) - 1, (height << bits) - 1, (1 << bits) - 1
    row_below, column_aside = (1 << shift + 32) + width, (1 << 32) + 1
    unsigned = np.uint64(bits)  # places inside the window are positive, and others do not matter
    lines = near.shape[0]
    for j in range(lines):
        i = np.uint64(near[j])
        courses[j + _AX], courses[j + _AY] = x[i], y[i]
        courses[j + _BX], courses[j + _BY] = x[i + ONE], y[i + ONE]
    for j in range(lines):
        ax, ay, bx, by = courses[j + _AX], courses[j + _AY], courses[j + _BX], courses[j + _BY]
        column, row = np.int64(np.uint64(ax) >> unsigned), np.int64(np.uint64(ay) >> unsigned)
        columns, rows = np.int64(np.uint64(bx) >> unsigned) - column, np.int64(np.uint64(by) >> unsigned) - row
        west, north = (bx - ax) >> 63, (by - ay) >> 63  # -1 or 0: makes distances positive without a branch
        to_x = ((((column + 1 + west) << bits) - ax) ^ west) - west
        to_y = ((((row + 1 + north) << bits) - ay) ^ north) - north
        length_x, length_y = ((bx - ax) ^ west) - west, ((by - ay) ^ north) - north
        balance = to_x * length_y - to_y * length_x - 1
        balance = 1 << 62 if columns == 0 else balance
        balance = -(1 << 62) if rows == 0 else balance
        steps = ((columns ^ west) - west) + ((rows ^ north) - north)
        care = ax | ay | bx | by | (right - ax) | (bottom - ay) | (right - bx) | (bottom - by)
        care |= (((bx | by) & grain) - 1) | -((length_x | length_y) >> (bits + LONGEST))
        here = ((row << shift) + column) << 32 | (row * width + column)
        both, run = (length_x + length_y) << bits, length_x << bits
        down = (row_below ^ north) - north
        aside = ((column_aside ^ west) - west) - down
        sideways = balance >> 63
        courses[j + _HERE] = here
        courses[j + _STEPS] = -1 if care < 0 else steps
        courses[j + _BALANCE] = balance + (both & sideways) - run
        courses[j + _BOTH] = both
        courses[j + _RUN] = run
        courses[j + _DOWN] = down
        courses[j + _ASIDE] = aside
        courses[j + _AFTER] = here + down + (aside & sideways)


@helper(forceinline=True)
def _enter(here, line, fixes, frame, table, last_slot, least, counts, carries, ring, met):
    """Enter a pixel, which with its place in the table is `here`; returns `met` as `_count_lines` does."""
    progress = fixes[2]
    pixel, slot = np.uint64(np.uint32(here)), np.uint64(here >> 32 & last_slot)
    before = table[slot]
    table[slot] = line << 32 | np.int64(pixel)
    # Most returns come from afar, and most others have hardly moved.
    if np.uint64(np.uint32(before)) == pixel and not _went_on(progress, before >> 32, line, least):
        stayed = _stayed(progress, before >> 32, line, least)
        if stayed or _goes_on(fixes, before >> 32, line, frame, pixel, least):
            return met
    prefetch(counts, pixel)
    due = met & np.uint64(_RING - 1)
    if met >= np.uint64(_RING):
        _count(counts, carries, ring[due])
    ring[due] = pixel
    return met + ONE


@helper()
def _count_lines(near, start, courses, fixes, frame, table, shift, least, counts, carries, ring, met):
    """Count the pixels of lines, numbered from fix `start` on, whose courses are computed.

    The ring holds pixels that were met and are not counted yet; `met` is the number that have entered it so far.

    Returns that number after these lines.
    """
    last_slot = (1 << 2 * shift) - 1
    for j in range(near.shape[0]):
        line, steps = np.int64(start + near[j]), courses[j + _STEPS]
        if steps < 0:
            _count_with_care(fixes, line, frame, table, shift, least, counts, carries)
            continue
        here, after = courses[j + _HERE], courses[j + _AFTER]
        table[np.uint64(here >> 32 & last_slot)] = line << 32 | here & _CELL
        met = _enter(after, line, fixes, frame, table, last_slot, least, counts, carries, ring, met)
        if steps > 1:
            balance, both, run = courses[j + _BALANCE], courses[j + _BOTH], courses[j + _RUN]
            down, aside = courses[j + _DOWN], courses[j + _ASIDE]
            for _ in range(steps - 1):
                # By masks instead of branches: the next edge is unpredictable.
                sideways = balance >> 63
                balance += (both & sideways) - run
                after += down + (aside & sideways)
                met = _enter(after, line, fixes, frame, table, last_slot, least, counts, carries, ring, met)
    return met


def room_for(bits: int) -> tuple[NDArray[Any], ...]:
    """Make the scratch arrays of `count_passes`: the table, some lines, their courses, and the ring of pixels."""
    places = np.empty((2, CHUNK + 1), np.int64)
    return (
        np.empty(1 << 2 * bits, np.int64), places[0], places[1], np.empty(CHUNK, np.uint32),
        np.empty(8 * _LINES, np.int64), np.zeros(_RING, np.uint64),
    )  # fmt: skip


@kernel(
    ("const f8[:]", "const f8[:]", "const f4[:]"), "const i8[:]", "const i8[:]", "const b1[:]", "const f8[:]",
    "const i8[:]", FRAME, "u1[:] | u2[:]", ("u4[:]", "b1[:]", "u8"),
    ("i8[:]", "i8[:]", "i8[:]", "u4[:]", "i8[:]", "u8[:]"),
)  # fmt: skip
def count_passes(fixes, segments, tracks, wanted, least, bits, frame, counts, carries, room):
    """Count the passages of tracks through the pixels of a window.

    Parameters
    ----------
    fixes : tuple of ndarray (n,)
        World coordinates u and v, float64, and progress in metres, float32, as
        `heatlas.kernels.path.progress_along` gives it.
    segments : ndarray of int64 (m + 1,)
        Offsets of the segments into the fixes.
    tracks : ndarray of int64 (k + 1,)
        Offsets of the tracks into the segments.
    wanted : ndarray of bool (k,)
        Which tracks to count. For tracks far from the window the table need not even be cleared.
    least : ndarray of float64 (k,)
        Metres of progress after which a return to a pixel counts again, for each track.
    bits : ndarray of int64 (k,)
        Binary logarithm of a number of pixels that exceeds `least` plus twice the tolerance of `progress`, or both
        sides of the window.
    frame : tuple
        The window, as `heatlas.kernels.lattice.frame_of` gives it.
    counts : ndarray of uint8 or uint16 (height * width,)
        Is increased by 1 for each passage, and begins again with 0 after its greatest number; fewer than 2**32 pixels.
        Narrow, because counting waits for memory and few pixels have more passages than it holds.
    carries : tuple
        uint32 (height * width,), increased by 1 where `counts` begins again: 256 or 65,536 passages each; bool, one for
        each block of 2**k pixels, which becomes true when a pixel carries there, so that other blocks need not be read;
        and k, uint64.
    room : tuple of ndarray
        Result of `room_for` the greatest of `bits`.
    """
    u, v, progress = fixes
    table, x, y, near, courses, ring = room
    fraction, size, left, top, width, height = frame
    right, bottom = (width << fraction) - 1, (height << fraction) - 1
    # A pixel is fetched when it is met and counted when the ring has gone round: memory is slow to answer, not narrow.
    met = np.uint64(0)
    for t in range(tracks.shape[0] - 1):
        if not wanted[t]:
            continue
        shift, rejoin = bits[t], least[t]
        last_slot = (1 << 2 * shift) - 1
        table[: last_slot + 1] = -1
        for s in range(tracks[t], tracks[t + 1]):
            first, last = segments[s], segments[s + 1]
            if first == last:
                continue
            ax, ay = place(u[first], size, left), place(v[first], size, top)
            if (ax | ay | (right - ax) | (bottom - ay)) >= 0:
                column, row = ax >> fraction, ay >> fraction
                cell, slot = row * width + column, ((row << shift) + column) & last_slot
                back = table[slot] & _CELL == cell
                if not back or progress[first] - moment(fixes, table[slot] >> 32, frame, column, row, 1.0) > rejoin:
                    _count(counts, carries, np.uint64(cell))
                table[slot] = cell
            for start in range(first, last - 1, CHUNK):
                found = near_lines(u, v, start, min(CHUNK, last - 1 - start), False, frame, x, y, near)
                for begin in range(0, found, _LINES):
                    some = near[begin : min(begin + _LINES, found)]
                    _compute_courses(x, y, some, frame, shift, courses)
                    met = _count_lines(
                        some, start, courses, fixes, frame, table, shift, rejoin, counts, carries, ring, met
                    )
            ax, ay = place(u[last - 1], size, left), place(v[last - 1], size, top)
            if (ax | ay | (right - ax) | (bottom - ay)) >= 0:
                column, row = ax >> fraction, ay >> fraction
                table[((row << shift) + column) & last_slot] = (-last << 32) | (row * width + column)
    for k in range(min(met, np.uint64(_RING))):
        _count(counts, carries, ring[k])
