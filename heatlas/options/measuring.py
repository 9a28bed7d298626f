"""Groups of options of what is measured: metrics that people define, and the athlete."""

from __future__ import annotations

from heatlas.core.frozen import frozen
from heatlas.options.option import option, several

__all__ = ["AthleteOptions", "MetricOptions"]


@frozen(kw_only=True)
class MetricOptions:
    """Metrics that are defined for this run."""

    metric: tuple[str, ...] = several(
        "NAME=FORMULA",
        'A metric of your own, a formula over the metrics of a passage, e.g. "cost [beats/m] = heart_rate * pace / 60";'
        " then --measure cost, max(cost), or share(COND) with it; may be repeated.",
    )


@frozen(kw_only=True)
class AthleteOptions:
    """What is known of the athlete, for measures of effort."""

    athlete: str | None = option(
        "FILE",
        'A JSON file about the athlete: "rest", "max" (beats/min), "mass" (kg) and "zones", each a value or '
        'values by days, e.g. {"rest": 48, "max": {"2015-01-01": 192, "2024-01-01": 186}}; for heart_rate_reserve, '
        "zone and your own metrics.",
    )
    rest: float | None = option("BPM", "The athlete's resting heart rate.")
    max_heart_rate: float | None = option("BPM", "The athlete's maximum heart rate.")
    heart_rate_zones: str | None = option(
        "B,B,B,B",
        "Heart rates at which zones 2 to 5 begin, e.g. 115,135,150,165.  [default: 60, 70, 80 and 90 % of the reserve, "
        "or of the maximum if rest is unknown]",
        takes="Sequence[float]",
    )
