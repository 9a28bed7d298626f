"""Part of an index that is enough to publish tiles: whoever makes a library for them alone need not index the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from heatlas.dataset.places.visits import ZOOM
from heatlas.library.file.settings import IndexPart, Settings
from heatlas.library.index.drawing import columns_of
from heatlas.library.index.passage_tiles import needs_facts
from heatlas.options.parsing import split_list
from heatlas.publish.request import WORDS, asked_of
from heatlas.tiles.fields import zooms_read
from heatlas.tiles.request import parse_look

if TYPE_CHECKING:
    from heatlas.options import RenderOptions
    from heatlas.raster.measure import Measure

__all__ = ["part_for", "part_for_page"]

_AMOUNTS = frozenset({"fixes", "metres"})
"""What is shown of each activity, and of all where a threshold lets pixels pass (`heatlas.tiles.shown_totals`)."""


def part_for_page(options: RenderOptions) -> IndexPart | None:
    """Find what `heatlas.publish.publish_html` reads; None, which means all, where layers are of several measures.

    Raises
    ------
    BadOption
        For options that cannot be used.
    """
    from heatlas.publish.groups import GROUPS
    from heatlas.publish.size_estimate import FINEST_OF_PAGES

    words = split_list(options.page.layers or "")
    return part_for(options, FINEST_OF_PAGES) if all(word.lower() in GROUPS for word in words) else None


def part_for(options: RenderOptions, finest: int | None = None) -> IndexPart:
    """Find what `heatlas.publish.publish` reads of the index of a library of tracks.

    `finest` is the last zoom of the tiles where the options leave it open; by default that of the index.

    Tiles are drawn from some zooms, or from coarser ones where the smoothing is wide. The first view and the totals
    that a threshold lets pass are counted at one zoom, and at the coarsest what is shown of each activity.

    Raises
    ------
    BadOption
        For options that cannot be used.
    """
    asked, _, zooms = asked_of(options)
    look = parse_look(asked, None, WORDS)
    coarsest, last = Settings().zooms
    drawn, counted = zooms_read(look.smoothing, *(zooms or (0, finest or last))), frozenset(columns_of(look.measure))
    explored = () if options.page.explorer is None else (_zoom_of_cells(options.page.explorer),)
    part = {zoom: counted if zoom in drawn else frozenset[str]() for zoom in (*drawn, *explored, ZOOM)}
    if options.public.public or options.public.at_least:
        part[ZOOM] |= _AMOUNTS
    return IndexPart(part | {coarsest: counted | _AMOUNTS}, _reads_facts(options, look.measure))


def _zoom_of_cells(zoom: int) -> int:
    from heatlas.explorer.visits import zoom_of_cells

    return zoom_of_cells(zoom)


def _reads_facts(options: RenderOptions, measure: Measure) -> bool:
    """Whether anything but sports and places of activities decides which are drawn, or how."""
    chosen, page, public = options.filter, options.page, options.public
    of_measure = measure.recorded or measure.sides or needs_facts(measure)
    chooses = chosen.where or chosen.after or chosen.before or page.layers or public.public or public.at_least
    return bool(of_measure or chooses or page.explorer is not None)
