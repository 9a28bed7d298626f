"""Tone: a fitted map from values to [0, 1].

A tone is fitted once, to a whole field, and then applied everywhere. Pieces of one map therefore agree, and the legend
has true numbers. A local tone (`heatlas.style.local_tone`) starts from it, and depends on the place of a pixel too.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from heatlas.core.errors import BadOption, NothingToDraw
from heatlas.core.frozen import frozen
from heatlas.raster.terciles import CLASSES
from heatlas.style.local_tone import LocalScale, Surroundings, cell_of, cells_zoom, count_steps, parse_local, ranks_of
from heatlas.style.sample import Sample

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from heatlas.core.window import Window
    from heatlas.raster.grid import Grid
    from heatlas.raster.measure import Measure

__all__ = [
    "CURVES",
    "FADE",
    "LOCAL",
    "Tone",
    "ToneScale",
    "fit",
    "fit_sample",
    "parse_tone_scale",
]  # fmt: skip

CURVES = ("linear", "sqrt", "log", "rank")
LOCAL = "local"
"""Word for a local tone."""
FADE = 0.16
"""Share of [0, 1] below the lowest value, where the fringe of smoothing fades out."""
_KNOTS = 513
_SAME = 1e-4
"""Relative difference up to which values count as equal, for the errors of single precision and smoothing."""
_FENCE, _ENOUGH = 1.5, 8
"""Means lie within so many quartile ranges of the quartiles (Tukey, Exploratory Data Analysis, 1977), as soon as there
are so many of them: a few odd ways must not take up the colours of all others."""
_FULL_CONTRAST = 2.0
"""Ratio of the greatest to the lowest sum from which on the range takes all of the colours."""


@frozen
class ToneScale:
    """A tone that is not fitted yet: a curve, and a range if it is fixed."""

    curve: str
    range: tuple[float, float] | None = None
    """Lowest and highest value, in the unit of the measure; None: fitted to the data."""
    thirds: tuple[float, float, float, float] | None = None
    """For two metrics at once the values between their thirds, as `heatlas.raster.terciles.Terciles`; None: fitted."""
    local: LocalScale | None = None
    """For a local tone: how it follows from that of the curve."""


@frozen
class Tone:
    """A fitted map from values to [0, 1]."""

    curve: str
    low: float
    high: float
    knots: NDArray[np.float64] | None = None
    """(k,) ascending values at even steps of rank, for the curve "rank"."""
    fade: float = 0.0
    """Position of the lowest value; values below it fade towards 0."""
    diverging: bool = False
    """Whether sums may be below 0: those near 0 fade, and those far from it on either side stand out."""
    alike: float = 0.0
    """Similarity of all sums, 0 to 1. Colours of similar sums show shares of the greatest, rather than differences."""
    fitted: tuple[float, ...] | None = None
    """As `heatlas.raster.grid.Grid.fitted`: values of other grids of the same map are made with it."""
    beyond: tuple[bool, bool] = (False, False)
    """Whether values lie below the lowest and above the highest that it distinguishes."""
    local: Surroundings | None = None
    """Of a local tone what it knows of places; `at` uses it."""

    def __call__(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Map values of any shape to [0, 1], the same everywhere; NaN stays."""
        low, high = self.low, self.high
        if low == high:  # all alike: the only value is at the top
            t: NDArray[Any] = np.where(values >= high - _SAME * abs(high), 1, np.where(np.isnan(values), np.nan, 0))
        elif self.knots is not None:
            # The greatest value is at the top although others equal it.
            t = np.where(values >= high, 1, np.interp(values, self.knots, np.linspace(0, 1, len(self.knots))))
        elif self.curve == "log":
            t = np.log(np.maximum(values, low) / low) / np.float32(math.log(high / low))
        else:
            t = (values - np.float32(low)) / np.float32(high - low)
            if self.curve == "sqrt":
                t = np.sqrt(np.maximum(t, 0))
        t = np.clip(t, 0, 1)
        if self.fade:
            t = np.where(values < low, self.fade * np.maximum(values, 0) / low, self.fade + (1 - self.fade) * t)
        if self.alike:
            t = (1 - self.alike) * t + self.alike * np.clip(values / high, 0, 1)
        toned: NDArray[np.float32] = t.astype(np.float32, copy=False)
        return toned

    def at(self, values: NDArray[np.float32], shown: NDArray[np.bool_], window: Window) -> NDArray[np.float32]:
        """Map the values (n,) of the shown pixels (height, width) of a window to [0, 1]; NaN stays."""
        toned = self(values)
        return toned if self.local is None else self.local.apply(toned, shown, window, self.fade)

    def position(self, value: float) -> float:
        """Map one value to [0, 1]."""
        return float(self(np.array([value], np.float32))[0])

    def above_fade(self, value: float) -> float:
        """Map one value to [0, 1] without the part that fades: its place on a bar of all colours."""
        return max(0.0, (self.position(value) - self.fade) / (1 - self.fade))


