"""Metrics: what is measured at fixes, follows from passages, or is known of activities.

============ =================================================================
`metric`     one entry: how a metric is found, stored, reduced, written, shown
`table`      all entries
`motion`     tracks, and what several metrics at their fixes follow from
`fixes`      what was measured at fixes, or follows from those around
`passages`   formulas over columns of passages
`sports`     sports that a metric makes sense of
`expression` formulas as people write them
`own`        metrics that people define
`program`    formulas as recorded steps, which kernels do
`evaluation` columns of passages, and values of formulas over them
`means`      means over whole activities, which relations take off
`model`      what an athlete's heart rate is expected to be
============ =================================================================
"""

from heatlas.tracks.metrics.fixes import STOPPED
from heatlas.tracks.metrics.metric import GROUPS, Metric, Store
from heatlas.tracks.metrics.motion import Motion
from heatlas.tracks.metrics.table import ALIASES, AMOUNTS, METRICS, POSITION, leaves, listed, metric_named, stored

__all__ = [
    "ALIASES", "AMOUNTS", "GROUPS", "METRICS", "POSITION", "STOPPED", "Metric", "Motion", "Store", "leaves",
    "listed", "metric_named", "stored",
]  # fmt: skip
