"""The scale of a map: one tone for a zoom, a measure, a filter and a smoothing, over the whole library."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from heatlas.core.errors import BadOption
from heatlas.core.once import made_once
from heatlas.core.window import Window
from heatlas.raster.grid import Grid
from heatlas.raster.left_out import share_shown
from heatlas.style.defaults import (
    legend_head,
    measure_title,
    measure_unit,
    suiting_colours,
    suiting_tone_scale,
    written_per_value,
)
from heatlas.style.legend_kinds import Legend, legend_for
from heatlas.style.local_tone import Surroundings, cells_zoom
from heatlas.style.square import square_map
from heatlas.style.tone import LOCAL, ToneScale, fit
from heatlas.tiles.busy_tiles import busy_tiles, tiles_of
from heatlas.tiles.fields import SIDE, as_drawn, bare, index_in, margins, signs_matter_in, smoothed
from heatlas.tiles.in_view import window_of
from heatlas.tiles.point_sample import felt
from heatlas.tiles.shown_totals import activities_shown
from heatlas.tiles.view import Fitting

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from heatlas.core.units import Unit
    from heatlas.raster.measure import Measure
    from heatlas.raster.reductions import NamedPlanes
    from heatlas.style.tone import Tone
    from heatlas.tiles.fields import Field
    from heatlas.tiles.in_view import Box

__all__ = [
    "INNER", "colours_of", "field_title", "fitted_to", "fitting_key", "hex_colours", "point_title", "sample_of",
    "scale_data", "share_of", "title_of", "tone_data", "tone_of", "unit_text",
]  # fmt: skip

_TILES = 16
"""Tiles that a tone is fitted to, at most."""
_MORE = 128, 4096
_ENOUGH = 256
"""Pixels on paths below which the edges of the tiles are sampled too."""
INNER = 128
"""Pixels across a tile that must be left when its edges are not sampled."""
_COLOURS = 32


def tone_of(field: Field, zoom: int) -> Tone | None:
    """Fit the tone of a zoom; None if there is nothing to see.

    `heatlas.style.tone.fit` is applied to smoothed pixels on paths, in at most 16 tiles of the zoom from which this one
    is drawn. If there are more, `heatlas.tiles.tile_counts.busiest` samples them in proportion to passages; the busiest
    tile is always among them. Pixels near tile edges are left out unless there are hardly any others. Each tile is then
    decoded alone, and the tone costs no more than the tiles of a screen. The tone depends on the library, the zoom, the
    measure, the filter and the smoothing, never on the part of the map that is shown. A fixed range is used as given,
    and where values are made with what holds of all pixels, that is found in the same sample. Of a local tone this is
    what holds everywhere; `heatlas.tiles.surroundings.tone_for` knows the surroundings of a tile.
    For points see `heatlas.tiles.point_sample`.
    """
    return _fitting_of(field, zoom).tone


def fitted_to(field: Field, zoom: int, box: Box) -> Tone | None:
    """Fit a tone to the pixels on paths that lie in a box; None if there are none.

    The curve is that of the field's tone, where it can have a fixed range: then the numbers of the result say all of
    it, and other maps can be drawn with them.

    Parameters
    ----------
    field : Field
        What is drawn; a range that its tone has is not used.
    zoom : int
        Zoom of 256 px tiles.
    box : (float, float, float, float)
        West, south, east, north, degrees.
    """
    field, drawn = as_drawn(field, zoom)
    usual = suiting_tone_scale(_one(field))
    curve = field.look.tone.curve if field.look.tone is not None else usual.curve
    sample = (
        _sample(field, _blocks(field, window_of(box, drawn), drawn))
        if field.look.point_set or field.chosen.count
        else None
    )
    if sample is None:
        return None
    ranged = curve if curve != "rank" else "linear" if usual.curve == "rank" else usual.curve
    return _fit(ToneScale(ranged), sample)


def _blocks(field: Field, window: Window, zoom: int) -> list[Window]:
    """Parts of a window, one for each tile that it touches and that holds anything."""
    tiles, across = set(tiles_of(field, zoom)), 1 << zoom
    found = []
    for y in range(max(window.y // SIDE, 0), min((window.y + window.height - 1) // SIDE, across - 1) + 1):
        for x in range(window.x // SIDE, (window.x + window.width - 1) // SIDE + 1):
            if (x % across, y) in tiles:
                left, top = max(x * SIDE, window.x), max(y * SIDE, window.y)
                right = min((x + 1) * SIDE, window.x + window.width)
                bottom = min((y + 1) * SIDE, window.y + window.height)
                found.append(Window(window.scale, left, top, right - left, bottom - top))
    return found


def share_of(field: Field, zoom: int) -> float:
    """Share of the pixels on paths that have a value, in the sample that the tone of a zoom of tracks is fitted to.

    1 where any pixel on a path has one.
    """
    return _fitting_of(field, zoom).share


def fitting_key(field: Field, zoom: int) -> tuple[Any, ...]:
    """All that the tone of a zoom follows from; the version of the library comes first."""
    field, drawn = as_drawn(field, zoom)
    look = field.look
    of = (look.point_set, look.kernel, look.during) if look.point_set else (field.chosen.key, look.smoothing)
    return (field.snapshot.version, *of, field.model, look.measure.key, drawn, look.tone)


def _fitting_of(field: Field, zoom: int) -> Fitting:
    key = fitting_key(field, zoom)
    return field.view.tones.get(key, lambda: _fitted(*as_drawn(field, zoom)))


@made_once()
def _fitted(field: Field, zoom: int) -> Fitting:
    scale = field.look.tone or suiting_tone_scale(_one(field))
    if scale.local is None:
        return _fitted_everywhere(field, zoom, scale)
    if signs_matter_in(field):
        raise BadOption(
            f"a local tone needs values above 0, and {field.look.point_set} has others: take linear or rank"
        )
    fitting = _fitted_everywhere(field, zoom, replace(scale, local=None))
    if fitting.tone is None:
        return fitting
    cells = cells_zoom(scale.local, Window(SIDE * 2.0**zoom, 0, 0, SIDE, SIDE), tiles=True)
    return replace(fitting, tone=replace(fitting.tone, local=Surroundings.unknown(cells)))


def _fitted_everywhere(field: Field, zoom: int, scale: ToneScale) -> Fitting:
    if not (field.chosen.count or field.look.point_set):
        return Fitting(None)
    layout = field.look.measure.layout
    if scale.range is not None and layout.fit is None and not layout.sparse:
        return Fitting(_fit(scale, _one(field)))
    if field.look.point_set:
        read = felt(field, zoom)
        return Fitting(None if read is None else _fit(scale, _pixels(field, read)))
    sample = _sample_of(field, zoom)
    if sample is None:
        return Fitting(None, 0.0)
    sample = replace(sample, fitted=sample.fit())
    return Fitting(fit(scale, sample, None), share_shown([sample.values]) if layout.sparse else 1.0)


def sample_of(field: Field, zoom: int) -> Grid | None:
    """Smoothed pixels on paths that the tone of a zoom of tracks is fitted to, as one row; None if there are none."""
    return _sample_of(*as_drawn(field, zoom))


def _sample_of(field: Field, zoom: int) -> Grid | None:
    sample = _sample_among(field, zoom, _TILES)
    # The busiest tiles may hold no pixel that enough people passed.
    for most in _MORE if field.snapshot.threshold.people or field.counted is not None else ():
        sample = sample or _sample_among(field, zoom, most)
    return sample


def _sample_among(field: Field, zoom: int, most: int) -> Grid | None:
    tiles = busy_tiles(field, zoom, most)
    windows = [Window(SIDE * 2.0**zoom, x * SIDE, y * SIDE, SIDE, SIDE) for x, y in tiles]
    margin = max((max(margins(field, window)) for window in windows), default=0)
    sample = None
    if SIDE - 2 * margin >= INNER:
        sample = _sample(field, [window.grown(-margin) for window in windows])
    if sample is None or sample.window.width < _ENOUGH:
        sample = _sample(field, windows)
    return sample


def _fit(scale: ToneScale, sample: Grid) -> Tone:
    return fit(scale, replace(sample, fitted=sample.fit()), None)


def _sample(field: Field, windows: list[Window]) -> Grid | None:
    """Smoothed pixels on paths in some windows, as one row."""
    parts: dict[str, list[NDArray[Any]]] = {}
    for window in windows:
        counted = bare(field, window)
        shown = None if counted is None else smoothed(field, window)
        if counted is None or shown is None:
            continue
        on_path = counted.filled
        for name, plane in shown.planes.items():
            parts.setdefault(name, []).append(plane[on_path])
    if not parts:
        return None
    sample = _pixels(field, {name: np.concatenate(some) for name, some in parts.items()})
    return sample if np.isfinite(sample.values).any() else None


def _pixels(field: Field, planes: NamedPlanes) -> Grid:
    """Grid of one row from planes of shape (n,)."""
    rows = {name: plane.reshape(1, -1) for name, plane in planes.items()}
    width = max(plane.size for plane in rows.values())
    return Grid(Window(float(SIDE), 0, 0, width, 1), field.look.measure, rows, signs_matter_in(field))


def _one(field: Field) -> Grid:
    """Grid of one pixel, for defaults that depend on the measure alone."""
    return _pixels(field, dict.fromkeys(field.look.measure.layout.names, np.ones(1)))


def colours_of(field: Field) -> NDArray[np.uint8]:
    """(256, 4) RGBA that were requested; else the measure's default on a transparent ground."""
    asked = field.look.colours
    if asked is not None:
        return asked
    colours = suiting_colours(_one(field), None)
    return colours if not field.look.classes else square_map(field.look.measure, field.look.classes)


