"""Sentences on what the tiles of a library do not show."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from heatlas.library.index.coverage import renewal
from heatlas.raster.left_out import TRUSTED, few_values, left_out, left_out_of_any
from heatlas.tiles.facts import all_facts
from heatlas.tiles.scales import fitted_to, scale_data, share_of, tone_data
from heatlas.tracks.filters import names_in

if TYPE_CHECKING:
    from pathlib import Path

    from heatlas.tiles.fields import Field
    from heatlas.tiles.in_view import Box

__all__ = ["legend_data", "map_notes", "notes_of", "old_notes"]


def notes_of(field: Field, zoom: int) -> list[str]:
    """Say what a map of a measure leaves out: at a zoom pixels that hold too little, and activities at any.

    They count activities of a sport, so they are for the owner, not for viewers of a public map.
    """
    if field.look.point_set:
        return []
    old = old_notes(field, field.view.library.path)
    return [*_few(field, zoom, None), *_counted(field, None), *old] if field.chosen.count else old


def map_notes(field: Field, zoom: int) -> list[str]:
    """Say the same below the title of a legend; on a public map without counts of activities.

    A filter of a public map shows whole groups of activities, but a group may hold a single one of a sport or of a
    receiver. So the sentences on activities depend on the measure there, and on nothing else. How many pixels have a
    value can be seen.
    """
    if field.look.point_set:
        return []
    if field.view.public:
        told = field.snapshot.threshold.told()
        return [*_few(field, zoom, ""), *left_out_of_any(field.look.measure, ""), *told] if field.chosen.count else []
    old = [sentence[:1].upper() + sentence[1:] for sentence in old_notes(field, field.view.library.path.name)]
    told = [*_few(field, zoom, ""), *_counted(field, ""), *field.snapshot.threshold.told()]
    return [*told, *old] if field.chosen.count else old


def legend_data(field: Field, zoom: int, box: Box | None = None) -> dict[str, Any]:
    """Scale of a zoom, and the sentences on what is left out (`left_out`), as the legends of live maps show them.

    With a box (west, south, east, north, degrees) the scale is fitted to what lies in it.
    """
    scale = scale_data(field, zoom) if box is None else tone_data(field, fitted_to(field, zoom, box))
    return {**scale, "left_out": map_notes(field, zoom)}


def _few(field: Field, zoom: int, name: str | None) -> list[str]:
    measure = field.look.measure
    return few_values(measure, share_of(field, zoom), f"at zoom {zoom}", name) if measure.layout.needs else []


def old_notes(field: Field, path: str | Path) -> list[str]:
    """Say what an older heatlas indexed, where the measure reads it or a filter of activities asks for it."""
    measure = field.look.measure
    asked = measure.reads.union(field.chosen.asked, *map(names_in, measure.sides))
    sentence = renewal(asked & field.snapshot.outdated, path)
    return [sentence] if sentence else []


def _counted(field: Field, name: str | None) -> list[str]:
    measure, chosen = field.look.measure, field.chosen
    count = {number: one for number, one in field.snapshot.activities.items() if chosen.keep[number]}
    distrusted: list[bool] = []
    if TRUSTED[1] in measure.reads:
        facts = all_facts(field.view, field.snapshot)
        known, trusted = (~np.isnan(facts.mean(metric)[list(count)]) for metric in TRUSTED)
        distrusted = (known & ~trusted).tolist()
    return left_out(measure, list(count.values()), distrusted, name)
