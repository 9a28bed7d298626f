"""Paint a heat and write it: tone, colours and legend. The options are checked before any work."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from heatlas.core.errors import BadOption
from heatlas.core.frozen import frozen
from heatlas.gazetteer.naming import place_of, with_place
from heatlas.raster.left_out import few_values
from heatlas.style.colormaps import colormap
from heatlas.style.colour import Style, parse_background
from heatlas.style.decorations import Decorations
from heatlas.style.defaults import (
    measure_unit,
    refuse_colours,
    scale_for,
    suiting_colours,
    suiting_tone_scale,
    titled,
    written_per_value,
)
from heatlas.style.fonts import unwritable
from heatlas.style.square import square_report
from heatlas.style.themes import theme_named
from heatlas.writers import check, check_size, write
from heatlas.writers.rendered_map import RenderedMap

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from heatlas.core.context import Context
    from heatlas.core.window import Window
    from heatlas.options import PictureOptions, RenderOptions
    from heatlas.pmtiles.streets import Streets
    from heatlas.raster.grid import Grid
    from heatlas.raster.measure import Measure
    from heatlas.rendering.bands import BandedHeat
    from heatlas.rendering.poster import Figures, Poster
    from heatlas.style.ground import Painted
    from heatlas.style.image import Pixels
    from heatlas.style.tone import Tone, ToneScale

__all__ = ["Finish"]

WORLD = "world"
"""Word for the base map that heatlas has with it."""
_VALUES = frozenset({".tif", ".tiff", ".npy"})


@frozen
class Finish:
    """Checked options of style and output."""

    output: Path
    scale: ToneScale | None
    """Scale in the base unit of the measure; None: the one that suits the measure."""
    colours: NDArray[np.uint8] | None
    """(256, 4) RGBA; None: those that suit the measure and the background."""
    background: tuple[int, int, int] | None
    legend: bool
    rgba: bool
    title: str = ""
    """Large text on the picture and title of the file; may hold {place}. Empty: the file's is the measure."""
    scale_bar: bool = False
    attribution: str = ""
    garmin: bool = False
    """Whether a KMZ is for Garmin's handheld devices."""
    dpi: float = 300.0
    streets: Streets | None = None
    """Base map that is painted below the heat."""
    world: bool = False
    """Whether land, coasts and borders are painted below the heat."""
    poster: Poster | None = None
    """Sheet of paper around the picture."""

    @classmethod
    def parse(cls, output: Path, measure: Measure, options: RenderOptions) -> Finish:
        """Check the options.

        Raises
        ------
        BadOption, MissingExtra
            Before anything is read.
        """
        style, picture, labels = options.style, options.picture, options.labels
        check(output)
        refuse_colours(measure, style.colormap and "--colormap")
        streets = _streets(output, options)
        theme = theme_named(picture.theme)
        attribution = _attribution(labels.attribution, streets)
        poster = _poster(output, options, attribution)
        usual = "none" if options.page.basemap is None and poster is None else "dark"
        ground = parse_background(style.background or theme.background or usual)
        if poster is not None and ground is None:
            raise BadOption("--paper needs a ground: say --background=light, dark or #rrggbb, or leave both out")
        counts = not measure.metric or measure.reduction in {"sum", "count"}
        colours = style.colormap or (theme.colormap if counts else "")
        _check_goes(output, picture)
        if picture.garmin:
            _check_garmin(output, ground, style.legend)
        return cls(
            output,
            None if style.tone is None else scale_for(style.tone, measure, "--tone"),
            colormap(colours) if colours else None,
            ground,
            style.legend,
            picture.rgba,
            " ".join((labels.title or "").split()),
            picture.scale_bar,
            attribution,
            picture.garmin,
            300.0 if picture.dpi is None else picture.dpi,
            streets,
            options.page.basemap == WORLD,
            poster,
        )

    def check(self, window: Window) -> None:
        """Refuse a window that the format cannot hold, before drawing.

        Raises
        ------
        BadOption, TooLarge
            With what to do instead.
        """
        check_size(self.output, window)

    def write(self, field: BandedHeat, context: Context, figures: Figures = ()) -> dict[str, Any]:
        """Paint a heat and write it; return its part of the report.

        Parameters
        ----------
        field : BandedHeat
            Heat to paint.
        context : Context
            Receives each stage as it begins.
        figures : tuple of (str, str)
            Of a poster: numbers and their units.
        """
        started = time.perf_counter()
        context.progress("colouring", 0, 0)
        unit, window = measure_unit(field.measure), field.window
        style = Style(
            suiting_colours(field, self.background) if self.colours is None else self.colours,
            self.scale or suiting_tone_scale(field),
            self.background,
        )

        def rows(first: int, last: int) -> Grid:
            context.progress("writing", first, window.height)
            return field.rows(first, last)

        heat = replace(field, rows=rows)
        picture: Pixels
        below = None if self.background is None else self._ground(window, self.background)
        painting, tone = heat.painted(style if below is None else replace(style, background=None))
        if below is None:
            picture = painting
        else:
            from heatlas.style.ground import OnGround

            picture = OnGround(painting, below)
        measure = str(field.measure)
        shown, title = titled(field.measure), with_place(self.title, window.bbox)
        rendered = RenderedMap(
            window=window,
            picture=picture,
            values=painting.field.values if self.output.suffix.lower() in _VALUES else None,
            legend=self.legend_for(tone, style, field.measure, window) if self.legend and not self.poster else None,
            decorations=Decorations(
                title=title,
                subtitle=shown if title and not self.legend else "",
                scale_bar=self.scale_bar,
                attribution=self.attribution,
                ground=self.background,
            ),
            cover=field.cover,
            title=title or shown,
            measure=measure,
            range=(tone.low, tone.high),
            attribution=self.attribution,
            rgba=self.rgba,
            garmin=self.garmin,
            dpi=self.dpi,
        )
        painted = time.perf_counter()
        context.progress("writing", 0, 0)
        if self.poster is None:
            outputs = write(self.output, rendered)
        else:
            from heatlas.style.legend_kinds import legend_for

            legend = legend_for(field.measure, tone) if self.legend else None
            outputs = self.poster.write(self.output, rendered, legend, style.colours, figures)
        done = time.perf_counter()
        return {
            "measure": measure,
            **square_report(field.measure, tone.fitted),
            "unit": unit.label or unit.symbol,
            "range": [tone.low * written_per_value(unit), tone.high * written_per_value(unit)],
            "range_text": [unit.format(tone.low), unit.format(tone.high)],
            "total": field.total,
            "warnings": [*self._warnings(title), *self._beyond(window), *few_values(field.measure, field.sample.share)],
            "seconds": {**field.seconds, "colour": painted - started, "write": done - painted},
            "place": place_of(window.bbox),
            "outputs": [str(path) for path in outputs],
        }

    def _warnings(self, title: str) -> list[str]:
        """Warn of letters that no font can paint, where texts are painted."""
        painted = self.output.suffix.lower() not in _VALUES or self.rgba
        lost = unwritable(f"{title} {self.attribution}") if painted else ""
        return [f"no font on this computer has {' '.join(lost)}: replaced in what was painted"] if lost else []

    def _ground(self, window: Window, land: tuple[int, int, int]) -> Painted | None:
        """Make what is painted below the heat; None: nothing but the background."""
        if self.streets is not None:
            from heatlas.style.street_ground import StreetGround

            return StreetGround(window, land, streets=self.streets)
        if not self.world:
            return None
        from heatlas.style.world_ground import WorldGround

        return WorldGround(window, land)

    def _beyond(self, window: Window) -> list[str]:
        """Say that the base map has nothing of a window."""
        if self.world:
            from heatlas.style.world_ground import LAST_ZOOM

            if window.zoom < LAST_ZOOM:
                return []
            return [
                (
                    f"the world has no coasts nearer than zoom {LAST_ZOOM:g}, and this is {window.zoom:.1f}: a file of "
                    "streets, --basemap=town.pmtiles, has"
                )
            ]
        if self.streets is None or _meet(window.bbox, self.streets.bounds):
            return []
        box = ",".join(f"{edge:.3f}" for edge in self.streets.bounds)
        return [f"{self.streets.path} has no streets here: its box is {box} (west, south, east, north)"]

    def legend_for(self, tone: Tone, style: Style, measure: Measure, window: Window) -> NDArray[np.uint8]:
        """Draw the legend, in a size that suits a window."""
        from heatlas.style.legend import fitting_scale
        from heatlas.style.legend_kinds import legend_for, paint_legend

        ground = self.background
        return paint_legend(
            legend_for(measure, tone),
            style.colours,
            dark=None if ground is None else sum(ground) < 3 * 128,
            scale=fitting_scale(window.width, window.height),
        )