def parse_tone_scale(text: str) -> ToneScale:
    """Parse a tone: "log", "LO:HI" (linear), "log:LO:HI", "local", "local:SHARE" or "local:SHARE:ZOOMS".

    A local tone gets the curve of counts; `heatlas.style.defaults.scale_for` knows that of a measure.

    Raises
    ------
    BadOption
        When there is no such curve or the range is empty.
    """
    curve, *rest = text.strip().lower().split(":")
    if curve == LOCAL:
        return ToneScale("log", local=parse_local(rest, text))
    if curve not in CURVES:
        curve, rest = "linear", [curve, *rest]
    if not rest:
        return ToneScale(curve)
    try:
        low, high = (float(number) for number in rest)
        fits = math.isfinite(low) and math.isfinite(high) and low < high and (curve != "log" or low > 0)
    except ValueError:
        fits = False
    if not fits or curve == "rank":
        raise BadOption(
            f"tone {text!r} is neither one of {', '.join((*CURVES, LOCAL))} nor a range such as 1:200 or log:1:200 "
            "(low before high; log above 0)"
        )
    return ToneScale(curve, (low, high))


def fit(scale: ToneScale, smoothed: Grid, bare: Grid | None) -> Tone:
    """Fit a tone to a whole field.

    Parameters
    ----------
    scale : ToneScale
        The curve, and a range, which is used unchanged.
    smoothed : Grid
        The grid as shown.
    bare : Grid or None
        The grid before smoothing. Only the pixels that it fills lie on paths; None: all do.

    Returns
    -------
    Tone
        Counts and sums run from about one pass to the 99.95th percentile of the pixels on paths, means
        from the 2nd to the 98th percentile, and no further than 1.5 quartile ranges beyond the quartiles. These ends
        are values that occur; of few pixels, the lowest and the greatest. Where all values are equal, low is high.
    """
    values = smoothed.values.ravel()
    known = np.isfinite(values)
    if bare is not None:
        known &= bare.filled.ravel()
    places = None if scale.local is None else np.flatnonzero(known)
    return fit_sample(
        scale,
        Sample(
            values[known], smoothed.measure, smoothed.sums, smoothed.signed, fitted=smoothed.fitted, places=places,
            window=smoothed.window,
        ),
    )  # fmt: skip


def fit_sample(scale: ToneScale, sample: Sample) -> Tone:
    """Fit a tone to a sample of a field (see `fit`).

    Raises
    ------
    NothingToDraw
        Without any value.
    BadOption
        Where a log or local tone meets values below 0.
    """
    tone = _fit_global(scale, sample)
    return tone if scale.local is None else replace(tone, local=_surroundings(tone, scale.local, sample))


def _surroundings(tone: Tone, scale: LocalScale, sample: Sample) -> Surroundings:
    """Fit the local tones of the cells of a window."""
    window, places = sample.window, sample.places
    assert window is not None
    assert places is not None
    zoom = cells_zoom(scale, window)
    row, column = divmod(places.astype(np.int64), window.width)
    cells, counts = count_steps(
        tone(sample.values), tone.fade, cell_of(zoom, window.scale, window.x + column, window.y + row)
    )
    return Surroundings(zoom, cells, ranks_of(counts, scale.share))


