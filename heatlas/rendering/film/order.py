"""What was asked of a film, whatever it shows: checked before any work; its window, its frames and its report."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from heatlas.core.errors import BadOption, TooLarge
from heatlas.core.frozen import frozen
from heatlas.core.memory import check_memory
from heatlas.dataset.places import window_filling
from heatlas.dataset.places.composing import composed
from heatlas.dataset.viewport import at_most_one
from heatlas.gazetteer.naming import place_of
from heatlas.raster.left_out import few_values
from heatlas.rendering.film.caption import caption_height
from heatlas.rendering.film.frames import FORMATS, Frames, check_film, write_film
from heatlas.rendering.film.storyboard import FilmRequest, FilmStyle
from heatlas.rendering.film.timeline import parse_duration, parse_span, parse_step
from heatlas.style.defaults import measure_unit, written_per_value
from heatlas.style.square import square_report

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from heatlas.core.batch import Batch
    from heatlas.core.context import Context, Progress
    from heatlas.core.window import Window
    from heatlas.dataset.viewport import Viewport
    from heatlas.options import RenderOptions
    from heatlas.raster.measure import Measure
    from heatlas.raster.softening import Softening
    from heatlas.rendering.film.frames import FilmFormat
    from heatlas.rendering.film.storyboard import Storyboard

__all__ = ["FilmOrder"]

_SHORT = 1080
"""Default length of the shorter side of an .mp4 of a given form, as services want it, pixels."""
_BYTES = 32
"""Bytes a pixel needs in addition to a picture: its colours, its glow, and the heat to which the tone was fitted."""


@frozen
class FilmOrder:
    """Options that all films have."""

    output: Path
    measure: Measure
    frame: Viewport
    look: FilmStyle
    step: int | str
    """Time step at which frames end: days, "week", "month", or "auto"."""
    span: int | None
    """Days for which something stays visible; None: until the end."""
    duration: float
    """Length of the film before the hold of the last frame, seconds."""
    fps: float
    size: tuple[int, int] | None = None
    """Width and height of the whole film, pixels; None: those of the map and its caption."""
    opening: float = 0.0
    """Seconds for which the finished map is shown first."""

    @classmethod
    def parse(cls, output: Path, measure: Measure, frame: Viewport, options: RenderOptions) -> FilmOrder:
        """Check the options.

        Parameters
        ----------
        output : Path
            File to write; its ending decides the format: .mp4, .gif or .webp.
        measure : Measure
            Measure to count.
        frame : Viewport
            Area and scale.
        options : RenderOptions
            The groups style and film are used.

        Raises
        ------
        BadOption, MissingExtra
            Before anything is read.
        """
        film = options.film
        check_film(output)
        form = FORMATS[output.suffix.lower()]
        size = None if film.size is None else _size(film.size, form, options)
        fps = form.fps if film.fps is None else film.fps
        if not 1 <= fps <= 60:
            raise BadOption(f"--fps={fps:g} is no pace for a film: take 1 to 60")
        return cls(
            output, measure, frame, FilmStyle.parse(measure, options.style, options.labels),
            parse_step(film.every or "auto"),
            None if film.span is None else parse_span(film.span), parse_duration(film.duration or "20s", fps), fps,
            size, 0.0 if film.opening is None else parse_duration(film.opening, fps, "--opening"),
        )  # fmt: skip

    @property
    def form(self) -> FilmFormat:
        """Format of the output's ending."""
        return FORMATS[self.output.suffix.lower()]

    @property
    def script(self) -> FilmRequest:
        """Options that decide what the frames show."""
        return FilmRequest(self.look, self.step, self.span, self.duration, self.fps, self.form.aura, self.opening)

    def window(
        self, box: tuple[float, float, float, float], softening: Softening, batches: Sequence[Batch] = ()
    ) -> Window:
        """Make the window over a box; without a requested size, it has the default size of the format.

        In a film of a given form the map is composed around tracks, where some are given.

        Raises
        ------
        TooLarge
            When it does not fit into memory as a whole: films cannot be drawn in bands.
        """
        frame = self.frame
        window = frame.window(box) if self.size is None else self._filling(self.size, box, batches)
        if self.size is None and frame.zoom is None and frame.resolution is None and frame.width is None:
            side = self.form.side
            share = min(1.0, window.width / window.height)
            window = replace(frame, width=max(1, round(side * share))).window(box)
        self._check(window, (0, 0))  # before the halo is computed row by row
        self._check(window, softening.halo(window))
        return window

    def _filling(
        self, size: tuple[int, int], box: tuple[float, float, float, float], batches: Sequence[Batch]
    ) -> Window:
        width, height = size[0], size[1] - caption_height(size[0])
        if batches and self.frame.choice == "busiest place":
            box, _ = composed(batches, box, [width / height])
        return window_filling(box, width, height)

    def _check(self, window: Window, margins: tuple[int, int]) -> None:
        fits = check_memory(window, *margins, self.measure.bytes_per_pixel + _BYTES)
        if fits < window.height:
            raise TooLarge(
                f"a film of {window.width} x {window.height} px is too large: take "
                f"--width={int(window.width * (fits / window.height) ** 0.5)} or less, or a coarser --resolution"
            )

    def write(self, storyboard: Storyboard, context: Context) -> None:
        """Paint the frames, and encode them into the file."""
        height, width = (side + side % 2 if self.form.even else side for side in storyboard.shape)
        frames = _with_progress(storyboard.frames(height, width), len(storyboard), context.progress)
        write_film(self.output, Frames(frames, len(storyboard), height, width, self.fps, storyboard.samples()))

    def report(self, storyboard: Storyboard) -> dict[str, Any]:
        """Plain data on what was filmed."""
        unit, tone, line = measure_unit(self.measure), storyboard.tone, storyboard.timeline
        return {
            "choice": self.frame.choice,
            "window": storyboard.window.data(),
            "measure": str(self.measure),
            **square_report(self.measure, tone.fitted),
            "unit": unit.label or unit.symbol,
            "range": [tone.low * written_per_value(unit), tone.high * written_per_value(unit)],
            "range_text": [unit.format(tone.low), unit.format(tone.high)],
            "total": storyboard.total,
            "warnings": few_values(self.measure, storyboard.share_shown),
            "frames": len(storyboard),
            "fps": self.fps,
            "duration": len(storyboard) / self.fps,
            "from": line.day(line.begin),
            "to": line.day(float(line.ends[-1]) - 1),
            "place": place_of(storyboard.window.bbox),
            "outputs": [str(self.output)],
        }


