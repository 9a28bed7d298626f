"""Plan of a film: the tracks of each frame and the colours; and the frames, one after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.errors import BadOption
from heatlas.core.frozen import frozen
from heatlas.gazetteer.naming import with_place
from heatlas.raster.left_out import share_shown
from heatlas.rendering.film.caption import Caption
from heatlas.rendering.film.painter import COOLING, FramePainter, flash_on
from heatlas.rendering.film.timeline import make_timeline
from heatlas.style.colormaps import colormap
from heatlas.style.colour import Style, colour, palette, parse_background
from heatlas.style.cover import Cover, cells_of
from heatlas.style.decorations import Decorations, Patch, arrange
from heatlas.style.defaults import refuse_colours, scale_for, suiting_colours, suiting_tone_scale
from heatlas.style.legend import fitting_scale, over, shrunk
from heatlas.style.legend_kinds import legend_for, paint_legend
from heatlas.style.tone import fit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from heatlas.core.context import Context
    from heatlas.core.window import Window
    from heatlas.options import LabelOptions, StyleOptions
    from heatlas.raster.measure import Measure
    from heatlas.raster.pipeline import Drawn
    from heatlas.rendering.film.cast import Cast, Part
    from heatlas.rendering.film.timeline import Timeline
    from heatlas.style.tone import Tone, ToneScale

__all__ = ["HOLD", "FilmRequest", "FilmStyle", "Storyboard"]

HOLD = 2.0
"""Seconds for which the last frame stays."""


@frozen
class FilmStyle:
    """Checked options of the style of a film."""

    scale: ToneScale | None
    """Scale in the base unit of the measure; None: the one that suits the measure."""
    colours: NDArray[np.uint8] | None
    """(256, 4) RGBA; None: those that suit the measure and the background."""
    background: tuple[int, int, int]
    legend: bool
    title: str = ""
    """May hold {place}."""
    attribution: str = ""

    @classmethod
    def parse(cls, measure: Measure, asked: StyleOptions, labels: LabelOptions) -> FilmStyle:
        """Check the options.

        Raises
        ------
        BadOption
            For an invalid option; a film cannot be transparent.
        """
        ground = parse_background(asked.background or "dark")
        if ground is None:
            raise BadOption("a film cannot be transparent: take --background=dark, light or #rrggbb")
        refuse_colours(measure, asked.colormap and "--colormap")
        return cls(
            None if asked.tone is None else scale_for(asked.tone, measure, "--tone"),
            None if asked.colormap is None else colormap(asked.colormap),
            ground,
            asked.legend,
            " ".join((labels.title or "").split()),
            " ".join((labels.attribution or "").split()),
        )


@frozen
class FilmRequest:
    """Options that decide what the frames show, whatever the cast is."""

    look: FilmStyle
    step: int | str
    """Time step at which frames end: days, "week", "month", or "auto"."""
    span: int | None
    """Days for which an activity stays visible; None: until the end."""
    duration: float
    """Length of the film without the hold, seconds."""
    fps: float
    aura: bool
    """Whether what is new shines on what is around."""
    opening: float = 0.0
    """Seconds for which the finished map is shown first."""


@frozen
class Storyboard:
    """A planned film: everything but the frames is known."""

    cast: Cast
    timeline: Timeline
    before: NDArray[np.int64]
    """(frames,) number of items that started before the end of each frame."""
    gone: NDArray[np.int64]
    """(frames,) number of the first of these that are no longer shown."""
    fullest: Drawn
    """Heat to which the tone was fitted: that of the last frame, or of the fullest span."""
    style: Style
    tone: Tone
    fps: float
    caption: Caption
    patches: tuple[Patch, ...]
    """Legend, title and attribution in their places on the map."""
    aura: bool
    """Whether what is new shines on what is around."""
    opening: NDArray[np.uint8] | None = None
    """(height, width, 3) the finished map, which is shown first; None: it is not."""
    opened: int = 0
    """Number of frames of the opening."""

    @classmethod
    def plan(cls, cast: Cast, script: FilmRequest, context: Context) -> Storyboard | None:
        """Plan what each frame shows, and fit the tone; None: nothing lies in the window."""
        window, look, starts = cast.window, script.look, cast.starts
        line = make_timeline(
            float(starts[0]), float(starts[-1]), round(script.duration * script.fps), script.step, script.span,
            south=window.bbox[1] + window.bbox[3] < 0,
        )  # fmt: skip
        before = np.searchsorted(starts, line.ends)
        gone = np.zeros_like(before)
        if line.span is not None:
            gone = np.searchsorted(starts, line.ends - line.span)
        full = int(np.argmax(cast.amounts[before] - cast.amounts[gone])) if script.span else len(line) - 1
        fullest = cast.drawn((int(gone[full]), int(before[full])), context)
        if not fullest.bare.filled.any():
            return None
        grid = fullest.smoothed
        colours = suiting_colours(grid, look.background) if look.colours is None else look.colours
        style = Style(colours, look.scale or suiting_tone_scale(grid), look.background)
        tone = fit(style.scale, grid, fullest.bare)
        parts = list(zip(gone.tolist(), before.tolist(), strict=True))
        caption = Caption.lay_out(
            window.width, look.background, _accent(colours), line.dates(), cast.most_words(parts, script.span),
            line.years(),
        )  # fmt: skip
        legend = _legend(tone, style, cast.measure, window) if look.legend else None
        all_of_it = fullest if script.span is None else cast.drawn((0, len(starts)), context)
        patches = _patches(look, window, legend, Cover.of([cells_of(all_of_it.smoothed.filled)]))
        aura = script.aura and cast.aura
        opened = round(script.opening * script.fps)
        opening = colour(grid, tone, style.colours, look.background).rgba[..., :3].copy() if opened else None
        return cls(
            cast, line, before, gone, fullest, style, tone, script.fps, caption, patches, aura, opening, opened
        )  # fmt: skip

    def __len__(self) -> int:
        """Count the frames, including those of the opening and of the hold."""
        return self.opened + len(self.timeline) + round(HOLD * self.fps)

    @property
    def window(self) -> Window:
        """What is shown, above the caption."""
        return self.cast.window

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width of the frames: the map with the caption below."""
        return self.window.height + self.caption.height, self.window.width

    @property
    def total(self) -> float:
        """Total (see `heatlas.raster.pipeline.Drawn.total`) of the frame to which the tone was fitted."""
        return self.fullest.total

    @property
    def share_shown(self) -> float:
        """Share of the pixels on paths that have a value, in the frame to which the tone was fitted."""
        return share_shown([self.fullest.smoothed.values[self.fullest.bare.filled]])

    def maps(self) -> Iterator[tuple[int, FramePainter]]:
        """Iterate over the frames: the number of each, and the painter with the map at that moment."""
        running = self.cast.running()
        painter = FramePainter.begin(
            self.window, self.cast.softening, self.style, self.tone, sums=running.grid.sums, aura=self.aura
        )
        before = 0, 0
        for frame in range(len(self.timeline)):
            now = self._part(frame)
            box = running.step(before, now)
            if box is not None:
                painter.update(running.grid, box)
                painter.light(self.cast, (max(before[1], now[0]), now[1]))
            before = now
            yield frame, painter
        for _ in range(len(self) - self.opened - len(self.timeline)):
            yield len(self.timeline) - 1, painter

    def frames(self, height: int, width: int) -> Iterator[NDArray[np.uint8]]:
        """Paint the frames one after the other.

        Parameters
        ----------
        height, width : int
            Size of the frames; what exceeds `shape` is background, to the right and below.

        Yields
        ------
        ndarray of uint8 (height, width, 3)
            Always the same array, overwritten by each frame.
        """
        picture = np.empty((height, width, 3), np.uint8)
        picture[:] = np.array(self.style.background, np.uint8)
        tall = self.window.height
        strip = picture[tall : tall + self.caption.height, : self.window.width]
        shown = np.empty((tall, self.window.width, 3), np.uint8)  # whole rows, as the kernels need them
        words: tuple[str, tuple[str, ...]] | None = None
        rate = 0.5 ** (1 / (COOLING * self.fps))
        for frame in range(self.opened):
            picture[:tall, : self.window.width] = self._opening(frame)
            if words is None:
                words = self._words(len(self.timeline) - 1)
                strip[:] = self.caption.letter(*words)
                self.caption.run(strip, 1.0)
            yield picture
        for frame, painter in self.maps():
            painter.show(shown, rate)
            self._decorate(shown)
            picture[:tall, : self.window.width] = shown
            now = self._words(frame)
            if now != words:
                strip[:] = self.caption.letter(*now)
                words = now
            self.caption.run(strip, self.timeline.share(frame))
            yield picture

    def _opening(self, frame: int) -> NDArray[np.uint8]:
        """Paint the finished map, which gives way to the ground in the last third of the opening."""
        assert self.opening is not None
        left = min(1.0, 3 * (1 - frame / self.opened))
        ground = np.array(self.style.background, np.float32)
        shown = np.rint(ground + np.float32(left) * (self.opening - ground)).astype(np.uint8)
        self._decorate(shown)
        return shown

    def _words(self, frame: int) -> tuple[str, tuple[str, ...]]:
        """Date and totals of a frame."""
        return self.timeline.date(frame), tuple(number for number, _ in self.cast.words(self._part(frame), None))

    def _part(self, frame: int) -> Part:
        """What a frame shows."""
        return int(self.gone[frame]), int(self.before[frame])

    def _decorate(self, picture: NDArray[np.uint8]) -> None:
        for patch in self.patches:
            height, width = patch.pixels.shape[:2]
            place = picture[patch.top : patch.top + height, patch.left : patch.left + width]
            alpha = patch.pixels[..., 3:].astype(np.uint16)
            place[:] = (patch.pixels[..., :3] * alpha + place * (255 - alpha) + 127) // 255

    def samples(self) -> tuple[NDArray[np.uint8], ...]:
        """Colours that occur: of the background, of the heat, of glows, and of caption and legend (see `Frames`)."""
        background, grid = np.array(self.style.background, np.uint8), self.fullest.smoothed
        if grid.sums:
            table = palette(self.style.colours, self.tone, self.style.background)[:, :3]
            heated, glowing = table[::2], table[1::2]
        else:
            pixels = colour(grid, self.tone, self.style.colours, self.style.background).rgba[::2, ::2, :3]
            heated = np.unique(pixels.reshape(-1, 3), axis=0)
            some = heated[:: max(1, len(heated) // 64)].astype(np.float32)[:, None]
            cover = np.linspace(0.1, 1, 10, dtype=np.float32)[:, None]
            glowing = np.rint(some + cover * (flash_on(self.style.background) - some)).astype(np.uint8).reshape(-1, 3)
        strip = self.caption.letter(*self._words(len(self.timeline) - 1))
        self.caption.run(strip, 0.5)
        written = [strip.reshape(-1, 3)]
        for patch in self.patches:
            panel = np.empty((*patch.pixels.shape[:2], 3), np.uint8)
            panel[:] = background
            over_ground = over(patch.pixels, np.dstack((panel, np.full(panel.shape[:2], 255, np.uint8))))
            written.append(over_ground[..., :3].reshape(-1, 3))
        return background[None], heated, glowing, np.concatenate(written)


def _accent(colours: NDArray[np.uint8]) -> tuple[int, int, int]:
    """Colour of the palette for places that were passed often."""
    red, green, blue = (int(c) for c in colours[170, :3])
    return red, green, blue


def _patches(look: FilmStyle, window: Window, legend: NDArray[np.uint8] | None, cover: Cover) -> tuple[Patch, ...]:
    """Put legend, title and attribution onto the map, in the same places in all frames.

    Raises
    ------
    BadOption
        Where there is no room for them.
    """
    words = Decorations(title=with_place(look.title, window.bbox), attribution=look.attribution, ground=look.background)
    return arrange(window, words, legend, cover=cover)


def _legend(tone: Tone, style: Style, measure: Measure, window: Window) -> NDArray[np.uint8]:
    """Draw the legend, smaller where there is little room.

    Raises
    ------
    BadOption
        Where the legend would be illegible.
    """
    ground = style.background
    assert ground is not None
    legend = paint_legend(
        legend_for(measure, tone),
        style.colours,
        dark=sum(ground) < 3 * 128,
        scale=fitting_scale(window.width, window.height),
    )
    room = min(0.6 * window.width / legend.shape[1], 0.5 * window.height / legend.shape[0])
    if room < 0.45:
        raise BadOption(
            f"a map of {window.width} x {window.height} pixels is too small for a legend: "
            "make it larger, or leave it out"
        )
    return shrunk(legend, room) if room < 1 else legend