def _fit_global(scale: ToneScale, sample: Sample) -> Tone:
    on_path, sums, signed, measure = sample.values, sample.sums, sample.signed, sample.measure
    if not len(on_path):
        raise NothingToDraw("no pixel of the window has a value of this measure")
    if signed and scale.curve == "log":
        word = scale.curve if scale.local is None else LOCAL
        raise BadOption(f"a {word} tone needs values above 0, and some are below: take linear or rank")
    if measure.period:
        return Tone("linear", 0.0, measure.period)
    if measure.reduction == "both":  # steps of a palette
        return Tone("linear", 0.0, CLASSES - 1.0, fitted=scale.thirds or sample.fitted)
    if scale.range is None and signed:
        high = float(np.quantile(np.abs(on_path), 0.9995, method="higher")) or 1e-9
        low = -high
    else:
        low, high = scale.range or _range(on_path, measure, sums, scale.curve)
    if scale.range is None and measure.signed and scale.curve == "linear":
        high = max(abs(low), abs(high)) or 1e-9  # as far up as down: 0 lies in the middle of the colours
        low = -high
    knots = None
    if scale.curve == "rank":
        inner = np.sort(np.clip(on_path, low, high))
        knots = inner[np.linspace(0, len(inner) - 1, min(_KNOTS, len(inner) + 1)).astype(int)].astype(np.float64)
        # Equal values share the middle of their ranks; np.interp needs ascending knots.
        knots = knots + np.linspace(0, 1e-6 * max(abs(high), 1e-30), len(knots))
    fade = FADE if sums and low > 0 else 0.0
    alike = max(0.0, 1 - math.log(high / low) / math.log(_FULL_CONTRAST)) if fade and scale.range is None else 0.0
    tone = Tone(scale.curve, low, high, knots, fade, signed, alike, sample.fitted)
    return replace(tone, beyond=_beyond(on_path, tone))


def _beyond(on_path: NDArray[np.float32], tone: Tone) -> tuple[bool, bool]:
    """Whether values lie below and above the range of a tone; what fades below it is no value to tell of."""
    margin = _SAME * max(abs(tone.low), abs(tone.high))
    below, above = float(on_path.min()) < tone.low - margin, float(on_path.max()) > tone.high + margin
    return below and not tone.fade, above


def _range(on_path: NDArray[np.float32], measure: Measure, sums: bool, curve: str) -> tuple[float, float]:
    """Lowest and highest value that the tone distinguishes."""
    lines = sums and measure.of_lines
    shares = (0.03, 0.9995) if sums else (0.02, 0.98)
    # Values that occur, not interpolated ones.
    low = float(np.quantile(on_path, shares[0], method="lower"))
    high = float(np.quantile(on_path, shares[1], method="higher"))
    if not (sums or curve == "rank" or measure.layout.extremes):
        low, high = _fenced(on_path, low, high)
    if not sums and curve == "log" and low <= 0:
        raise BadOption("a log tone needs values above 0: take linear, sqrt or rank")
    if lines:
        return 1.0, max(high, 1.0)  # a lone pass, whatever the smoothing
    if high - low <= _SAME * abs(high):  # nearly all alike: the other values set the range
        low, high = float(on_path.min()), float(on_path.max())
    if sums and high <= 0:
        return low, max(high, low) + 1e-9
    if sums and curve in {"linear", "sqrt"}:
        low = min(low, high / 50)
    return (low, high) if high - low > _SAME * abs(high) else (high, high)


def _fenced(on_path: NDArray[np.float32], low: float, high: float) -> tuple[float, float]:
    """Bring a range of means in to the values that are not far from the middle half of all."""
    lower, upper = (float(np.quantile(on_path, share, method="lower")) for share in (0.25, 0.75))
    reach = _FENCE * (upper - lower)
    if len(on_path) < _ENOUGH or reach <= _SAME * max(abs(lower), abs(upper)):
        return low, high
    inside = on_path[(on_path >= lower - reach) & (on_path <= upper + reach)]
    return max(low, float(inside.min())), min(high, float(inside.max()))
