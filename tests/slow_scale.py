"""Slow, plain twins of the kernels of the plan, and what a slow one counts of tracks."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from heatlas.kernels.partials import ADDED, GREATEST, LEAST, PERSONS, TRACKS, UNKNOWN, VALUES


def read_tile(data, rules):
    """Pixel -> numbers of its planes, from the bytes of a tile."""
    at, pixel, found = 0, -1, {}

    def number():
        nonlocal at
        value, shift = 0, 0
        while True:
            byte = int(data[at])
            at += 1
            value |= (byte & 127) << shift
            if byte < 128:
                return value
            shift += 7

    while at < len(data):
        pixel += number() + 1
        raw = [number() for _ in rules]
        found[pixel] = [v if rule == ADDED else (v >> 1) ^ -(v & 1) for v, rule in zip(raw, rules, strict=True)]
    return found


def count_tiles(visits, what, near, rules):
    """Tile -> pixel -> planes, of visits: tile, pixel (row, column), track, person, value. Tiles lie in one row."""
    planes = defaultdict(lambda: defaultdict(lambda: [0] * len(rules)))
    persons, tracks = defaultdict(set), defaultdict(set)
    extra = 2 if near else 1
    for tile, (row, column), track, person, value in visits:
        cell = planes[tile][row * 256 + column]
        cell[0] += 1
        persons[tile, row, column].add(person)
        tracks[tile, row, column].add(track)
        if what == VALUES and value != UNKNOWN:
            known = cell[extra] if len(rules) - extra == 2 else 0
            rule = rules[-1]
            if rule == LEAST:
                cell[-1] = min(cell[-1], value) if known else value
            elif rule == GREATEST:
                cell[-1] = max(cell[-1], value) if known else value
            else:
                cell[-1] += value
            if len(rules) - extra == 2:
                cell[extra] += 1
    for (tile, row, column), some in list(persons.items()):
        cell = planes[tile][row * 256 + column]
        if what == TRACKS:
            cell[extra] = len(tracks[tile, row, column])
        if what == PERSONS:
            cell[extra] = len(some)
        if near == 1:
            cell[1] = len(some)
    if near == 2:
        around = defaultdict(set)
        for (tile, row, column), some in persons.items():
            for y in range(row - 1, row + 2):
                for x in range(column - 1, column + 2):
                    if 0 <= y < 256:
                        around[tile + (x // 256), y, x % 256] |= some
        for (tile, row, column), some in around.items():
            planes[tile][row * 256 + column][1] = len(some)
    return {tile: {pixel: list(cell) for pixel, cell in cells.items()} for tile, cells in planes.items()}


def arrays_of(rows):
    """Tile -> pixel -> planes, of rows with rules for each tile's number: see `read_tile`."""
    return lambda rules: {
        int(number): read_tile(rows.data[rows.offsets[k] : rows.offsets[k + 1]], rules)
        for k, number in enumerate(rows.numbers)
    }


def random_visits(rng, many, tiles=3, edge=True):
    """Visits of a few persons with two tracks each, some of them at the edges of tiles."""
    visits = []
    for _ in range(many):
        person = int(rng.integers(0, 4))
        row, column = (int(rng.choice([0, 1, 7, 254, 255] if edge else [5, 6, 7, 8])) for _ in range(2))
        value = int(rng.choice([UNKNOWN, -5, 0, 3, 70_000]))
        visits.append((int(rng.integers(0, tiles)), (row, column), 2 * person + int(rng.integers(0, 2)), person, value))
    return visits


def laid_out(visits):
    """Arguments of `count_tiles` up to `tiles`, of visits without what tiles beside see; and the tiles."""
    order = sorted(range(len(visits)), key=lambda k: (visits[k][0], visits[k][3], visits[k][2]))
    some = [visits[k] for k in order]
    pixels = np.array([row * 256 + column for _, (row, column), *_ in some], np.uint16)
    values = np.array([visit[4] for visit in some], np.int64)
    begins = np.arange(len(some))
    tile = np.array([visit[0] for visit in some])
    tracks, persons = (np.array([visit[k] for visit in some], np.int64) for k in (2, 3))
    offsets = np.append(np.flatnonzero(np.diff(tile, prepend=-1)), len(some))
    outer = np.full(len(some), -1, np.int32)
    return (pixels, values, begins, begins + 1, tracks, persons, outer, offsets), np.unique(tile).tolist()
