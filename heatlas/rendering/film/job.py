"""Draw a film of tracks into a file, with options that are checked before any work."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from heatlas.core.batch import select
from heatlas.core.context import NOBODY, Context
from heatlas.core.errors import BadOption, NothingToDraw, TooLarge
from heatlas.core.memory import check_memory
from heatlas.dataset.places import extent
from heatlas.dataset.selection import Selection, is_centred, why_nowhere
from heatlas.dataset.tracks import Tracks, why_nothing
from heatlas.options.parsing import parse_smoothing
from heatlas.raster.gaussian import Smoothing, halo
from heatlas.raster.left_out import few_values, left_out_of_tracks
from heatlas.rendering.film.frames import FORMATS, Frames, check_film, write_film
from heatlas.rendering.film.storyboard import FilmRequest, FilmStyle, Storyboard
from heatlas.rendering.film.timeline import parse_duration, parse_span, parse_step
from heatlas.style.defaults import measure_unit, written_per_value
from heatlas.style.square import square_report
from heatlas.tracks.clean import is_believable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from heatlas.core.context import Progress
    from heatlas.core.window import Window
    from heatlas.dataset.viewport import Viewport
    from heatlas.options import RenderOptions
    from heatlas.raster.measure import Measure
    from heatlas.rendering.film.frames import FilmFormat

__all__ = ["FilmJob"]

_UNDATED = "activities whose start is unknown or cannot be"
_BYTES = 32
"""Bytes a pixel needs in addition to a picture: its colours, its glow, and the heat to which the tone was fitted."""


@dataclass(frozen=True, slots=True)
class FilmJob:
    """A film of tracks with checked options."""

    output: Path
    measure: Measure
    frame: Viewport
    look: FilmStyle
    smoothing: Smoothing
    choice: Selection
    step: int | str
    """Time step at which frames end: days, "week", "month", or "auto"."""
    span: int | None
    """Days for which an activity stays visible; None: until the end."""
    duration: float
    """Length of the film before the hold of the last frame, seconds."""
    fps: float
    least: int = 0
    """Public film: no private activities, by whole months, at least so many at once; 0: not public."""

    @classmethod
    def parse(cls, output: Path, measure: Measure, frame: Viewport, options: RenderOptions) -> FilmJob:
        """Check all options; a window that is already known must fit into memory.

        Parameters
        ----------
        output : Path
            File to write; its ending decides the format: .mp4, .gif or .webp.
        measure : Measure
            Measure to count.
        frame : Viewport
            Area and scale.
        options : RenderOptions
            Films use smooth, and the groups style, filter, hiding, film and public.

        Raises
        ------
        BadOption, TooLarge, MissingExtra
            Before anything is read.
        """
        film, public = options.film, options.public
        check_film(output)
        if measure.sides:
            raise BadOption(f"a film shows activities as they come, and {measure} compares two choices: draw a picture")
        form = FORMATS[output.suffix.lower()]
        fps = form.fps if film.fps is None else film.fps
        if not 1 <= fps <= 60:
            raise BadOption(f"--fps {fps:g} is no pace for a film: take 1 to 60")
        job = cls(
            output, measure, frame, FilmStyle.parse(measure, options.style), parse_smoothing(options.smooth or "auto"),
            Selection.parse(options.filter, options.hiding),
            parse_step(film.every or "auto"), None if film.span is None else parse_span(film.span),
            parse_duration(film.duration or "20s", fps), fps, public.least if public.public else 0,
        )  # fmt: skip
        if frame.bbox is not None:
            job._window(frame.bbox)
        return job

    @property
    def form(self) -> FilmFormat:
        """Format of the output's ending."""
        return FORMATS[self.output.suffix.lower()]

    @property
    def script(self) -> FilmRequest:
        """Options that decide what the frames show."""
        return FilmRequest(
            self.measure, self.smoothing, self.look, self.step, self.span, self.duration, self.fps, self.least,
            self.form.aura,
        )  # fmt: skip

    def _window(self, box: tuple[float, float, float, float]) -> Window:
        """Make the window over a box; without a requested size, it has the default size of the format."""
        frame = self.frame
        window = frame.window(box)
        if frame.zoom is None and frame.resolution is None and frame.width is None:
            side = self.form.side
            share = min(1.0, window.width / window.height)
            window = replace(frame, width=max(1, round(side * share))).window(box)
        self._check(window, 0)  # before the halo is computed row by row
        self._check(window, halo(self.smoothing, window))
        return window

    def _check(self, window: Window, margin: int) -> None:
        """Refuse a window that does not fit into memory as a whole: films cannot be drawn in bands."""
        fits = check_memory(window, margin, margin, self.measure.bytes_per_pixel + _BYTES)
        if fits < window.height:
            raise TooLarge(
                f"a film of {window.width} x {window.height} px is too large: take --width "
                f"{int(window.width * (fits / window.height) ** 0.5)} or less, or a coarser --resolution"
            )

    def run(self, tracks: Tracks, context: Context = NOBODY) -> dict[str, Any]:
        """Filter, hide, count, paint and encode; return the report as plain data.

        Raises
        ------
        NothingToDraw
            When nothing is left, or nothing lies in the window.
        """
        started = time.perf_counter()
        whole = self.choice.filtered(tracks)
        tracks = self.choice.hidden(whole)
        tracks = _dated(tracks.where("private = FALSE") if self.least else tracks).localised()
        if not tracks.batches:
            left = tracks.report.dropped[_UNDATED]
            raise NothingToDraw(
                f"none of {left} activities says when it was, as a film needs to know" if left else why_nothing(tracks)
            )
        tracks.refuse_unknown(self.measure)
        tracks = tracks.timed_for(self.measure)
        places = tracks.places()
        busiest = self.frame.choice == "busiest place"
        window = self._window(self.frame.bbox or (places[0].bbox if busiest else extent(tracks.batches)))
        left_out = left_out_of_tracks(self.measure, tracks.batches)
        storyboard = Storyboard.plan(tracks, window, self.script, Context(context.workers))
        if storyboard is None:
            raise NothingToDraw(why_nowhere(self.measure, places, left_out))
        chosen = time.perf_counter()
        even = self.form.even
        height, width = (side + side % 2 if even else side for side in storyboard.shape)
        frames = _with_progress(storyboard.frames(height, width), len(storyboard), context.progress)
        write_film(self.output, Frames(frames, len(storyboard), height, width, self.fps, storyboard.samples()))
        done = time.perf_counter()
        unit, tone, line = measure_unit(self.measure), storyboard.tone, storyboard.timeline
        return {
            **tracks.data(),
            "places": [{**place.data(), "drawn": is_centred(place, window)} for place in places],
            "choice": self.frame.choice,
            "window": window.data(),
            "measure": str(self.measure),
            **square_report(self.measure, tone.fitted),
            "unit": unit.label or unit.symbol,
            "range": [tone.low * written_per_value(unit), tone.high * written_per_value(unit)],
            "range_text": [unit.format(tone.low), unit.format(tone.high)],
            "total": storyboard.total,
            **({} if storyboard.model is None else {"model": str(storyboard.model)}),
            "warnings": [*few_values(self.measure, storyboard.share_shown), *left_out],
            "frames": len(storyboard),
            "fps": self.fps,
            "duration": len(storyboard) / self.fps,
            "from": line.day(line.begin),
            "to": line.day(float(line.ends[-1]) - 1),
            **self.choice.open_places(whole, tracks, public=bool(self.least)),
            "seconds": {**tracks.report.seconds, "choose": chosen - started, "film": done - chosen},
            "outputs": [str(self.output)],
        }


def _dated(tracks: Tracks) -> Tracks:
    """Leave out activities without a believable start: one broken clock would make a film of thousands of years."""
    kept = [
        select(b, [a.start is not None and is_believable(a.start, a.elapsed_time or 0) for a in b.activities])
        for b in tracks.batches
    ]  # fmt: skip
    out = len(tracks) - sum(len(batch) for batch in kept)
    dropped = tracks.report.dropped + Counter({_UNDATED: out} if out else {})
    return Tracks(tuple(batch for batch in kept if len(batch)), replace(tracks.report, dropped=dropped))


def _with_progress(frames: Iterator[NDArray[np.uint8]], count: int, progress: Progress) -> Iterator[NDArray[np.uint8]]:
    """Report the number of finished frames while they are read."""
    progress("filming", 0, count)
    for number, frame in enumerate(frames, 1):
        yield frame
        progress("filming", number, count)
