"""Scores of explorer tiles worked out one by one, from sets of (column, row): slow, and easily seen to be right."""

from __future__ import annotations


def largest_square(tiles, zoom):
    """Tiles a side, and the north-western tile of the northernmost, then westernmost; 0 and None without tiles."""
    across, found = 1 << zoom, (0, None)
    for size in range(1, across + 1):
        corners = [corner for corner in tiles if block(corner, size, zoom) <= tiles]
        corners = [(x, y) for x, y in corners if y + size <= across]
        if not corners:
            break
        found = size, min(corners, key=lambda corner: (corner[1], corner[0]))
    return found


def block(corner, size, zoom):
    return {((corner[0] + i) % (1 << zoom), corner[1] + j) for i in range(size) for j in range(size)}


def beside(tile, zoom):
    x, y = tile
    return [((x + 1) % (1 << zoom), y), ((x - 1) % (1 << zoom), y), (x, y + 1), (x, y - 1)]


def largest_cluster(tiles, zoom):
    """The tiles of the largest cluster; of several, that with the northernmost, then westernmost tile."""
    inner = {tile for tile in tiles if all(other in tiles for other in beside(tile, zoom))}
    found = []
    while inner:
        waiting, cluster = [inner.pop()], set()
        while waiting:
            tile = waiting.pop()
            cluster.add(tile)
            for other in beside(tile, zoom):
                if other in inner:
                    inner.remove(other)
                    waiting.append(other)
        found.append(cluster)
    return min(found, key=lambda one: (-len(one), min((y, x) for x, y in one)), default=set())


def next_square(tiles, zoom, size):
    """Missing tiles and north-western tile of the square inside the world that takes the fewest."""
    places = [(x, y) for y in range((1 << zoom) - size + 1) for x in range((1 << zoom) - size + 1)]
    best = min(places, key=lambda corner: (len(block(corner, size, zoom) - tiles), corner[1], corner[0]), default=None)
    return None if best is None else (block(best, size, zoom) - tiles, best)


def history(steps, zoom):
    """New tiles, total, square and cluster after each of some sets of tiles."""
    tiles, rows = set(), []
    for step in steps:
        new = step - tiles
        tiles = tiles | step
        rows.append((len(new), len(tiles), largest_square(tiles, zoom)[0], len(largest_cluster(tiles, zoom))))
    return rows