def _poster(output: Path, options: RenderOptions, attribution: str) -> Poster | None:
    """Check the options of a sheet of paper; None: none is requested."""
    asked = options.picture
    if asked.paper is None and not (asked.margin or asked.bleed or asked.figures):
        return None
    from heatlas.rendering.poster import Poster

    return Poster.parse(output, options, attribution)


def _streets(output: Path, options: RenderOptions) -> Streets | None:
    """Open the base map of a picture; refuse what has none."""
    given = options.page.basemap
    if given is None:
        return None
    from heatlas.pmtiles.streets import is_file_of_tiles, open_streets

    world = given == WORLD
    if not world and not (isinstance(given, str) and is_file_of_tiles(given)):
        raise BadOption(
            "--basemap of a picture is a file of streets such as town.pmtiles, or the word world: no server is asked "
            "for tiles"
        )
    ending = output.suffix.lower()
    if ending == ".kmz":
        raise BadOption("--basemap would cover the ground that a .kmz lies on: leave it out")
    if ending in _VALUES and not options.picture.rgba:
        raise BadOption(f"--basemap is painted, and {output.name} holds values: write a .png, or leave it out")
    if options.picture.facet is not None:
        raise BadOption("--basemap is for one picture, not for the small ones of --facet: leave one of them out")
    if options.style.background == "none":
        raise BadOption("--basemap needs a ground: say --background=dark, light or #rrggbb, or leave both out")
    return None if world else open_streets(given)


