"""Tiles of partitions, built by tasks on an engine (`heatlas.scale`)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from heatlas.core.errors import BadOption
from heatlas.core.filesystems import locate
from heatlas.dataset.selection import Selection
from heatlas.library.file.settings import Settings
from heatlas.options import RenderOptions, given, options_of
from heatlas.options.parsing import parse_gaps
from heatlas.publish.publishing import check
from heatlas.publish.request import WORDS, asked_of, look_words
from heatlas.raster.threshold import AT_LEAST, Threshold
from heatlas.tiles.request import parse_look

if TYPE_CHECKING:
    from heatlas.core.context import Context
    from heatlas.scale.recipe import Recipe

__all__ = ["built_tiles", "recipe_of"]

_KNOWN = frozenset(
    {
        "measure", "smooth", "tone", "colormap", "zoom", "where", "sport", "after", "before", "utc", "clip_ends",
        "zone", "max_gap", "max_gap_distance", "format", "title", "attribution", "public", "at_least", "round",
        "engine", "work", "track", "person",
    }
)  # fmt: skip
"""Options that apply."""
_COLUMNS = {"track": "trip", "person": "person"}
"""Options that may only say what partitions have anyway."""


def built_tiles(
    sources: tuple[Any, ...], output: str | Path, options: RenderOptions, context: Context
) -> dict[str, Any]:
    """Build an archive of tiles on the engine that the options name.

    Returns
    -------
    dict
        The report, as plain data.

    Raises
    ------
    BadOption
        For options that would be ignored, other sources than partitions, and other outputs than archives.
    """
    from heatlas.scale.archive import build
    from heatlas.scale.engines import check_engine, open_engine
    from heatlas.scale.planes import refuse_measure

    engine = options.running.engine or ""
    check_engine(engine)
    target = os.fspath(output)
    if not target.lower().endswith(".pmtiles"):
        raise BadOption(f"--engine writes one archive: name it like heat.pmtiles, not {target}")
    place = locate(target)
    if place.is_local:
        check(Path(place.path))
    named = [source for source in sources if isinstance(source, (str, os.PathLike))]
    if len(named) < len(sources):
        raise BadOption("--engine reads partitions: name files, folders or addresses of Parquet")
    recipe = recipe_of(options)
    refuse_measure(recipe.look.measure)
    labels = options.labels.title or "", options.labels.attribution or ""
    with open_engine(engine, context) as does:
        return build(
            [os.fspath(source) for source in named], target, recipe, does, context,
            work=options.running.work, labels=labels,
        )  # fmt: skip


def recipe_of(options: RenderOptions) -> Recipe:
    """Check and parse options.

    Raises
    ------
    BadOption
        For options that cannot be used, or would be ignored.
    """
    from heatlas.scale.recipe import Recipe
    from heatlas.tiles.fields import zooms_read

    for name, value in given(options).items():
        flag = options_of(RenderOptions)[name].flag
        if name not in _KNOWN:
            raise BadOption(f"{flag} cannot be had with --engine: leave one of them out")
        if value != _COLUMNS.get(name, value):
            raise BadOption(f"{flag} {value}: partitions have the column {_COLUMNS[name]} for that; leave it out")
    asked, form, zooms = asked_of(options)
    look = parse_look(asked, None, WORDS)
    first, last = zooms or (0, Settings().zooms[1])
    chosen = Selection.parse(options.filter, options.hiding)
    public = options.public
    Threshold(step=public.round or 1).check(look.measure)
    usual = AT_LEAST if public.public else 0  # partitions name a person for each trip
    return Recipe(
        look=look,
        look_words=look_words(look, form),
        form=form,
        zooms=(first, last),
        indexed=zooms_read(look.smoothing, first, last),
        filter=options.filter,
        privacy=chosen.privacy,
        gaps=parse_gaps(options.gaps.max_gap, options.gaps.max_gap_distance),
        least=usual if public.at_least is None else public.at_least,
        grain=public.round or 0,
    )
