"""Draw windows that are too large for memory in bands of rows, which a temporary file stores until they are painted.

A band with its halo is an ordinary window. Windows of one lattice agree to the last bit, so the result does not depend
on the height of the bands. Only the tone needs the whole heat. It is fitted to a sample that depends on which pixels
have values, not on how they were drawn.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from heatlas.core.context import NOBODY, Context
from heatlas.core.errors import HeatlasError
from heatlas.core.frozen import frozen
from heatlas.core.window import Window
from heatlas.raster.grid import Grid
from heatlas.style.colour import Style, colour, palette
from heatlas.style.cover import Cover, cells_of
from heatlas.style.sample import Sample, weighed
from heatlas.style.tone import fit_sample

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from heatlas.raster.measure import Measure
    from heatlas.raster.pipeline import Drawn
    from heatlas.style.image import Picture
    from heatlas.style.tone import Tone

__all__ = ["BLOCK", "MOST_VALUES", "BandedHeat", "BandedPicture", "as_one_band", "draw_in_bands"]

BLOCK = 64
"""Rows that are stored, read and painted together."""
MOST_VALUES = 1 << 23
"""Most values to which a tone is fitted; where there are more, a half, a quarter ... of the pixels are sampled."""
_SPREAD = np.uint64(0x9E3779B97F4A7C15)
"""2**64 over the golden ratio: its multiples by any run of numbers fill the range evenly."""


@frozen
class BandedHeat:
    """A smoothed measure over a window, read by rows; it need not be in memory as a whole."""

    window: Window
    sample: Sample
    """Values to which a tone is fitted."""
    total: float
    """Total, as `heatlas.raster.pipeline.Drawn.total`."""
    seconds: dict[str, float]
    """Stage -> seconds it took."""
    rows: Callable[[int, int], Grid]
    """Gives the shown rows `first` to `last`; cheapest from the top downwards."""
    cover: Cover | None = None
    """Where it holds anything; None: unknown."""

    @property
    def measure(self) -> Measure:
        """Measure of the values."""
        return self.sample.measure

    @property
    def signed(self) -> bool:
        """Whether some sums are below 0 and large enough to matter."""
        return self.sample.signed

    @property
    def filled(self) -> bool:
        """Whether any pixel has a value."""
        return bool(len(self.sample.values))

    def row_sums(self) -> NDArray[np.float64]:
        """(height,) sum of the shown values of each row."""
        height = self.window.height
        parts = [
            self.rows(top, min(top + BLOCK, height)).total.sum(axis=1, dtype=np.float64)
            for top in range(0, height, BLOCK)
        ]
        return np.concatenate(parts)

    def values(self, first: int, last: int) -> NDArray[np.float32]:
        """(last - first, width) values of the measure, NaN where there are none."""
        return self.rows(first, last).values

    def painted(self, style: Style) -> tuple[BandedPicture, Tone]:
        """Fit a tone, and return the picture that paints rows with it."""
        tone = fit_sample(style.scale, self.sample)
        return BandedPicture(self, tone, style), tone


@frozen
class BandedPicture:
    """A banded heat in colour, painted when its rows are read (see `heatlas.style.image.Pixels`)."""

    field: BandedHeat
    tone: Tone
    style: Style

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.field.window.height, self.field.window.width

    @property
    def palette(self) -> NDArray[np.uint8] | None:
        """(256, 4) RGBA for counts and sums; None for means."""
        if not self.field.sample.sums:
            return None
        return palette(self.style.colours, self.tone, self.style.background)

    @property
    def opaque(self) -> bool:
        """Whether it was painted on a background."""
        return self.style.background is not None

    def rows(self, first: int, last: int) -> Picture:
        """Paint rows `first` to `last`."""
        return colour(self.field.rows(first, last), self.tone, self.style.colours, self.style.background)


def as_one_band(heat: Drawn) -> BandedHeat:
    """Wrap a heat that is in memory."""
    smoothed, bare, values = heat.smoothed, heat.bare, _Values(heat.smoothed.window)
    for top in range(0, smoothed.window.height, BLOCK):
        values.add(smoothed.rows(top, top + BLOCK), bare.rows(top, top + BLOCK), top)
    sample = values.sample(smoothed)
    return BandedHeat(
        smoothed.window,
        sample,
        heat.total,
        dict(heat.seconds),
        _fitted(smoothed.rows, sample),
        Cover.of(values.cells),
    )


@contextmanager
def draw_in_bands(
    make: Callable[[Window, Context], Drawn], window: Window, height: int, context: Context = NOBODY
) -> Iterator[BandedHeat]:
    """Draw a window, at once or in bands of rows.

    Parameters
    ----------
    make : callable
        Draws a window: `heatlas.raster.pipeline.heat` or `point_heat` with all other arguments given.
    window : Window
        Window to draw.
    height : int
        Rows of a band (see `heatlas.core.memory.check_memory`), rounded to whole blocks. It changes no value.
    context : Context
        Its progress gets the stages of one window, or the rows drawn and their total.

    Yields
    ------
    BandedHeat
        Valid as long as the context lasts. Bands lie in an unnamed temporary file, which vanishes with the process.

    Raises
    ------
    HeatlasError
        When the disk has no room for that file.
    """
    if height >= window.height:
        yield as_one_band(make(window, context))
        return
    height = max(BLOCK, height // BLOCK * BLOCK)
    values, seconds, total = _Values(window), dict[str, float](), 0.0
    told, alone = context.counting("drawing"), Context(context.workers)
    import tempfile

    with tempfile.TemporaryFile() as file:
        stored = _BandFile(window, file)
        for top in range(0, window.height, height):
            told(top, window.height)
            band = replace(window, y=window.y + top, height=min(height, window.height - top))
            heat = make(band, alone)
            total += heat.total
            for name, took in heat.seconds.items():
                seconds[name] = seconds.get(name, 0.0) + took
            for row in range(0, band.height, BLOCK):
                shown = heat.smoothed.rows(row, row + BLOCK)
                values.add(shown, heat.bare.rows(row, row + BLOCK), top + row)
                stored.append(shown)
            smoothed = heat.smoothed
            del heat
        told(window.height, window.height)
        sample = values.sample(smoothed)
        yield BandedHeat(window, sample, total, seconds, _fitted(stored.rows, sample), Cover.of(values.cells))


def _fitted(rows: Callable[[int, int], Grid], sample: Sample) -> Callable[[int, int], Grid]:
    """Rows whose values are made with what holds of the whole map."""
    if sample.fitted is None:
        return rows
    return lambda first, last: replace(rows(first, last), fitted=sample.fitted)


class _Values:
    """Collects values on paths: all of them, or those of an evenly spread share of the pixels.

    Each pixel has a number that depends on its place in the window, and is sampled if the number lies below a limit.
    The limit is halved whenever there are too many values, so that in the end it depends only on their number.
    """

    def __init__(self, window: Window) -> None:
        self.window = window
        self.limit = 1 << 32
        self.count = 0
        self.on_paths = 0
        """Pixels that hold anything."""
        self.parts: list[tuple[NDArray[np.integer[Any]], NDArray[np.float32]]] = []
        """Places in the window, row by row, and their values."""
        self.cells: list[NDArray[np.bool_]] = []
        """Cells of each part that hold anything."""

    def add(self, shown: Grid, bare: Grid, top: int) -> None:
        """Add the values of rows that begin at row `top` of the window."""
        self.cells.append(cells_of(shown.filled))
        on_path = np.flatnonzero(bare.filled)
        if not len(on_path):
            return
        self.on_paths += len(on_path)
        if shown.layout.fit is None:
            some = {name: plane.ravel()[None, on_path] for name, plane in shown.planes.items()}
            row = replace(shown, window=replace(shown.window, width=len(on_path), height=1), planes=some)
            values = row.values.ravel()  # of these pixels alone: most of a map is empty
            finite = np.isfinite(values)
        else:  # values are made when all are there
            values = np.stack([plane.ravel()[on_path] for plane in shown.planes.values()], axis=1).astype(np.float32)
            finite = np.ones(len(on_path), np.bool_)
        small = self.window.width * self.window.height <= np.iinfo(np.uint32).max
        places = on_path[finite] + top * self.window.width
        self._keep(places.astype(np.uint32) if small else places, values[finite])
        while self.count > MOST_VALUES:
            self.limit //= 2
            kept, self.parts, self.count = self.parts, [], 0
            for part in kept:
                self._keep(*part)

    def _keep(self, places: NDArray[np.integer[Any]], values: NDArray[np.float32]) -> None:
        if self.limit < 1 << 32:
            below = places.astype(np.uint64) * _SPREAD >> np.uint64(32) < self.limit
            places, values = places[below], values[below]
        self.parts.append((places, values))
        self.count += len(values)

    def sample(self, grid: Grid) -> Sample:
        """Make the sample; `grid` has the measure and the type of the collected values."""
        if grid.layout.fit is None:
            found = np.concatenate([part for _, part in self.parts] or [np.zeros(0, np.float32)])
            places = np.concatenate([part for part, _ in self.parts] or [np.zeros(0, np.int64)])
            # No share is taken of so many values that not all were collected: it would be a guess.
            share = len(found) / max(self.on_paths, 1) if self.limit == 1 << 32 else 1.0
            return weighed(
                Sample(found, grid.measure, grid.sums, grid.signed, share=share, places=places, window=self.window)
            )
        rows = np.concatenate([part for _, part in self.parts] or [np.zeros((0, len(grid.planes)), np.float32)])
        planes = {name: np.ascontiguousarray(rows[None, :, k]) for k, name in enumerate(grid.planes)}
        pixels = Grid(Window(256.0, 0, 0, len(rows), 1), grid.measure, planes)
        fitted = pixels.fit()
        found = replace(pixels, fitted=fitted).values.ravel()
        known = found[np.isfinite(found)]
        share = len(known) / max(len(found), 1)
        return Sample(known, grid.measure, grid.sums, grid.signed, fitted=fitted, share=share)


class _BandFile:
    """Rows of a grid in a file: for each block a bit mask of the pixels that are not 0, and their values."""

    def __init__(self, window: Window, file: IO[bytes]) -> None:
        self._window = window
        self._file = file
        self._places: list[int] = []
        self._likes: list[Grid] = []
        """For each block a grid without rows that has all else: dtypes of counts may differ between bands."""
        self._last: tuple[int, Grid] | None = None
        """Number and rows of the block that was read last."""

    def append(self, grid: Grid) -> None:
        """Store the next block of rows; only the last one may have fewer than BLOCK."""
        self._likes.append(grid.map(lambda plane: plane[:0].copy(), replace(grid.window, height=0)))
        try:
            self._places.append(self._file.tell())
            for plane in grid.planes.values():
                filled = plane != 0
                self._file.write(np.packbits(filled).tobytes())
                self._file.write(plane[filled].tobytes())
        except OSError as error:
            import tempfile

            raise HeatlasError(
                f"no room to keep what is drawn in {tempfile.gettempdir()} ({error.strerror or error}): "
                "free some, or let TMPDIR name another folder"
            ) from error

    def rows(self, first: int, last: int) -> Grid:
        """Read rows `first` to `last`."""
        blocks = [
            self._block(k).rows(max(first - k * BLOCK, 0), last - k * BLOCK)
            for k in range(first // BLOCK, -(-last // BLOCK))
        ]
        if len(blocks) == 1:
            return blocks[0]
        window = replace(blocks[0].window, height=last - first)
        planes = {name: np.concatenate([block.planes[name] for block in blocks]) for name in blocks[0].planes}
        return replace(blocks[0], window=window, planes=planes)

    def _block(self, k: int) -> Grid:
        if self._last is not None and self._last[0] == k:
            return self._last[1]
        height = min(BLOCK, self._window.height - k * BLOCK)
        shape, size = (height, self._window.width), height * self._window.width
        self._file.seek(self._places[k])
        planes: dict[str, NDArray[Any]] = {}
        for name, like in self._likes[k].planes.items():
            bits = np.frombuffer(self._file.read(-(-size // 8)), np.uint8)
            filled = np.unpackbits(bits, count=size).view(np.bool_).reshape(shape)
            plane = np.zeros(shape, like.dtype)
            many = int(np.count_nonzero(filled))
            plane[filled] = np.frombuffer(self._file.read(many * like.dtype.itemsize), like.dtype)
            planes[name] = plane
        window = replace(self._window, y=self._window.y + k * BLOCK, height=height)
        grid = replace(self._likes[k], window=window, planes=planes)
        self._last = k, grid
        return grid
