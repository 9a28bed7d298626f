"""Explorer tiles as a picture: a block for each tile, in colour by how many activities visit it.

The largest square has a thick frame, the next larger one a broken frame, the largest cluster an outline. Tiles that
are missing around a place are hollow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from heatlas.core.errors import BadOption
from heatlas.core.frozen import frozen
from heatlas.core.window import Window
from heatlas.explorer.keys import columns_of, place_of, rows_of
from heatlas.explorer.outputs.shapes import title
from heatlas.gazetteer.naming import with_place
from heatlas.raster.grid import Grid
from heatlas.raster.measure import Measure
from heatlas.style.colormaps import colormap
from heatlas.style.colour import colour, parse_background
from heatlas.style.decorations import Decorations
from heatlas.style.defaults import measure_unit, suiting_colours, suiting_tone_scale
from heatlas.style.image import Picture
from heatlas.style.tone import ToneScale, fit, parse_tone_scale
from heatlas.writers import write
from heatlas.writers.rendered_map import RenderedMap

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from heatlas.explorer.explored import Explored
    from heatlas.explorer.missing import Missing
    from heatlas.options import LabelOptions, StyleOptions
    from heatlas.style.tone import Tone

__all__ = ["Paint", "blocks_of", "write_picture"]

_MEASURE = Measure("activities")
_TWO = ToneScale("linear", (0.0, 4.0))
"""Of pictures for everybody: visited tiles, and those of the largest cluster."""
_LARGEST = 96
"""Pixels a side of a block, at most."""
_PICTURE = 1800
"""Pixels of the longer side of a picture whose width nobody asked for, about."""
_DASH = 3
"""Widths of a broken line that are drawn, and then left out."""


@frozen
class Paint:
    """How a picture is painted, as sound options."""

    scale: ToneScale | None
    """None: what suits counts."""
    colours: NDArray[np.uint8] | None
    """None: what suits the background."""
    background: tuple[int, int, int] | None
    legend: bool
    title: str
    attribution: str
    width: int | None
    """Pixels, about: blocks have whole numbers of them."""

    @classmethod
    def parse(cls, style: StyleOptions, labels: LabelOptions, width: int | None) -> Paint:
        """Check the options.

        Raises
        ------
        BadOption
            For a tone, colours or a background that are none.
        """
        return cls(
            None if style.tone is None else _scale(style.tone),
            None if style.colormap is None else colormap(style.colormap),
            parse_background(style.background or "none"),
            style.legend,
            " ".join((labels.title or "").split()),
            " ".join((labels.attribution or "").split()),
            width,
        )


@frozen
class _Inks:
    """Colours of lines, RGBA."""

    square: tuple[int, int, int, int]
    cluster: tuple[int, int, int, int]
    hollow: tuple[int, int, int, int]
    lattice: tuple[int, int, int, int]


_ON_DARK = _Inks((64, 196, 255, 255), (255, 255, 255, 255), (150, 158, 172, 255), (27, 32, 40, 255))
_ON_LIGHT = _Inks((0, 96, 190, 255), (24, 28, 38, 255), (140, 146, 156, 255), (232, 230, 224, 255))
_ON_ANY = _Inks((0, 140, 230, 255), (255, 255, 255, 255), (128, 134, 146, 255), (0, 0, 0, 0))


def blocks_of(
    bbox: tuple[float, float, float, float], zoom: int, width: int | None
) -> tuple[tuple[int, int, int, int], int]:
    """Find the tiles over a box, and how large each is painted.

    Returns
    -------
    (int, int, int, int), int
        First column (below 0 or beyond the world across the antimeridian), first row, columns and rows; pixels a side
        of a block.
    """
    from heatlas.dataset.places import bbox_window

    tiles = bbox_window(bbox, zoom=zoom - 8)
    x, y = tiles.x - 1, max(tiles.y - 1, 0)
    columns = min(tiles.width + 2, 1 << zoom)
    rows = min(tiles.y + tiles.height + 1, 1 << zoom) - y
    side = width // columns if width else _PICTURE // max(columns, rows)
    return (x, y, columns, rows), min(max(side, 1), _LARGEST if width is None else side or 1)


def write_picture(
    path: Path, explored: Explored, missing: Missing | None, bbox: tuple[float, float, float, float], paint: Paint
) -> list[Path]:
    """Write a picture of the tiles over a box, and the files that place it on a map.

    Raises
    ------
    NothingToDraw
        When no visited tile lies in the box.
    HeatlasError
        When the system refuses to write.
    """
    from heatlas.core.memory import check_whole

    place, side = blocks_of(bbox, explored.zoom, paint.width)
    x, y, columns, rows = place
    window = Window(float(side << explored.zoom), x * side, y * side, columns * side, rows * side)
    check_whole(window, 12)
    canvas = _Canvas(place, side, explored.zoom)
    grid = canvas.grid(explored)
    public = explored.counting.public
    tone = fit(_TWO if public else paint.scale or suiting_tone_scale(grid), grid, None)
    colours = suiting_colours(grid, paint.background) if paint.colours is None else paint.colours
    inks = _inks_for(paint.background)
    pixels = canvas.blocks(colour(grid, tone, colours, None).rgba, inks, paint.background)
    canvas.mark(pixels, explored, missing, inks)
    rendered = RenderedMap(
        window=window,
        picture=Picture(pixels),
        legend=_legend(tone, colours, paint, window) if paint.legend and not public else None,
        decorations=Decorations(
            title=with_place(paint.title, window.bbox),
            subtitle=title(explored) if paint.title or paint.legend else "",
            attribution=paint.attribution,
            ground=paint.background,
        ),
        title=with_place(paint.title, window.bbox) or title(explored),
        measure=str(_MEASURE),
        attribution=paint.attribution,
    )
    return write(path, rendered)


class _Canvas:
    """Tiles of a part of the world, each a block of pixels."""

    def __init__(self, place: tuple[int, int, int, int], side: int, zoom: int) -> None:
        self.x, self.y, self.columns, self.rows = place
        self.side, self.zoom = side, zoom

    def at(self, keys: NDArray[np.int64]) -> tuple[NDArray[np.bool_], NDArray[np.int64], NDArray[np.int64]]:
        """Which tiles lie here, and row and column of these."""
        column, row = (columns_of(keys) - self.x) % (1 << self.zoom), rows_of(keys) - self.y
        here = (column < self.columns) & (row >= 0) & (row < self.rows)
        return here, row[here], column[here]

    def plane(self, keys: NDArray[np.int64], values: Any = True) -> NDArray[Any]:
        """(rows, columns) values of tiles, 0 elsewhere."""
        here, row, column = self.at(keys)
        values = np.broadcast_to(np.asarray(values), keys.shape)
        plane = np.zeros((self.rows, self.columns), values.dtype)
        plane[row, column] = values[here]
        return plane

    def grid(self, explored: Explored) -> Grid:
        """Activities of each tile; for everybody 1 in the visited ones, and 2 in the largest cluster."""
        window = Window(float(1 << self.zoom), self.x, self.y, self.columns, self.rows)
        counts = 1 + explored.in_cluster if explored.counting.public else explored.count
        return Grid.of(window, _MEASURE, self.plane(explored.keys, counts.astype(np.uint32)))

    def blocks(
        self, tiles: NDArray[np.uint8], inks: _Inks, background: tuple[int, int, int] | None
    ) -> NDArray[np.uint8]:
        """Enlarge tiles (rows, columns, 4) to blocks, with a gap between them where they are large enough."""
        side = self.side
        ground = np.array((0, 0, 0, 0) if background is None else (*background, 255), np.uint8)
        gap = np.array(inks.lattice if side >= 8 else ground, np.uint8)
        filled = tiles[..., 3:] > 0
        pixels = np.where(filled, tiles, ground).repeat(side, axis=0).repeat(side, axis=1)
        if side >= 4:
            width = min(max(1, side // 20), 3)
            lines = np.arange(max(self.rows, self.columns) * side) % side < width
            rows, columns = lines[: len(pixels)], lines[: pixels.shape[1]]
            pixels[rows] = gap
            pixels[:, columns] = gap
        return pixels

    def mark(self, pixels: NDArray[np.uint8], explored: Explored, missing: Missing | None, inks: _Inks) -> None:
        """Draw missing tiles, the outline of the cluster, and the frames of squares."""
        thin = min(max(1, round(self.side / 14)), 5)
        if missing is not None:
            self.hollow(pixels, missing.tiles, thin, inks.hollow)
        if explored.clusters.size > 1:
            self.outline(
                pixels, explored.keys[explored.in_cluster], min(max(1, round(self.side / 12)), 5), inks.cluster
            )
        better = explored.next_square
        if better is not None and explored.squares.size:
            self.hollow(pixels, better.missing, thin, inks.square)
            self.frame(pixels, better.key, better.size, inks.square, min(max(1, round(self.side / 9)), 6), dashed=True)
        if explored.squares.size:
            thick = min(max(2, round(self.side / 6)), 9)
            self.frame(pixels, explored.squares.key, explored.squares.size, inks.square, thick)

    def hollow(
        self, pixels: NDArray[np.uint8], keys: NDArray[np.int64], width: int, ink: tuple[int, int, int, int]
    ) -> None:
        """Draw a frame inside each of some tiles."""
        inset = self.side // 5
        size = self.side - 2 * inset
        if size < 2 * width + 1:
            inset, size = 0, self.side
        _, row, column = self.at(keys)
        for top, left in zip((row * self.side + inset).tolist(), (column * self.side + inset).tolist(), strict=True):
            _frame(pixels, (top, left, size, size), width, ink)

    def outline(
        self, pixels: NDArray[np.uint8], keys: NDArray[np.int64], width: int, ink: tuple[int, int, int, int]
    ) -> None:
        """Draw the edges between some tiles and all others."""
        inside = np.pad(self.plane(keys), 1)
        half, side = max(width // 2, 0), self.side
        for axis in (0, 1):
            edges = np.diff(inside.astype(np.int8), axis=axis) != 0
            edges = edges[:, 1:-1] if axis == 0 else edges[1:-1]
            for row, column in np.argwhere(edges).tolist():
                top, left = row * side - half, column * side - half
                tall, wide = (width, side + width) if axis == 0 else (side + width, width)
                pixels[max(top, 0) : max(top + tall, 0), max(left, 0) : max(left + wide, 0)] = ink

    def frame(
        self,
        pixels: NDArray[np.uint8],
        key: int,
        size: int,
        ink: tuple[int, int, int, int],
        width: int,
        *,
        dashed: bool = False,
    ) -> None:
        """Draw the frame of a square around its edge."""
        column, row = place_of(key)
        top, left = (row - self.y) * self.side - width // 2, ((column - self.x) % (1 << self.zoom)) * self.side
        left -= width // 2
        long = size * self.side + width
        _frame(pixels, (top, left, long, long), width, ink, dash=_DASH * max(width, 2) if dashed else 0)


def _frame(
    pixels: NDArray[np.uint8],
    box: tuple[int, int, int, int],
    width: int,
    ink: tuple[int, int, int, int],
    dash: int = 0,
) -> None:
    """Draw the frame of a box (top, left, height, width), as far as it lies in the picture; `dash` breaks it."""
    top, left, tall, wide = box
    high, across = pixels.shape[:2]
    sides = [
        (range(top, top + width), range(left, left + wide)),
        (range(top + tall - width, top + tall), range(left, left + wide)),
        (range(top, top + tall), range(left, left + width)),
        (range(top, top + tall), range(left + wide - width, left + wide)),
    ]
    for down, along in sides:
        rows = np.arange(max(down.start, 0), max(min(down.stop, high), 0))
        columns = np.arange(max(along.start, 0), max(min(along.stop, across), 0))
        if dash:
            rows = rows[(rows - top) // dash % 2 == 0] if len(down) > len(along) else rows
            columns = columns[(columns - left) // dash % 2 == 0] if len(along) > len(down) else columns
        pixels[rows[:, None], columns] = ink


def _inks_for(background: tuple[int, int, int] | None) -> _Inks:
    if background is None:
        return _ON_ANY
    return _ON_DARK if sum(background) < 3 * 128 else _ON_LIGHT


def _scale(text: str) -> ToneScale:
    scale = parse_tone_scale(text)
    if scale.local is not None:
        raise BadOption(f"--tone={text} ranks heat among that nearby, and blocks are few: take log, linear or 1:20")
    return scale


def _legend(tone: Tone, colours: NDArray[np.uint8], paint: Paint, window: Window) -> NDArray[np.uint8]:
    from heatlas.style.legend import draw_legend, fitting_scale
    from heatlas.style.ticks import nice_ticks

    ground = paint.background
    line = "black" if ground and sum(ground) >= 3 * 128 else "white"
    return draw_legend(
        colours,
        nice_ticks(tone.low, tone.high, tone.above_fade, measure_unit(_MEASURE)),
        "Activities",
        f"blue frame: square, broken: the next one; {line} line: cluster, hollow: missing",
        dark=None if ground is None else sum(ground) < 3 * 128,
        scale=fitting_scale(window.width, window.height),
    )