def scale_data(field: Field, zoom: int) -> dict[str, Any]:
    """Scale of a zoom as plain data; `low` and `high` in the displayed unit, None if there is nothing to see."""
    return tone_data(field, tone_of(field, zoom))


def tone_data(field: Field, tone: Tone | None) -> dict[str, Any]:
    """Scale of a tone as plain data, in the form of `scale_data`."""
    measure, colours = field.look.measure, colours_of(field)
    steps = np.rint(np.linspace(0, 255, _COLOURS)).astype(int)
    legend = Legend("bar", "", ()) if tone is None else legend_for(measure, tone)
    return {
        **_ends(measure, tone, legend),
        "title": field_title(field) if field.look.point_set else legend_head(measure),
        **legend.data(),
        "colors": hex_colours(colours[steps]),
        **_counted(field),
    }


def _ends(measure: Measure, tone: Tone | None, legend: Legend) -> dict[str, Any]:
    """Ends of a scale; those of a local tone are words, and its numbers are of the global tone that it follows from."""
    unit = measure_unit(measure)
    if tone is None:
        return {"low": None, "high": None, "low_text": "", "high_text": "", "unit": unit_text(measure), "curve": ""}
    low, high = (end * written_per_value(unit) for end in (tone.low, tone.high))
    if tone.local is not None:
        (_, less), (_, more) = legend.ticks
        return {"low": low, "high": high, "low_text": less, "high_text": more, "unit": "", "curve": LOCAL}
    return {
        "low": low, "high": high, "low_text": _end(unit, tone.low), "high_text": _end(unit, tone.high),
        "unit": unit_text(measure), "curve": tone.curve,
    }  # fmt: skip


