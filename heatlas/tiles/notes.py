"""Sentences on what the tiles of a library do not show, for whoever owns it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from heatlas.raster.left_out import TRUSTED, few_values, left_out, share_shown
from heatlas.tiles.fields import all_facts
from heatlas.tiles.scales import sample_of

if TYPE_CHECKING:
    from heatlas.tiles.fields import Field

__all__ = ["notes_of"]


def notes_of(field: Field, zoom: int) -> list[str]:
    """Say what a map of a measure leaves out: at a zoom pixels that hold too little, and activities at any.

    They count activities of a sport, so they are not for viewers of a public map.
    """
    measure, chosen = field.look.measure, field.chosen
    if field.look.point_set or not chosen.count:
        return []
    few = []
    if measure.layout.needs:
        sample = sample_of(field, zoom)
        share = 0.0 if sample is None else share_shown([replace(sample, fitted=sample.fit()).values])
        few = few_values(measure, share, f"at zoom {zoom}")
    count = {number: one for number, one in field.snapshot.activities.items() if chosen.keep[number]}
    distrusted = 0
    if TRUSTED[1] in measure.reads:
        facts = all_facts(field)
        known, trusted = (~np.isnan(facts.mean(name)[list(count)]) for name in TRUSTED)
        distrusted = int((known & ~trusted).sum())
    return [*few, *left_out(measure, count.values(), distrusted)]
