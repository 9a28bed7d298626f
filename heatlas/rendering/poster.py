"""Posters: a sheet of paper, the map composed on it, and a foot with title, figures, legend and scale bar."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.errors import BadOption
from heatlas.core.frozen import frozen
from heatlas.core.mercator import from_lonlat
from heatlas.dataset.places import window_filling
from heatlas.dataset.places.composing import composed
from heatlas.gazetteer.naming import place_of
from heatlas.gazetteer.towns import towns
from heatlas.raster.gaussian import Smoothing
from heatlas.style.legend import over
from heatlas.style.legend_kinds import Legend, paint_legend
from heatlas.style.page import Foot, Sheet, lay_page
from heatlas.tracks.local_time import start_of
from heatlas.writers.atomic import atomic_write

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from heatlas.core.batch import Batch
    from heatlas.core.window import Window
    from heatlas.dataset.tracks import Tracks
    from heatlas.options import RenderOptions, ViewportOptions
    from heatlas.style.image import Pixels
    from heatlas.style.page import Page
    from heatlas.writers.rendered_map import RenderedMap

    Figures = tuple[tuple[str, str], ...]
    """Numbers and their units."""

__all__ = ["Poster", "figures_of"]

PAPERS = {
    "a0": (841.0, 1189.0), "a1": (594.0, 841.0), "a2": (420.0, 594.0), "a3": (297.0, 420.0), "a4": (210.0, 297.0),
    "a5": (148.0, 210.0), "a6": (105.0, 148.0),
    "letter": (215.9, 279.4), "tabloid": (279.4, 431.8),
}  # fmt: skip
"""Name -> shorter and longer side, mm (ISO 216; ANSI/ASME Y14.1)."""
_UNITS = {"mm": 1.0, "cm": 10.0, "in": 25.4}
_MARGIN = 5.5
"""Default margin, percent of the shorter side."""
_ENDINGS = (".png", ".pdf")
_PEN = 0.22
"""Width of the smoothing on an A4 sheet, mm, a third of that of a line. It grows with the root of the paper."""
_A4 = 210.0
_CELLS = 1 << 15
"""Cells around the world in which it is looked for towns: of some 1.2 km at the equator."""


@frozen
class Poster:
    """A sheet of paper with checked options."""

    sides: tuple[float, float]
    """Width and height of the trimmed paper, mm."""
    turns: bool
    """Whether it may lie on its side."""
    margin: float
    bleed: float
    figures: bool
    dpi: float
    foot: float = 0.0
    """Height of the foot, hundredths of the shorter side."""
    sheet: Sheet | None = None
    """Set by `composed`: which way it lies, with the room for its foot."""

    @classmethod
    def parse(cls, output: Path, options: RenderOptions, attribution: str) -> Poster | None:
        """Check the options; None: no paper is requested.

        Raises
        ------
        BadOption
            For an invalid option, or one that needs --paper.
        """
        asked = options.picture
        if asked.paper is None:
            for flag, value in (("--margin", asked.margin), ("--bleed", asked.bleed), ("--figures", asked.figures)):
                if value:
                    raise BadOption(f"{flag} is for posters: say --paper=A3 with it, or leave it out")
            return None
        if output.suffix.lower() not in _ENDINGS:
            raise BadOption(f"--paper makes a poster, which {output.name} cannot be: write a .pdf or a .png")
        sides, turns = _paper(asked.paper)
        margin = _MARGIN / 100 * min(sides) if asked.margin is None else _length(asked.margin, "--margin")
        bleed = 0.0 if asked.bleed is None else _length(asked.bleed, "--bleed")
        if margin > 0.3 * min(sides) or bleed > 30:
            raise BadOption(
                f"--margin={margin:g}mm and --bleed={bleed:g}mm do not suit a paper of {sides[0]:g} x {sides[1]:g} mm: "
                "take less"
            )
        if bleed and output.suffix.lower() != ".pdf":
            raise BadOption(f"--bleed is for printers, who want a .pdf: write one instead of {output.name}")
        _refuse_scale(options.frame)
        foot = Foot("title", "", (("", ""),) if asked.figures else (), None, None, None, asked.scale_bar, attribution)
        dpi = 300.0 if asked.dpi is None else asked.dpi
        return cls(sides, turns, margin, bleed, asked.figures, dpi, foot.height(1.0))

    @property
    def sheets(self) -> list[Sheet]:
        """Sheets that the paper can be, upright and on its side."""
        ways = [self.sides, self.sides[::-1]] if self.turns else [self.sides]
        tall = self.foot * min(self.sides) / 100
        return [Sheet(width, height, self.margin, self.bleed, tall) for width, height in ways]

    def laid(self, box: tuple[float, float, float, float]) -> Poster:
        """Lay the paper so that a given box fills it best."""
        aspect = _aspect(box)
        return replace(self, sheet=min(self.sheets, key=lambda sheet: abs(np.log(sheet.aspect / aspect))))

    def composed(
        self, batches: Sequence[Batch], box: tuple[float, float, float, float]
    ) -> tuple[Poster, tuple[float, float, float, float]]:
        """Lay the paper, and find the box on it that holds most passes of a place with least empty space."""
        sheets = self.sheets
        found, aspect = composed(batches, box, [sheet.aspect for sheet in sheets])
        return replace(self, sheet=min(sheets, key=lambda sheet: abs(sheet.aspect - aspect))), found

    def window(self, box: tuple[float, float, float, float]) -> Window:
        """Make the window that fills the frame and holds a box, in its middle."""
        assert self.sheet is not None
        _, _, width, height = (side / 25.4 * self.dpi for side in self.sheet.frame)
        return window_filling(box, max(1, round(width)), max(1, round(height)))

    def write(
        self,
        output: Path,
        rendered: RenderedMap,
        legend: Legend | None,
        colours: NDArray[np.uint8],
        figures: Figures,
    ) -> list[Path]:
        """Lay out the page around a rendered map and write it, completely or not at all."""
        assert self.sheet is not None
        ground, window = rendered.decorations.ground, rendered.window
        assert ground is not None
        words, place = rendered.decorations, place_of(window.bbox)
        title = words.title or place
        below = [] if place in title else [place]
        below += [rendered.title] if legend is None and rendered.title != title else [words.subtitle]
        stamp = None if legend is None or legend.kind == "bar" else _stamp(legend, colours, ground)
        foot = Foot(
            title, " · ".join(text for text in below if text), figures if self.figures else (),
            None if stamp is not None else legend, colours, stamp, words.scale_bar, words.attribution,
        )  # fmt: skip
        page = lay_page(self.sheet, window, foot, ground)
        with atomic_write(output) as draft:
            if output.suffix.lower() == ".pdf":
                from heatlas.writers.pdf_page import write_page

                write_page(draft, page, rendered.needed_picture, title=title, attribution=words.attribution)
            else:
                _write_png(draft, page, rendered.needed_picture, self.dpi, title, words.attribution)
        return [output]

    def smoothing(self) -> Smoothing:
        """Smoothing that gives lines a width which suits the paper."""
        pen = _PEN * (min(self.sides) / _A4) ** 0.5
        return Smoothing(metres=4.0, pixels=max(1.0, pen / 25.4 * self.dpi))


def _write_png(path: Path, page: Page, picture: Pixels, dpi: float, title: str, attribution: str) -> None:
    from heatlas.style.page_paint import paint_page
    from heatlas.writers.png import SOFTWARE, write_png

    said = {"Title": title, "Copyright": attribution}
    text = {**SOFTWARE, **{key: words for key, words in said.items() if words}}
    with path.open("wb") as file:
        write_png(file, paint_page(page, picture, dpi), text=text, dpi=dpi)


def _stamp(legend: Legend, colours: NDArray[np.uint8], ground: tuple[int, int, int]) -> NDArray[np.uint8]:
    """Paint a legend that is no bar on the ground of the paper."""
    drawn = paint_legend(legend, colours, dark=sum(ground) < 3 * 128, scale=4.0)
    paper = np.full_like(drawn, 255)
    paper[..., :3] = ground
    return np.ascontiguousarray(over(drawn, paper)[..., :3])


def _refuse_scale(asked: ViewportOptions) -> None:
    """Refuse options that say how many pixels a poster has.

    Raises
    ------
    BadOption
        Naming the option.
    """
    for flag, value in (("--zoom", asked.zoom), ("--resolution", asked.resolution), ("--width", asked.width)):
        if value is not None:
            raise BadOption(f"{flag} and --paper cannot go together: the paper and --dpi say how large the map is")


def figures_of(tracks: Tracks, window: Window) -> Figures:
    """Figures of what a window shows: kilometres, hours, activities, years and towns, with their units."""
    from heatlas.core.batch import split
    from heatlas.rendering.film.activities import box_of, inside_of

    sums, years = np.zeros(3), set[int]()
    for batch in tracks.localised().batches:
        for one in split(batch, [()] * len(batch)):
            if box_of([one], window) is None:
                continue
            inside = inside_of(one, window)
            sums += inside[:3]
            start = start_of(one.activities[0])
            if inside[0] and start is not None:
                years.add(start.year)
    activities, metres, seconds = sums.tolist()
    found = [(f"{metres / 1000:,.0f}", "km"), (f"{seconds / 3600:,.0f}", "hours"), (f"{activities:,.0f}", "activities")]
    if years:
        span = str(min(years)) if len(years) == 1 else f"{min(years)}-{max(years)}"
        found.append((span, "year" if len(years) == 1 else "years"))
    passed = _towns_of(tracks.batches, window)
    if passed > 1:
        found.append((f"{passed:,}", "places"))
    return tuple(one for one in found if one[0] != "0")


def _towns_of(batches: Sequence[Batch], window: Window) -> int:
    """Count the towns and villages in a window that tracks came to: within a cell or two of their middle."""
    known = towns()
    near = known.within(window.bbox)
    u, v = from_lonlat(known.packed.lon[near], known.packed.lat[near])
    here = np.floor(u * _CELLS).astype(np.int64), np.floor(v * _CELLS).astype(np.int64)
    passed = {0}
    for batch in batches:
        x, y = np.floor(batch.u % 1.0 * _CELLS).astype(np.int64), np.floor(batch.v * _CELLS).astype(np.int64)
        passed.update(np.unique(y * _CELLS + x).tolist())
    around = [(dx, dy) for dy in (-1, 0, 1) for dx in (-1, 0, 1)]
    return sum(
        any((y + dy) * _CELLS + x + dx in passed for dx, dy in around) for x, y in zip(*map(list, here), strict=True)
    )


def _paper(text: str) -> tuple[tuple[float, float], bool]:
    """Sides of a paper, mm, and whether it may lie on its side: a name may, what is measured may not."""
    word = text.strip().lower()
    if word in PAPERS:
        return PAPERS[word], True
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*x\s*(\d+(?:\.\d+)?)\s*(mm|cm|in)", word)
    sides = tuple(float(match[k]) * _UNITS[match[3]] for k in (1, 2)) if match else (0.0, 0.0)
    if not 50 <= min(sides) <= max(sides) <= 5000:
        names = ", ".join(name.upper() if len(name) == 2 else name for name in PAPERS)
        raise BadOption(f"--paper={text!r} is no paper: take {names}, or width and height such as 50x70cm")
    return (sides[0], sides[1]), False


def _length(text: str, flag: str) -> float:
    """Read "3mm" or "0.5in" as millimetres; a bare number is millimetres."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(mm|cm|in|)", text.strip().lower())
    if not match:
        raise BadOption(f"{flag}={text!r} is no length on paper: write it like 10mm, 1cm or 0.5in")
    return float(match[1]) * _UNITS[match[2] or "mm"]


def _aspect(box: tuple[float, float, float, float]) -> float:
    west, south, east, north = box
    (left, right), (top, bottom) = from_lonlat(np.array([west, east + 360 * (west > east)]), np.array([north, south]))
    return float((right - left) / (bottom - top))
