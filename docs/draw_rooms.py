"""Draw the rooms of heatlas and the arrows between them, from the imports: ``python docs/draw_rooms.py``.

A room is a module or folder directly in ``heatlas/``; an arrow says that it imports another. Each room stands one floor
above the highest of those that it imports. An arrow that follows from others is left out: whoever imports `server`
has all that `server` imports. Nothing is random and nothing is measured, so the same imports give the same bytes.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "benchmarks"))

from structure import imports, read, rooms  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Mapping

PICTURE = ROOT / "docs" / "rooms.svg"

Graph = dict[str, set[str]]

_LETTER, _HIGH, _FLOOR, _GAP, _LANE, _MARGIN = 7.3, 26, 74, 12, 10, 24
"""Pixels: a letter, a box, from floor to floor, between boxes, for an arrow that passes a floor, around all."""
_ROUNDS = 40


def graph() -> Graph:
    """Room -> rooms that it imports, type-only imports left out."""
    return reachable_only(rooms(imports(read(ROOT / "heatlas"), types=False)))


def reachable_only(found: Mapping[str, set[str]]) -> Graph:
    """The same with rooms that only others import."""
    names = set(found).union(*found.values())
    return {name: set(found.get(name, ())) - {name} for name in sorted(names)}


def floors(graph: Graph) -> dict[str, int]:
    """Floor of each room: 0, or one above the highest that it imports.

    Raises
    ------
    ValueError
        When rooms import each other in a circle.
    """
    known: dict[str, int] = {}

    def floor(room: str, above: tuple[str, ...] = ()) -> int:
        if room in above:
            raise ValueError(f"rooms in a circle: {' -> '.join([*above[above.index(room) :], room])}")
        if room not in known:
            known[room] = max((floor(other, (*above, room)) + 1 for other in sorted(graph[room])), default=0)
        return known[room]

    for room in graph:
        floor(room)
    return known


def reduced(graph: Graph) -> Graph:
    """Leave out the arrows that follow from others."""
    reach: Graph = {}

    def reached(room: str) -> set[str]:
        if room not in reach:
            reach[room] = set().union(*({other} | reached(other) for other in graph[room]))
        return reach[room]

    return {
        room: {other for other in others if not any(other in reached(third) for third in others - {other})}
        for room, others in graph.items()
    }


@dataclass(slots=True)
class Place:
    """A room, or where an arrow passes a floor."""

    name: str
    floor: int
    wide: float
    x: float = 0.0
    """Of its middle."""


class Layout:
    """Where rooms stand and arrows pass."""

    def __init__(self, graph: Graph) -> None:
        level = floors(graph)
        self.places = {room: Place(room, level[room], _LETTER * len(room) + 18) for room in graph}
        self.ways: list[list[Place]] = []
        """Of each arrow: from the room over the floors that it passes to the other."""
        for room, others in sorted(reduced(graph).items()):
            for other in sorted(others, key=lambda name: (level[name], name)):
                way = [self.places[room]]
                way += [self._lane(other, floor) for floor in range(level[room] - 1, level[other], -1)]
                self.ways.append([*way, self.places[other]])
        self.rows: list[list[Place]] = [[] for _ in range(max(level.values(), default=0) + 1)]
        for place in self.places.values():
            self.rows[place.floor].append(place)
        self._near: dict[int, list[Place]] = defaultdict(list)
        for way in self.ways:
            for upper, lower in pairwise(way):
                self._near[id(upper)].append(lower)
                self._near[id(lower)].append(upper)
        self._settle()

    def _lane(self, other: str, floor: int) -> Place:
        # Arrows to one room share a lane: they come together as a bundle.
        return self.places.setdefault(f"{floor} to {other}", Place("", floor, _LANE))

    def _settle(self) -> None:
        """Order each floor by where its arrows come from and go to, and pull rooms towards them."""
        for row in self.rows:
            self._spread(row)
        for turn in range(_ROUNDS):
            for row in self.rows if turn % 2 else self.rows[::-1]:
                wanted = {id(place): self._wanted(place) for place in row}
                row.sort(key=lambda place: (wanted[id(place)], place.name))
                for place in row:
                    place.x = wanted[id(place)]
                self._spread(row)
        left = min(place.x - place.wide / 2 for place in self.places.values())
        for place in self.places.values():
            place.x += _MARGIN - left

    def _wanted(self, place: Place) -> float:
        near = self._near[id(place)]
        return sum(other.x for other in near) / len(near) if near else place.x

    @staticmethod
    def _spread(row: list[Place]) -> None:
        """Give each place of a floor its width, and move all of them as little as need be."""
        if not row:
            return
        wanted = [place.x for place in row]
        at = [row[0].x]
        for before, place in pairwise(row):
            at.append(max(place.x, at[-1] + (before.wide + place.wide) / 2 + _GAP))
        shift = sum(x - want for x, want in zip(at, wanted, strict=True)) / len(row)
        for place, x in zip(row, at, strict=True):
            place.x = x - shift

    @property
    def size(self) -> tuple[float, float]:
        """Width and height of the picture."""
        right = max(place.x + place.wide / 2 for place in self.places.values())
        return right + _MARGIN, len(self.rows) * _FLOOR - (_FLOOR - _HIGH) + 2 * _MARGIN


def picture(graph: Graph) -> str:
    """The picture as SVG."""
    layout = Layout(graph)
    wide, high = layout.size

    def middle(place: Place) -> float:
        return high - _MARGIN - _HIGH / 2 - place.floor * _FLOOR

    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide:.0f} {high:.0f}" role="img"',
        ' font-family="ui-monospace, Menlo, Consolas, monospace" font-size="12">',
        "<title>Rooms of heatlas: each imports those that its arrows lead down to</title>",
        '<rect width="100%" height="100%" rx="12" fill="#10141a"/>',
        '<g fill="none" stroke="#ff9d3c" stroke-opacity="0.5" stroke-width="1.1">',
    ]
    for way in layout.ways:
        x, y = way[0].x, middle(way[0]) + _HIGH / 2
        path = [f"M{x:.1f} {y:.1f}"]
        for place in way[1:]:
            end = middle(place) - (_HIGH / 2 if place.name else 0)
            bend = (end - y) / 2
            path.append(f"C{x:.1f} {y + bend:.1f} {place.x:.1f} {end - bend:.1f} {place.x:.1f} {end:.1f}")
            x, y = place.x, end
        lines.append(f'<path d="{"".join(path)}"/>')
    lines += ["</g>", '<g text-anchor="middle">']
    for place in sorted((place for place in layout.places.values() if place.name), key=lambda place: place.name):
        left, top = place.x - place.wide / 2, middle(place) - _HIGH / 2
        lines.append(
            f'<rect x="{left:.1f}" y="{top:.1f}" width="{place.wide:.1f}" height="{_HIGH}" rx="6" '
            f'fill="#1c232d" stroke="#4b5868"/>'
            f'<text x="{place.x:.1f}" y="{top + 17:.1f}" fill="#f3ede4">{escape(place.name)}</text>'
        )
    return "\n".join([*lines, "</g>", "</svg>", ""])


if __name__ == "__main__":
    PICTURE.write_text(picture(graph()), encoding="utf-8", newline="\n")
    print(PICTURE.relative_to(ROOT))
