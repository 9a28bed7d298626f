"""List the passages of many tracks at one zoom, pixel by pixel and tile by tile, without what was spent in them.

`heatlas.kernels.visits.list_visits` finds the same passages, with what was spent in them.
"""

from __future__ import annotations

import numpy as np

from heatlas.kernels.compiled import helper, kernel
from heatlas.kernels.lattice import FRAME, moment, next_pixel, place, set_out, slot_of

__all__ = ["NOWHERE", "list_passage", "list_visited", "room_for", "spill"]

NOWHERE = -(1 << 62)


@helper()
def tile_number(zoom, x, y):
    """Number of a tile along the Hilbert curve, as `heatlas.pmtiles.hilbert.numbers_of` gives it."""
    along = ((np.int64(1) << (2 * zoom)) - 1) // 3
    for bit in range(zoom - 1, -1, -1):
        side = np.int64(1) << bit
        right, lower = (x >> bit) & 1, (y >> bit) & 1
        along += side * side * ((3 * right) ^ lower)
        x, y = x & (side - 1), y & (side - 1)
        if lower == 0:
            if right == 1:
                x, y = side - 1 - x, side - 1 - y
            x, y = y, x
    return along


@helper()
def _goes_on(fixes, left_on, line, frame, column, row, least):
    """Whether entering a pixel, last left on line `left_on`, continues the passage."""
    progress = fixes[2]
    if line >= 0 and left_on >= 0:  # the ends of the lines may tell
        if np.float64(progress[line]) - progress[left_on + 1] > least:
            return False
        if np.float64(progress[line + 1]) - progress[left_on] <= least:
            return True
    left_at = moment(fixes, left_on, frame, column, row, 1.0)
    return moment(fixes, line, frame, column, row, 0.0) - left_at <= least


@helper(forceinline=True)
def list_passage(column, row, owner, frame, zoom, last, n, m, found):
    """List a passage; returns the tile of it, and the numbers of passages and of stretches.

    `last` is the tile of the passage before, row << 32 | column, without the world's number.
    """
    pixels, numbers, begins, owners = found
    across = frame[4]
    if not 0 <= row < across:
        return last, n, m
    tile = (row >> 8) << 32 | (column >> 8) & 0xFFFFFFFF
    if tile != last:
        numbers[m] = tile_number(zoom, (column % across) >> 8, row >> 8)
        begins[m], owners[m] = n, owner
        m += 1
    pixels[n] = (row & 255) << 8 | (column & 255)
    return tile, n + 1, m


@helper()
def room_for(u, v, segments, frame):
    """Bound the number of passages, and of stretches in one tile, from above."""
    fraction, size, left, top, _, _ = frame
    passages = stretches = segments.shape[0] - 1
    for s in range(segments.shape[0] - 1):
        first, last = segments[s], segments[s + 1]
        if first == last:
            continue
        x, y = place(u[first], size, left) >> fraction, place(v[first], size, top) >> fraction
        for i in range(first + 1, last):
            column, row = place(u[i], size, left) >> fraction, place(v[i], size, top) >> fraction
            passages += abs(column - x) + abs(row - y)
            stretches += abs((column >> 8) - (x >> 8)) + abs((row >> 8) - (y >> 8))
            x, y = column, row
    return passages, stretches


