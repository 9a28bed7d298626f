"""One drawing job: options that were checked before any work, and the way from tracks to written files."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from heatlas.colormaps import colormap
from heatlas.colour import parse_background
from heatlas.errors import BadOption, NothingToDraw
from heatlas.grid import Measure, parse_measure
from heatlas.options import parse_around, parse_bbox, parse_length, parse_smoothing, parse_zone
from heatlas.places import around as around_bbox
from heatlas.places import bbox_window, check_memory, extent
from heatlas.privacy import Privacy, owner_secret
from heatlas.rendering import Style, heat, paint
from heatlas.report import place_data
from heatlas.sinks import check, write
from heatlas.sinks.artwork import Artwork
from heatlas.smooth import halo
from heatlas.tone import Scale, parse_scale
from heatlas.tracks import Tracks, why_nothing
from heatlas.units import legend_title, unit_of
from heatlas.where import parse_date, parse_where

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from heatlas.places import Place
    from heatlas.rendering import Heat
    from heatlas.tone import Tone
    from heatlas.units import Unit
    from heatlas.window import Window

__all__ = ["Job"]

_COLORMAPS = {"pace": "pace", "grade": "balance", "elevation": "relief"}


@dataclass(frozen=True, slots=True)
class Job:
    """A drawing job whose options are sound."""

    output: Path
    measure: Measure
    style: Style
    colours: NDArray[np.uint8]
    privacy: Privacy
    sports: Collection[str]
    where: str | None
    after: str | None
    before: str | None
    bbox: tuple[float, float, float, float] | None
    """What to draw; None: all or the busiest place."""
    choice: str
    """How that was chosen, in words."""
    zoom: float | None
    resolution: float | None
    width: int | None
    legend: bool
    rgba: bool

    @classmethod
    def parse(
        cls,
        *,
        output: Path,
        measure: str,
        bbox: str | None,
        around: str | None,
        everything: bool,
        zoom: float | None,
        resolution: str | None,
        width: int | None,
        smooth: str,
        tone: str | None,
        colormap: str | None,
        background: str,
        legend: bool,
        where: str | None,
        sports: Collection[str],
        after: str | None,
        before: str | None,
        clip_ends: str | None,
        zones: Collection[str],
        rgba: bool,
    ) -> Job:
        """Check all options; a window that is known already must fit into memory.

        Raises
        ------
        BadOption, TooLarge, MissingExtra
            Before anything was read.
        """
        check(output)
        what = parse_measure(measure)
        _at_most_one({"--bbox": bbox, "--around": around, "--all": everything or None})
        _at_most_one({"--zoom": zoom, "--resolution": resolution, "--width": width})
        for date in filter(None, (after, before)):
            parse_date(date)
        if where is not None:
            parse_where(where)
        box, choice = None, "all" if everything else "busiest place"
        if bbox is not None:
            box, choice = parse_bbox(bbox), "bbox"
        elif around is not None:
            box, choice = around_bbox(*parse_around(around)), "around"
        clip = parse_length(clip_ends, "--clip-ends") if clip_ends else 0.0
        circles = tuple(parse_zone(zone) for zone in zones)
        job = cls(
            output=output,
            measure=what,
            style=Style(parse_smoothing(smooth), _scale(tone, what), parse_background(background)),
            colours=_colours(colormap, what, parse_background(background)),
            privacy=Privacy(clip, circles, owner_secret() if clip or circles else b""),
            sports=sports,
            where=where,
            after=after,
            before=before,
            bbox=box,
            choice=choice,
            zoom=zoom,
            resolution=parse_length(resolution, "--resolution") if resolution else None,
            width=width,
            legend=legend,
            rgba=rgba,
        )
        if box is not None:
            job._window(box)
        return job

    def _window(self, box: tuple[float, float, float, float]) -> Window:
        window = bbox_window(box, self.zoom, self.resolution, self.width)
        check_memory(window, 0, self.measure.bytes_per_pixel)  # before the halo is worked out row by row
        check_memory(window, halo(self.style.smoothing, window), self.measure.bytes_per_pixel)
        return window

    def run(
        self,
        tracks: Tracks,
        workers: int | None = None,
        progress: Callable[[str, int, int], None] = lambda stage, done, total: None,
    ) -> dict[str, Any]:
        """Filter, hide, count, paint and write; return the report as plain data.

        Raises
        ------
        NothingToDraw
            When nothing is left, or nothing lies in the window.
        """
        started = time.perf_counter()
        tracks = self._chosen(tracks)
        if not tracks.batches:
            raise NothingToDraw(why_nothing(tracks))
        places = tracks.places()
        box = self.bbox or (places[0].bbox if self.choice == "busiest place" else extent(tracks.batches))
        window = self._window(box)
        chosen = time.perf_counter()
        warm = heat(
            tracks.batches,
            window,
            self.measure,
            self.style.smoothing,
            workers,
            lambda stage: progress(stage, 0, 0),
        )
        if not (warm.bare.weight > 0).any():
            raise NothingToDraw(_nowhere(self, places))
        tone, outputs, seconds = self._write(warm, progress)
        unit = unit_of(str(self.measure))
        return {
            **tracks.data(),
            "places": [{**place_data(place), "drawn": _centred(place, window)} for place in places],
            "choice": self.choice,
            "window": {
                "bbox": list(window.bbox),
                "width": window.width,
                "height": window.height,
                "zoom": window.zoom,
                "resolution_m": window.resolution,
            },
            "measure": str(self.measure),
            "unit": unit.label or unit.symbol,
            "range": [tone.low * _written(unit), tone.high * _written(unit)],
            "range_text": [unit.format(tone.low), unit.format(tone.high)],
            "total": warm.total,
            "seconds": {**tracks.report.seconds, "choose": chosen - started, **warm.seconds, **seconds},
            "outputs": [str(path) for path in outputs],
        }

    def _chosen(self, tracks: Tracks) -> Tracks:
        tracks = tracks.select(self.sports, self.after, self.before)
        if self.where is not None:
            tracks = tracks.where(self.where)
        if self.privacy.clip_ends or self.privacy.zones:
            tracks = tracks.hidden(self.privacy)
        return tracks

    def _write(
        self, warm: Heat, progress: Callable[[str, int, int], None]
    ) -> tuple[Tone, list[Path], dict[str, float]]:
        started = time.perf_counter()
        progress("colouring", 0, 0)
        picture, tone = paint(warm, self.style, self.colours)
        artwork = Artwork(
            window=warm.smoothed.window,
            picture=picture,
            values=warm.smoothed.values if self.output.suffix.lower() in {".tif", ".tiff", ".npy"} else None,
            legend=self._legend(tone, warm.smoothed.window) if self.legend else None,
            title=legend_title(str(self.measure)),
            measure=str(self.measure),
            range=(tone.low, tone.high),
            rgba=self.rgba,
        )
        painted = time.perf_counter()
        progress("writing", 0, 0)
        outputs = write(self.output, artwork)
        done = time.perf_counter()
        return tone, outputs, {"colour": painted - started, "write": done - painted}

    def _legend(self, tone: Tone, window: Window) -> NDArray[np.uint8]:
        from heatlas.legend import draw_legend, fitting_scale, nice_ticks

        measure, ground = str(self.measure), self.style.background
        ticks = nice_ticks(tone.low, tone.high, tone.above_fade, unit_of(measure))
        return draw_legend(
            self.colours,
            ticks,
            legend_title(measure),
            dark=None if ground is None else sum(ground) < 3 * 128,
            scale=fitting_scale(window.width, window.height),
        )


def _at_most_one(given: dict[str, Any]) -> None:
    named = [name for name, value in given.items() if value is not None]
    if len(named) > 1:
        raise BadOption(f"{' and '.join(named)} cannot go together: give one of them")


def _scale(text: str | None, measure: Measure) -> Scale:
    """The tone that was asked for, its range in the base unit of the measure."""
    if text is None:
        return Scale("linear" if measure.metric else "log")
    scale = parse_scale(text)
    if scale.range is None:
        return scale
    factor = _written(unit_of(str(measure)))
    return Scale(scale.curve, (scale.range[0] / factor, scale.range[1] / factor))


def _written(unit: Unit) -> float:
    """Number that people write per value: minutes per kilometre for a pace."""
    return unit.factor / 60 if unit.style == "pace" else unit.factor


def _colours(name: str | None, measure: Measure, ground: tuple[int, int, int] | None) -> NDArray[np.uint8]:
    """The colours that were asked for, or those that suit the measure and what they are painted on."""
    if name is None:
        bright = ground is not None and sum(ground) > 3 * 128
        name = ("wine" if bright else "ember") if not measure.metric else _COLORMAPS.get(measure.metric, "spectrum")
    return colormap(name)


def _centred(place: Place, window: Window) -> bool:
    """Whether the middle of a place lies in a window."""
    west, south, east, north = window.bbox
    lon, lat = (place.bbox[0] + place.bbox[2]) / 2, (place.bbox[1] + place.bbox[3]) / 2
    return south <= lat <= north and any(west <= lon + turn <= east for turn in (-360, 0, 360))


def _nowhere(job: Job, places: list[Place]) -> str:
    if job.measure.metric:
        return f"no track in the window has what {job.measure} needs"
    busiest = places[0].bbox
    lat, lon = (busiest[1] + busiest[3]) / 2, (busiest[0] + busiest[2]) / 2
    return f"no track goes through the window; the busiest place is around {lat:.3f},{lon:.3f}"
