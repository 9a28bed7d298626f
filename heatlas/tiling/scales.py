"""The scale of a map: one tone for a zoom, a measure, a filter and a smoothing, over all of the library."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from heatlas.finish import measure_unit, suiting_colours, suiting_scale, written_per_value
from heatlas.grid import Grid
from heatlas.smooth import halo
from heatlas.ticks import nice_ticks
from heatlas.tiling.census import busiest
from heatlas.tiling.fields import SIDE, bare, drawn_zoom, smoothed
from heatlas.tiling.view import census_of
from heatlas.tone import fit
from heatlas.units import Unit, legend_title
from heatlas.window import Window

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from heatlas.grid import Measure
    from heatlas.tiling.fields import Field
    from heatlas.tone import Scale, Tone

__all__ = ["colours_of", "hex_colours", "scale_data", "title_of", "tone_of", "unit_text"]

_TILES = 16
"""Tiles that a tone is fitted to."""
_ENOUGH = 256
"""Pixels on paths below which the edges of the tiles are looked at too."""
_INNER = 128
"""Pixels of a tile that must be left when its edges are not looked at."""
_COLOURS = 32


def tone_of(field: Field, zoom: int) -> Tone | None:
    """Fit the tone of a zoom; None where there is nothing to see.

    It is what `heatlas.tone.fit` makes of the smoothed pixels on paths in at most 16 tiles of the zoom from which this
    one is drawn: all tiles where there are no more, else those of `heatlas.tiling.census.busiest`, a sample in
    proportion to passages that always has the busiest tile. What is smoothed near their edges is left out,
    unless hardly anything else is there: so each tile is decoded alone, and the tone costs no more than
    the tiles of a screen. It depends on the library, the zoom, the measure, the filter and the smoothing, never on what
    part of the map is looked at. A fixed range is taken as it is.
    """
    look = field.look
    drawn = drawn_zoom(zoom, look.smoothing, field.snapshot)
    key = (field.snapshot.version, field.chosen.key, str(look.measure), look.smoothing, drawn, look.tone)
    return field.view.tones.get(key, lambda: _fitted(field, drawn))


def _fitted(field: Field, zoom: int) -> Tone | None:
    scale = field.look.tone or suiting_scale(_pixels(field.look.measure, np.ones(1), np.ones(1), None))
    if not field.chosen.count:
        return None
    if scale.range is not None:
        ones = np.ones(1)
        return _fit(scale, _pixels(field.look.measure, ones, ones if field.look.measure.metric else None, None))
    tiles = busiest(census_of(field.view, field.snapshot, zoom), field.chosen.keep, _TILES)
    windows = [Window(SIDE * 2.0**zoom, x * SIDE, y * SIDE, SIDE, SIDE) for x, y in tiles]
    margin = max((halo(field.look.smoothing, window) for window in windows), default=0)
    sample = None
    if SIDE - 2 * margin >= _INNER:
        sample = _sample(field, [window.grown(-margin) for window in windows])
    if sample is None or sample.total.size < _ENOUGH:
        sample = _sample(field, windows)
    return None if sample is None else _fit(scale, sample)


def _fit(scale: Scale, sample: Grid) -> Tone:
    return fit(scale, sample, _pixels(sample.measure, np.ones(sample.total.size), None, None))


def _sample(field: Field, windows: list[Window]) -> Grid | None:
    """Smoothed pixels on paths of some windows, as one row."""
    planes: dict[str, list[NDArray[Any]]] = {"total": [], "count": [], "square": []}
    for window in windows:
        counted = bare(field, window)
        shown = None if counted is None else smoothed(field, window)
        if counted is None or shown is None:
            continue
        on_path = counted.filled
        for name, parts in planes.items():
            plane = getattr(shown, name)
            if plane is not None:
                parts.append(plane[on_path])
    total, count, square = (np.concatenate(parts) if parts else None for parts in planes.values())
    if total is None or not np.isfinite(_pixels(field.look.measure, total, count, square).values).any():
        return None
    return _pixels(field.look.measure, total, count, square)


def _pixels(measure: Measure, total: NDArray[Any], count: NDArray[Any] | None, square: NDArray[Any] | None) -> Grid:
    """Pixels from anywhere, as a grid of one row."""
    planes = [None if plane is None else plane.reshape(1, -1) for plane in (total, count, square)]
    return Grid(Window(float(SIDE), 0, 0, total.size, 1), measure, *planes)  # type: ignore[arg-type]


def colours_of(field: Field) -> NDArray[np.uint8]:
    """(256, 4) RGBA that were asked for, or that suit the measure on a transparent ground."""
    asked = field.look.colours
    if asked is not None:
        return asked
    return suiting_colours(_pixels(field.look.measure, np.ones(1), None, None), None)


def scale_data(field: Field, zoom: int) -> dict[str, Any]:
    """The scale of a zoom as plain data; `low` and `high` in the unit that is shown, None where there is nothing."""
    tone, measure = tone_of(field, zoom), field.look.measure
    unit, colours = measure_unit(measure), colours_of(field)
    steps = np.rint(np.linspace(0, 255, _COLOURS)).astype(int)
    ticks = [] if tone is None else nice_ticks(tone.low, tone.high, tone.above_fade, unit)
    return {
        "low": None if tone is None else tone.low * written_per_value(unit),
        "high": None if tone is None else tone.high * written_per_value(unit),
        "low_text": "" if tone is None else unit.format(tone.low),
        "high_text": "" if tone is None else unit.format(tone.high),
        "unit": unit_text(measure),
        "title": title_of(measure),
        "ticks": [[place, words] for place, words in ticks],
        "colors": hex_colours(colours[steps]),
        "activities": field.chosen.count,
    }


def title_of(measure: Measure) -> str:
    """Name a measure, without its unit."""
    return legend_title(str(measure), Unit())


def unit_text(measure: Measure) -> str:
    """Unit to write behind the title; empty where the title or the numbers say it."""
    label = measure_unit(measure).label
    return "" if label.lower() == title_of(measure).lower() else label


def hex_colours(colours: NDArray[np.uint8]) -> list[str]:
    """Write (n, 4) RGBA as #rrggbb."""
    return [f"#{red:02x}{green:02x}{blue:02x}" for red, green, blue in colours[:, :3].tolist()]