def _end(unit: Unit, value: float) -> str:
    """Write an end of a scale; passes that smoothing has made 286.2 are 286."""
    return unit.format(round(value) if unit.whole and abs(value) >= 1 else value)


def _counted(field: Field) -> dict[str, int]:
    if not field.look.point_set:
        return {"activities": activities_shown(field)}
    return {"activities": 0, "points": index_in(field).points}


def field_title(field: Field) -> str:
    """Title of a field without its unit: the measure, and for points their set."""
    title = title_of(field.look.measure)
    return point_title(field.look.point_set, title) if field.look.point_set else title


def point_title(name: str, title: str) -> str:
    """Title of a measure of a point set: "Hospitals: sum of beds"."""
    words = name.replace("_", " ")
    return f"{words[:1].upper()}{words[1:]}: {title[:1].lower()}{title[1:]}"


def title_of(measure: Measure) -> str:
    """Title of a measure, without its unit."""
    return measure_title(measure)


def unit_text(measure: Measure) -> str:
    """Unit to write behind the title; empty where the title or the numbers state it."""
    label = measure_unit(measure).label
    return "" if label.lower() == title_of(measure).lower() else label


def hex_colours(colours: NDArray[np.uint8]) -> list[str]:
    """Write (n, 4) RGBA as #rrggbb."""
    return [f"#{red:02x}{green:02x}{blue:02x}" for red, green, blue in colours[:, :3].tolist()]