def _size(text: str, form: FilmFormat, options: RenderOptions) -> tuple[int, int]:
    """Read a form as width and height of a film, pixels, both even."""
    match = re.fullmatch(r"(\d{1,2}):(\d{1,2})", text.strip())
    across, down = (int(match[1]), int(match[2])) if match else (0, 0)
    if not (across and down) or not 0.25 <= across / down <= 4:
        raise BadOption(f"--size={text!r} is no form of a film: take width to height, such as 1:1, 9:16 or 16:9")
    frame = options.frame
    at_most_one({"--size": text, "--zoom": frame.zoom})
    at_most_one({"--size": text, "--resolution": frame.resolution})
    wide = frame.width or (_SHORT if form.even else form.side * min(across, down) / max(across, down)) * across / min(
        across, down
    )
    width, height = (max(2, round(side / 2) * 2) for side in (wide, wide * down / across))
    if height <= 2 * caption_height(width):
        raise BadOption(f"a film of {width} x {height} px has no room for a map above its caption: take more --width")
    return width, height


def _with_progress(frames: Iterator[NDArray[np.uint8]], count: int, progress: Progress) -> Iterator[NDArray[np.uint8]]:
    """Report the number of finished frames while they are read."""
    progress("filming", 0, count)
    for number, frame in enumerate(frames, 1):
        yield frame
        progress("filming", number, count)