def _meet(one: tuple[float, float, float, float], other: tuple[float, float, float, float]) -> bool:
    """Whether two boxes in degrees share anything; each may go beyond 180."""
    west, south, east, north = one
    left, bottom, right, top = other
    across = (left - west) % 360 <= east - west or (west - left) % 360 <= right - left
    return across and bottom <= north and top >= south


def _attribution(said: str | None, streets: Streets | None) -> str:
    """Attribution that is painted: the user's, and that of the base map."""
    words = " ".join((said or "").split())
    if streets is None or streets.attribution in words:
        return words
    return f"{words} · {streets.attribution}" if words else streets.attribution


def _check_goes(output: Path, asked: PictureOptions) -> None:
    """Refuse options that the format would have to ignore."""
    ending, dpi = output.suffix.lower(), asked.dpi
    if asked.rgba and ending not in {".tif", ".tiff"}:
        raise BadOption(f"--rgba is for .tif: leave it out for {output.name}")
    if dpi is not None and ending != ".pdf" and asked.paper is None:
        raise BadOption(f"--dpi is for .pdf, and {output.name} has no size on paper: say --paper too, or leave it out")
    if asked.paper is not None and asked.facet is not None:
        raise BadOption("--paper is for one map, not for the small ones of --facet: leave one of them out")
    if dpi is not None and not 10 <= dpi <= 10_000:
        raise BadOption(f"--dpi={dpi:g} is not between 10 and 10000")
    if asked.scale_bar and ending in _VALUES and not asked.rgba:
        hint = "write a .png" if ending == ".npy" else "add --rgba, write a .png"
        raise BadOption(f"--scale-bar is painted, and {output.name} holds values: {hint}, or leave it out")
    if asked.scale_bar and ending == ".kmz":
        raise BadOption("--scale-bar would be wrong in a .kmz, which is looked at at any size: leave it out")


def _check_garmin(output: Path, ground: tuple[int, int, int] | None, legend: bool) -> None:
    """Refuse what a KMZ for handheld devices cannot hold."""
    if output.suffix.lower() != ".kmz":
        raise BadOption(f"--garmin is for .kmz: write heat.kmz instead of {output.name}, or leave it out")
    if ground is None:
        raise BadOption(
            "--garmin needs a --background: its maps are JPEGs, which cannot be transparent; "
            "light reads best in the sun, dark and #rrggbb go as well"
        )
    if legend:
        raise BadOption("--legend has no place in a map for --garmin, which shows nothing but the ground: leave it out")
