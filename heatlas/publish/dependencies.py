"""What published tiles are drawn from beside tracks: facts of activities, sides of a difference, a model of all.

Tracks of an activity number never change, but what is known of it does: its sport is edited, the athlete's record gets
another entry, a rebuilt index has another column. Such facts are part of the mark of the activity, so that the tiles
through which it goes are drawn again, and no others. What follows from all activities at once, as tones do, is stored
in the ledger and used again until it has moved.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

import numpy as np

from heatlas.tiles.facts import all_facts, facts_of, sides_of
from heatlas.tracks.metrics import METRICS
from heatlas.tracks.metrics.model import Model, model_change

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from heatlas.publish.sink import Sink
    from heatlas.tiles.fields import Field

__all__ = ["TOLERANCE", "facts_read", "facts_words", "hold_model", "means_read"]

TOLERANCE = 0.02
"""Change of what the model expects, as a share of what it leaves unexplained, from which on a new one is used."""


def facts_read(field: Field, size: int) -> NDArray[np.float64]:
    """Facts of activities that the measure reads beside their tracks.

    Parameters
    ----------
    field : Field
        Source of the tiles.
    size : int
        Activities up to this number, less one.

    Returns
    -------
    ndarray of float64 (size, k)
        NaN where unknown; no columns for a measure that reads no fact.
    """
    measure, columns = field.look.measure, []
    facts = None if field.look.point_set else facts_of(field.view, field.snapshot, field.look.measure, field.model)
    if facts is not None:
        columns += [facts.of(name) for name in _of_activities(field)]
        columns += [facts.days] if measure.reduction == "days" else []
        columns += [facts.people_marks] if measure.reduction == "people" else []
    if field.snapshot.threshold.people and not (facts is not None and measure.reduction == "people"):
        columns += [all_facts(field.view, field.snapshot).people_marks]
    if not field.look.point_set:
        columns += [side.astype(np.float64) for side in sides_of(field.view, field.snapshot, field.look.measure) or ()]
    return _table(columns, size)


def means_read(field: Field, size: int) -> NDArray[np.float64]:
    """(size, k) mean of each recorded metric that the measure reads: NaN where the index does not know the metric."""
    recorded = () if field.look.point_set else sorted(field.look.measure.recorded)
    return _table([all_facts(field.view, field.snapshot).mean(name) for name in recorded], size)


def facts_words(field: Field) -> str:
    """Digest of all facts of the chosen activities and of the model; empty for a measure that reads none."""
    keep = field.chosen.keep
    facts = facts_read(field, len(keep))
    if not facts.shape[1] and field.model is None:
        return ""
    digest = hashlib.blake2b(repr(field.model).encode(), digest_size=12)
    digest.update(np.flatnonzero(keep).tobytes() + facts[keep].tobytes())
    return digest.hexdigest()


def hold_model(field: Field, sink: Sink, *, refit: bool) -> Field:
    """Field with the model of the heart rate that was used before, as long as it suits; else with one fitted anew.

    One more activity moves the model, and with it every tile, by a hair.
    """
    if field.look.measure.reduction != "residual" or field.look.point_set:
        return field
    facts, keep = all_facts(field.view, field.snapshot), field.chosen.keep
    now = facts.model(keep)
    if now is None:
        return field
    kept = sink.ledger.get("model")
    before = None if kept is None or refit else Model(**kept)
    if before is not None and model_change(facts.moments_of(keep), before, now) <= TOLERANCE:
        return replace(field, model=before)
    sink.ledger.begin()
    sink.ledger.put("model", asdict(now))
    sink.ledger.commit()
    return replace(field, model=now)


def _of_activities(field: Field) -> list[str]:
    """Metrics of activities that a measure reads, by name."""
    reads = sorted(field.look.measure.reads & METRICS.keys())
    return [name for name in reads if METRICS[name].of_activity is not None]


def _table(columns: list[NDArray[np.float64]], size: int) -> NDArray[np.float64]:
    """Columns of any length, by number, as one table: longer ones are cut, shorter ones filled with NaN."""
    table = np.full((size, len(columns)), np.nan)
    for k, column in enumerate(columns):
        table[: len(column), k] = column[:size]
    table[np.isnan(table)] = np.nan  # one pattern of bits, as these are hashed
    return table
