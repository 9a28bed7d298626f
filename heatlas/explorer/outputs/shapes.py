"""Tiles as rings of degrees, and names for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from heatlas.core.words import counted
from heatlas.explorer.keys import boxes_of, middles_of, pairs_of, square_box
from heatlas.explorer.report import tile_facts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from heatlas.explorer.explored import Explored
    from heatlas.explorer.keys import Box
    from heatlas.explorer.missing import Missing

__all__ = ["Tile", "missing_tiles", "ring", "squares", "tiles", "title"]


class Tile(NamedTuple):
    """A tile or a square."""

    name: str
    box: Box
    facts: dict[str, Any]


def ring(box: Box) -> list[list[float]]:
    """Corners of a box as (longitude, latitude), against the clock from the south-west; the first again at the end."""
    west, south, east, north = (round(edge, 7) for edge in box)
    return [[west, south], [east, south], [east, north], [west, north], [west, south]]


def tiles(explored: Explored) -> Iterator[Tile]:
    """Visited tiles, with what is known of each."""
    for (name, box), facts in zip(_named(explored.keys, explored.zoom), tile_facts(explored), strict=True):
        yield Tile(name, box, facts)


def squares(explored: Explored) -> Iterator[tuple[str, Tile]]:
    """The largest square, and the next larger one, each with its kind."""
    now, then, zoom = explored.squares, explored.next_square, explored.zoom
    if now.size:
        facts = {"size": now.size}
        yield "square", Tile(f"Square {now.size} x {now.size}", square_box(now.key, now.size, zoom), facts)
    if then is not None:
        facts = {"size": then.size, "missing": len(then.missing)}
        name = f"Next square {then.size} x {then.size}"
        yield "next_square", Tile(name, square_box(then.key, then.size, zoom), facts)


def missing_tiles(explored: Explored, missing: Missing | None) -> Iterator[tuple[Tile, tuple[float, float]]]:
    """Tiles that are not visited, each with its middle: those of the next square, then those around a place."""
    then, zoom = explored.next_square, explored.zoom
    known: set[str] = set()
    if then is not None:
        middles = middles_of(then.missing, zoom).tolist()
        for (name, box), (lon, lat) in zip(_named(then.missing, zoom), middles, strict=True):
            known.add(name)
            yield Tile(name, box, {"for_next_square": True}), (lon, lat)
    if missing is not None:
        rows = zip(missing.metres.tolist(), middles_of(missing.tiles, zoom).tolist(), strict=True)
        for (name, box), (metres, (lon, lat)) in zip(_named(missing.tiles, zoom), rows, strict=True):
            yield Tile(name, box, {"for_next_square": name in known, "metres": round(metres)}), (lon, lat)


def title(explored: Explored) -> str:
    """Numbers of all, in a line."""
    square, cluster = explored.squares.size, explored.clusters.size
    return (
        f"{counted(len(explored.keys), 'tiles')} of zoom {explored.zoom}, "
        f"square {square} x {square}, cluster {cluster:,} "
        f"({explored.counting.words})"
    )


def _named(keys: NDArray[Any], zoom: int) -> Iterator[tuple[str, Box]]:
    """Name, z/x/y, and box of each tile."""
    for (x, y), box in zip(pairs_of(keys), boxes_of(keys, zoom).tolist(), strict=True):
        yield f"{zoom}/{x}/{y}", tuple(box)
