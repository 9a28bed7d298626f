"""Groups of options of what is measured: metrics that people define."""

from __future__ import annotations

from dataclasses import dataclass

from heatlas.options.option import several

__all__ = ["MetricOptions"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricOptions:
    """Metrics that are defined for this run."""

    metrics: tuple[str, ...] = several(
        "NAME=FORMULA",
        'A metric of your own over those of passages, e.g. "cost [beats/m] = heart_rate * pace / 60"; then '
        "--measure cost, max(cost), or share(COND) with it; may be repeated.",
        flag="--metric",
    )