@kernel(
    "const f8[:]", "const f8[:]", "const f4[:]", "const i8[:]", "const i8[:]", "const f8[:]", "const i8[:]", FRAME,
    "i8", allocates=True,
)  # fmt: skip
def list_visited(u, v, progress, segments, tracks, least, bits, frame, zoom):
    """List the passages of tracks in the whole world at a zoom.

    Parameters
    ----------
    u, v, progress, segments, tracks, least, bits
        As for `heatlas.kernels.count.count_passes`.
    frame : tuple
        Frame of the whole world, with its corner at 0, 0 (`heatlas.kernels.lattice.frame_of`).
    zoom : int
        Zoom of 256 px tiles.

    Returns
    -------
    pixels : ndarray of uint16 (k,)
        Row * 256 + column inside the tile, passage by passage along each track. What lies beyond the northern and
        southern edge of the world is left out; across the antimeridian columns begin again at 0.
    numbers : ndarray of int64 (m,)
        Passages one after the other in one tile are a stretch. The number of its tile along the Hilbert curve.
    begins : ndarray of int64 (m + 1,)
        Offsets of the stretches into `pixels`.
    owners : ndarray of int64 (m,)
        Track of each stretch.
    """
    fraction, size, left, top, _, _ = frame
    fixes = (u, v, progress)
    most, parts = room_for(u, v, segments, frame)
    pixels = np.empty(most, np.uint16)
    numbers, begins, owners = np.empty(parts, np.int64), np.empty(parts + 1, np.int64), np.empty(parts, np.int64)
    widest = 0
    for t in range(tracks.shape[0] - 1):
        widest = max(widest, bits[t])
    keys, lines = np.empty(1 << 2 * widest, np.int64), np.empty(1 << 2 * widest, np.int64)
    found = pixels, numbers, begins, owners
    n = m = 0
    for t in range(tracks.shape[0] - 1):
        shift, rejoin, last_tile = bits[t], least[t], np.int64(-1)
        mask = (np.int64(1) << shift) - 1
        keys[: 1 << 2 * shift] = NOWHERE
        for s in range(tracks[t], tracks[t + 1]):
            first, last = segments[s], segments[s + 1]
            if first == last:
                continue
            ax, ay = place(u[first], size, left), place(v[first], size, top)
            column, row = ax >> fraction, ay >> fraction
            key, slot = slot_of(column, row, mask, shift)
            if keys[slot] != key or not _goes_on(fixes, lines[slot], -1 - first, frame, column, row, rejoin):
                last_tile, n, m = list_passage(column, row, t, frame, zoom, last_tile, n, m, found)
            keys[slot], lines[slot] = key, -1 - first
            for i in range(first, last - 1):
                bx, by = place(u[i + 1], size, left), place(v[i + 1], size, top)
                if ((ax ^ bx) | (ay ^ by)) >> fraction == 0:
                    continue  # its end is the next line's beginning, in the same pixel
                ax, ay = place(u[i], size, left), place(v[i], size, top)
                way, slope = set_out(ax, ay, bx, by, fraction)
                column, row = way[0], way[1]
                key, slot = slot_of(column, row, mask, shift)
                keys[slot], lines[slot] = key, i
                while way[2] + way[3] > 0:
                    way, _ = next_pixel(way, slope)
                    column, row = way[0], way[1]
                    key, slot = slot_of(column, row, mask, shift)
                    again = keys[slot] == key and _goes_on(fixes, lines[slot], i, frame, column, row, rejoin)
                    keys[slot], lines[slot] = key, i
                    if not again:
                        last_tile, n, m = list_passage(column, row, t, frame, zoom, last_tile, n, m, found)
                ax, ay = bx, by
            ax, ay = place(u[last - 1], size, left), place(v[last - 1], size, top)
            column, row = ax >> fraction, ay >> fraction
            key, slot = slot_of(column, row, mask, shift)
            keys[slot], lines[slot] = key, -last
    begins[m] = n
    return pixels[:n].copy(), numbers[:m].copy(), begins[: m + 1].copy(), owners[:m].copy()


@kernel("const u2[:]", "const i8[:]", "const i8[:]", "const i8[:]", "i8", allocates=True)
def spill(pixels, begins, x, y, zoom):
    """List the passages at the edges of tiles as the tiles beside see them.

    Parameters
    ----------
    pixels, begins
        As `list_visited` gives them.
    x, y : ndarray of int64 (m,)
        Tile of each stretch.
    zoom : int
        Zoom of the tiles.

    Returns
    -------
    numbers : ndarray of int64 (k,)
        Number of the tile beside.
    stretches : ndarray of int64 (k,)
        Stretch of the passage.
    outer : ndarray of int32 (k,)
        (row + 1) * 258 + column + 1 of its pixel in the tile beside, where either is -1 or 256.
    """
    count = 0
    for k in range(pixels.shape[0]):
        row, column = pixels[k] >> 8, pixels[k] & 255
        on_row, on_column = row in (0, 255), column in (0, 255)
        count += on_row + on_column + (on_row and on_column)
    numbers, stretches, outer = np.empty(count, np.int64), np.empty(count, np.int64), np.empty(count, np.int32)
    across = np.int64(1) << zoom
    n = 0
    for s in range(x.shape[0]):
        for k in range(begins[s], begins[s + 1]):
            row, column = np.int64(pixels[k] >> 8), np.int64(pixels[k] & 255)
            down = -1 if row == 0 else 1 if row == 255 else 0
            aside = -1 if column == 0 else 1 if column == 255 else 0
            for j in range(1, 4):
                dy, dx = down * (j & 1), aside * (j >> 1)
                if (dy == 0 and j & 1) or (dx == 0 and j >> 1) or not 0 <= y[s] + dy < across:
                    continue
                numbers[n] = tile_number(zoom, (x[s] + dx) % across, y[s] + dy)
                stretches[n] = s
                outer[n] = (row - 256 * dy + 1) * 258 + column - 256 * dx + 1
                n += 1
    return numbers[:n].copy(), stretches[:n].copy(), outer[:n].copy()
