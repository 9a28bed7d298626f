"""Small multiples: one picture for each month, year, sport, weekday or gear, side by side in one tone."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from heatlas.core.context import NOBODY, Context
from heatlas.core.errors import BadOption, NothingToDraw, TooLarge
from heatlas.core.frozen import frozen
from heatlas.core.resources import free_memory
from heatlas.core.window import Window
from heatlas.dataset.selection import drawn_places, extent_of, refuse_unshown, threshold_of, why_nowhere
from heatlas.dataset.shown_tracks import why_nothing
from heatlas.gazetteer.naming import place_of, with_place
from heatlas.raster.draw_passages import model_of
from heatlas.raster.grid import Grid
from heatlas.raster.left_out import few_values, left_out_of_tracks, share_shown
from heatlas.raster.pipeline import heat
from heatlas.raster.threshold import nowhere_enough
from heatlas.rendering.facet_parts import FACETS, Part, counted_or_none, split
from heatlas.style.colour import Style, colour
from heatlas.style.cover import Cover, cells_of
from heatlas.style.decorations import DecoratedPixels, Decorations, arrange
from heatlas.style.defaults import measure_unit, suiting_colours, suiting_tone_scale, titled, written_per_value
from heatlas.style.sample import Sample, weighed
from heatlas.style.sheet import Cell, cell_width, columns_for, lay_out
from heatlas.style.square import square_report
from heatlas.style.tone import fit_sample

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from heatlas.dataset.tracks import Tracks
    from heatlas.options import RenderOptions
    from heatlas.rendering.track_job import TrackJob
    from heatlas.style.sheet import Sheet

__all__ = ["FacetJob", "check_facet"]

_WIDTH = 2000
"""Default width of a sheet, pixels."""
_NARROWEST = 48
"""Least width of one picture, pixels."""
_ENDINGS = (".png", ".webp")


def check_facet(output: Path, options: RenderOptions) -> None:
    """Refuse a sheet in a format that says where each of its pixels lies, or holds values.

    Raises
    ------
    BadOption
        With what to do instead.
    """
    if options.picture.facet not in FACETS:
        raise BadOption(f"--facet {options.picture.facet!r} is none of {', '.join(FACETS)}")
    if output.suffix.lower() not in _ENDINGS:
        raise BadOption(f"--facet puts pictures side by side in a {' or '.join(_ENDINGS)}, not in a {output.suffix}")


@frozen
class _Panel:
    """One picture before it is coloured."""

    part: Part
    smoothed: Grid
    on_path: NDArray[np.bool_]
    """(height, width) pixels that held anything before smoothing."""
    total: float


@frozen
class FacetJob:
    """A sheet of pictures with checked options."""

    job: TrackJob
    """How each of them is drawn."""
    by: str
    """A word of FACETS."""

    def run(self, tracks: Tracks, context: Context = NOBODY) -> dict[str, Any]:
        """Filter, hide, split, count, paint and write; return the report as plain data.

        Raises
        ------
        NothingToDraw
            When nothing is left, or nothing lies in the window.
        """
        job, started = self.job, time.perf_counter()
        whole = job.choice.filtered(tracks)
        tracks = job.choice.hidden(whole).localised()
        if not tracks.batches:
            raise NothingToDraw(why_nothing(tracks.report))
        tracks.refuse_unknown(job.measure)
        tracks = tracks.timed_for(job.measure)
        threshold = threshold_of(job.limits, tracks.activities)
        places = tracks.places(threshold)
        refuse_unshown(places, threshold, tracks.activities)
        busiest = job.frame.choice == "busiest place"
        box = job.frame.bbox or (places[0].bbox if busiest else extent_of(tracks, places, threshold))
        parts, left_out = split(tracks, self.by, job.frame.window(box))
        if not parts:
            raise NothingToDraw(f"no activity in the window has a {self.by}: {' and '.join(left_out) or 'none'}")
        sheet, window = self._sheet(box, len(parts))
        model = model_of(tracks.batches, job.measure)
        unsuited = left_out_of_tracks(job.measure, tracks.batches)
        panels = []
        for number, part in enumerate(parts):
            context.progress("tracing", number, len(parts))
            drawn = heat(part.batches, window, job.measure, job.smoothing, Context(context.workers), model, threshold)
            panels.append(_Panel(part, drawn.smoothed, drawn.bare.filled, drawn.total))
        if not any(panel.on_path.any() for panel in panels):
            enough = why_nowhere(job.measure, places, unsuited)
            raise NothingToDraw(nowhere_enough(threshold, tracks.activities) if threshold.people else enough)
        done = time.perf_counter()
        note = _no_note if threshold.people else _note  # a count would be of more than is shown
        finished = self._write(panels, sheet, window, context, note)
        unit = measure_unit(job.measure)
        return {
            **tracks.data(),
            "places": drawn_places(places, window),
            "choice": job.frame.choice,
            "window": window.data(),
            "measure": str(job.measure),
            "unit": unit.label or unit.symbol,
            **{name: value for name, value in finished.items() if name != "warnings"},
            **({} if model is None else {"model": str(model)}),
            "total": sum(panel.total for panel in panels),
            "facets": [{"title": p.part.title, "activities": p.part.seen, "total": p.total} for p in panels],
            "warnings": [*left_out, *finished["warnings"], *unsuited, *threshold.words(span=job.choice.spans)],
            **job.choice.open_places(whole, tracks),
            "seconds": {**tracks.report.seconds, "draw": done - started, "write": time.perf_counter() - done},
        }

    def _sheet(self, box: tuple[float, float, float, float], count: int) -> tuple[Sheet, Window]:
        """Lay out the sheet, and make the window of each picture."""
        frame = self.job.frame
        window = frame.window(box)
        columns = columns_for(count, window.width / window.height)
        if frame.zoom is None and frame.resolution is None:
            wide = cell_width(frame.width or _WIDTH, columns)
            if wide < _NARROWEST:
                raise BadOption(f"--width={frame.width} is too narrow for {columns} pictures side by side: take more")
            window = replace(frame, width=wide).window(box)
        need = count * window.width * window.height * self.job.measure.bytes_per_pixel
        free = free_memory()
        if need > 0.5 * free:
            raise TooLarge(
                f"{count} pictures of {window.width} x {window.height} px need {need / 2**30:.1f} GB of memory and "
                f"{free / 2**30:.1f} GB are free: take less --width, or a coarser --resolution"
            )
        sheet = lay_out(count, columns, window.width, window.height)
        self.job.finish.check(Window(window.scale, window.x, window.y, sheet.total_width, sheet.body))
        return sheet, window

    def _write(
        self, panels: Sequence[_Panel], sheet: Sheet, window: Window, context: Context, note: Callable[[_Panel], str]
    ) -> dict[str, Any]:
        """Fit one tone, colour all pictures and write the sheet."""
        from heatlas.writers.plain import write_plain

        finish, measure = self.job.finish, self.job.measure
        context.progress("colouring", 0, 0)
        sample = _sample(panels)
        field = replace(panels[0].smoothed, signed=sample.signed)
        style = Style(
            suiting_colours(field, finish.background) if finish.colours is None else finish.colours,
            finish.scale or suiting_tone_scale(field),
            finish.background,
        )
        tone = fit_sample(style.scale, sample)
        bar = Decorations(scale_bar=finish.scale_bar, ground=finish.background)
        cover = Cover.of([cells_of(panels[0].smoothed.filled)])
        cells = []
        for k, panel in enumerate(panels):
            picture = colour(panel.smoothed, tone, style.colours, finish.background)
            rows = DecoratedPixels(picture, arrange(window, bar, None, cover=cover) if k == 0 else ()).rows(
                0, window.height
            )
            cells.append(Cell(panel.part.title, note(panel), rows.rgba))
        title = with_place(finish.title, window.bbox)
        across = replace(window, width=sheet.total_width, height=sheet.body)
        pixels = sheet.paint(
            cells,
            finish.background,
            title=title,
            subtitle=titled(measure) if title and not finish.legend else "",
            attribution=finish.attribution,
            legend=finish.legend_for(tone, style, measure, across) if finish.legend else None,
        )
        context.progress("writing", 0, 0)
        write_plain(finish.output, pixels, title=title or titled(measure), attribution=finish.attribution)
        unit = measure_unit(measure)
        return {
            "warnings": few_values(measure, sample.share),
            **square_report(measure, tone.fitted),
            "range": [tone.low * written_per_value(unit), tone.high * written_per_value(unit)],
            "range_text": [unit.format(tone.low), unit.format(tone.high)],
            "picture": {"width": pixels.shape[1], "height": pixels.shape[0], "columns": sheet.columns},
            "place": place_of(window.bbox),
            "outputs": [str(finish.output)],
        }


def _note(panel: _Panel) -> str:
    """Small print beside the title of a picture."""
    return "not recorded" if panel.part.seen and not panel.on_path.any() else counted_or_none(panel.part.seen)


def _no_note(_: _Panel) -> str:
    return ""


def _sample(panels: Sequence[_Panel]) -> Sample:
    """Values of all pictures, to which one tone is fitted."""
    grids = [panel.smoothed for panel in panels]
    first, fitted = grids[0], None
    if first.layout.fit is not None:
        planes = {
            name: np.concatenate([p.smoothed.planes[name][p.on_path] for p in panels])[None] for name in first.planes
        }
        pixels = Grid(Window(256.0, 0, 0, len(planes["n"][0]), 1), first.measure, planes)
        fitted = pixels.fit()
        values = replace(pixels, fitted=fitted).values.ravel()
    else:
        values = np.concatenate([p.smoothed.values[p.on_path] for p in panels])
    share, known = share_shown([values]), np.isfinite(values)
    places = np.concatenate([np.flatnonzero(panel.on_path) for panel in panels])
    signed = any(grid.signed for grid in grids)
    return weighed(
        Sample(
            values[known], first.measure, first.sums, signed, fitted=fitted, share=share, places=places[known],
            window=first.window,
        )
    )  # fmt: skip
